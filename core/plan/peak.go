package plan

import "github.com/fwlab/fw/core/ir"

// AtPeak is the values of the arena that are alive when the sum of their bytes is
// greatest, at the first such instruction. The arena is larger by what lies idle
// between them.
func (p *Plan) AtPeak() (alive []ir.ID) {
	change := make([]int, len(p.Func.Instrs)+1) // of bytes, at each instruction
	end := func(v ir.ID) int {
		last := max(p.Last[v], p.First[v])
		if last > p.First[v] && last < len(p.Func.Instrs) && p.handed(last, p.Offset[v]) {
			return last - 1 // its bytes are the result's from there on
		}
		return last
	}
	each := func(visit func(v ir.ID)) {
		for v, root := range p.Root {
			if ir.ID(v) == root && p.First[v] >= 0 && p.Offset[v] >= 0 {
				visit(root)
			}
		}
	}
	each(func(v ir.ID) {
		change[p.First[v]] += p.size(v)
		if after := end(v) + 1; after < len(change) {
			change[after] -= p.size(v)
		}
	})
	at, most, sum := 0, 0, 0
	for i, c := range change {
		if sum += c; sum > most {
			at, most = i, sum
		}
	}
	each(func(v ir.ID) {
		if p.First[v] <= at && at <= end(v) {
			alive = append(alive, v)
		}
	})
	return alive
}

// Loc is where the author asked for a value; the zero Loc for an input.
func (p *Plan) Loc(v ir.ID) ir.Loc {
	for i := range p.Func.Instrs {
		for _, out := range p.Func.Instrs[i].Out {
			if out == v {
				return p.Func.Instrs[i].Loc
			}
		}
	}
	return ir.Loc{}
}

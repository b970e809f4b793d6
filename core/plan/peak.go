package plan

import "github.com/fwlab/fw/core/ir"

// AtPeak is the values of the arena that are alive where [Plan.Peak] is. The arena
// is larger by what lies idle between them.
func (p *Plan) AtPeak() (alive []ir.ID) {
	_, at := p.Peak()
	for _, v := range p.buffers() {
		if p.First[v] <= at && at <= p.Last[v] {
			alive = append(alive, v)
		}
	}
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

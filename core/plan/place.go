package plan

import (
	"cmp"
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// coalesce writes a result over an operand that dies where it is made, if the
// kernel may: the two become one buffer.
func (p *Plan) coalesce() {
	f := p.Func
	members := make([][]ir.ID, len(f.Shapes)) // by root
	for v, root := range p.Root {
		members[root] = append(members[root], ir.ID(v))
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		var taken []ir.ID
		for _, v := range in.Out {
			if p.Root[v] != v || p.First[v] != i {
				continue
			}
			for _, w := range in.In {
				r := p.Root[w]
				if p.First[r] < 0 || p.Last[r] != i || p.size(r) != p.size(v) || f.Shape(w).DType.Size() != f.Shape(v).DType.Size() || slices.Contains(taken, r) || !p.inPlace(in, v, w) {
					continue
				}
				taken = append(taken, r)
				p.Last[r] = max(i, p.Last[v])
				for _, m := range members[v] {
					p.Root[m] = r
				}
				members[r] = append(members[r], members[v]...)
				break
			}
		}
	}
}

// buffers lists the roots that lie in the arena.
func (p *Plan) buffers() (list []ir.ID) {
	for v, root := range p.Root {
		if ir.ID(v) == root && p.First[v] >= 0 {
			p.Last[v] = max(p.Last[v], p.First[v]) // a result that nothing reads
			list = append(list, root)
		}
	}
	return list
}

// orders are the ways in which buffers are tried to be placed. By size is best for
// most networks, by time for those whose values are all of one size.
var orders = []func(p *Plan, a, b ir.ID) int{
	func(p *Plan, a, b ir.ID) int { return cmp.Compare(p.size(b), p.size(a)) },
	func(p *Plan, a, b ir.ID) int {
		return cmp.Compare(p.size(b)*(p.Last[b]-p.First[b]+1), p.size(a)*(p.Last[a]-p.First[a]+1))
	},
	func(p *Plan, a, b ir.ID) int { return cmp.Compare(p.First[a], p.First[b]) },
	func(p *Plan, a, b ir.ID) int { return cmp.Compare(p.Last[b]-p.First[b], p.Last[a]-p.First[a]) },
}

// place gives each buffer bytes that no buffer alive at the same time has. Each
// order places greedily, at the lowest offset where a buffer fits (Pisarchyk and
// Lee 2020, "greedy by size"); the smallest arena is kept.
func (p *Plan) place() {
	list := p.buffers()
	p.Arena = -1
	for _, order := range orders {
		slices.SortStableFunc(list, func(a, b ir.ID) int {
			return cmp.Or(order(p, a, b), cmp.Compare(p.First[a], p.First[b]), cmp.Compare(a, b))
		})
		if at, arena := p.greedy(list); p.Arena < 0 || arena < p.Arena {
			p.Arena = arena
			for i, v := range list {
				p.Offset[v] = at[i]
			}
		}
		if low, _ := p.Peak(); p.Arena == low {
			return
		}
	}
}

// greedy places buffers one after the other; it returns their offsets and the
// bytes of the whole.
func (p *Plan) greedy(list []ir.ID) (at []int, arena int) {
	type placed struct{ off, end, first, last int }
	var done []placed // by offset
	at = make([]int, len(list))
	for i, v := range list {
		size, first, last, off := p.size(v), p.First[v], p.Last[v], 0
		for j := range done {
			d := &done[j]
			if d.first > last || d.last < first {
				continue
			}
			if d.off >= off+size {
				break
			}
			off = max(off, d.end)
		}
		at[i], arena = off, max(arena, off+size)
		k, _ := slices.BinarySearchFunc(done, off, func(d placed, off int) int { return cmp.Compare(d.off, off) })
		done = slices.Insert(done, k, placed{off, off + size, first, last})
	}
	return at, arena
}

func (p *Plan) size(v ir.ID) int { return (p.Func.Shape(v).Bytes() + align - 1) &^ (align - 1) }

// Live is the bytes of the arena's buffers that are alive at each instruction.
func (p *Plan) Live() []int {
	live := make([]int, len(p.Func.Instrs)+1)
	for _, v := range p.buffers() {
		live[p.First[v]] += p.size(v)
		if last := p.Last[v] + 1; last < len(live) {
			live[last] -= p.size(v)
		}
	}
	for i := 1; i < len(live); i++ {
		live[i] += live[i-1]
	}
	return live[:len(p.Func.Instrs)]
}

// Peak is the most bytes alive at once, below which no arena can be, and the first
// instruction where that is so.
func (p *Plan) Peak() (bytes, instr int) {
	for i, n := range p.Live() {
		if n > bytes {
			bytes, instr = n, i
		}
	}
	return bytes, instr
}

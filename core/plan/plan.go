// Package plan owns memory: how long each value of a compiled Func lives and
// which bytes of one arena it occupies. Start from [New].
package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/ir"
)

// Plan places the values of a Func. Values that share a root share memory.
type Plan struct {
	Func   *ir.Func
	Root   []ir.ID // by value: the value whose memory it uses
	Offset []int   // by root: byte offset in the arena; -1 for an input's own memory
	First  []int   // by root: instruction that defines it; -1 for inputs
	Last   []int   // by root: last instruction that reads it; len(Instrs) for outputs
	Arena  int     // bytes of the arena
	Copies []Copy  // done at the end: outputs that update an input but could not be written in place
}

// Copy moves an output's value into the input that it updates.
type Copy struct{ From, To ir.ID }

const align = 64

// New plans f. aliases says which outputs are the next values of which inputs.
func New(f *ir.Func, aliases map[string]string) (*Plan, error) {
	n := len(f.Shapes)
	p := &Plan{Func: f, Root: make([]ir.ID, n), Offset: make([]int, n), First: make([]int, n), Last: make([]int, n)}
	for v := range n {
		p.Root[v], p.Offset[v], p.First[v], p.Last[v] = ir.ID(v), -1, -1, -1
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			p.First[v] = i
		}
		if in.Op == "reshape" {
			p.Root[in.Out[0]] = p.Root[in.In[0]]
		}
		for _, v := range in.In {
			p.Last[p.Root[v]] = i
		}
	}
	for _, o := range f.Outputs {
		p.Last[p.Root[o.Value]] = len(f.Instrs)
	}
	if err := p.update(aliases); err != nil {
		return nil, err
	}
	p.assign()
	return p, nil
}

// update writes outputs straight into the inputs they replace where nothing
// reads the old value afterwards, and plans a copy otherwise.
func (p *Plan) update(aliases map[string]string) error {
	f := p.Func
	isInput := map[ir.ID]bool{}
	for _, in := range f.Inputs {
		isInput[in.Value] = true
	}
	taken := map[ir.ID]bool{}
	for _, o := range f.Outputs {
		name, ok := aliases[o.Name]
		if !ok {
			continue
		}
		to, ok := f.Input(name)
		if !ok || !f.Shape(to).Equal(f.Shape(o.Value)) {
			return fmt.Errorf("plan: output %s replaces input %s, which is not there or has another shape", o.Name, name)
		}
		root := p.Root[o.Value]
		if root == to {
			continue
		}
		i := p.First[root]
		if !isInput[root] && !taken[root] && i >= 0 && p.Last[to] <= i && (p.Last[to] < i || p.inPlace(&f.Instrs[i], root, to)) {
			taken[root] = true
			p.Last[to] = max(p.Last[to], p.Last[root])
			for v := range p.Root {
				if p.Root[v] == root {
					p.Root[v] = to
				}
			}
			continue
		}
		for _, c := range p.Copies {
			if c.To == root {
				return fmt.Errorf("plan: output %s is the old value of input %s, which another output replaces", o.Name, name)
			}
		}
		p.Copies = append(p.Copies, Copy{o.Value, to})
	}
	return nil
}

// overwrites is a row per op with results that may lie where one of these operands
// was: its kernel reads an element before it writes it.
var overwrites = map[string]map[int][]int{
	"batch_norm_training":  {0: {0}},
	"batch_norm_inference": {0: {0}},
	"batch_norm_grad":      {0: {4, 0}, 3: {4, 5}},
	"layer_norm":           {0: {0}},
	"layer_norm_grad":      {0: {4, 0}},
	"softmax":              {0: {0}},
	"log_softmax":          {0: {0}},
	"softmax_grad":         {0: {1, 0}},
	"log_softmax_grad":     {0: {1, 0}},
	"cumulative_sum":       {0: {0}},
	"scatter":              {0: {0}},
	"dynamic_update_slice": {0: {0}},
}

// inPlace is whether result out of an instruction may overwrite operand v: where it
// is in the table, or a fusion that reads v element by element only.
func (p *Plan) inPlace(in *ir.Instr, out, v ir.ID) bool {
	if in.Body == nil {
		operands := overwrites[in.Op][slices.Index(in.Out, out)]
		return slices.ContainsFunc(operands, func(i int) bool { return in.In[i] == v }) && p.readers(in, v) == 1
	}
	for i, w := range in.In {
		if w != v {
			continue
		}
		for j := range in.Body.Instrs {
			if b := &in.Body.Instrs[j]; b.Op == "broadcast_in_dim" && b.In[0] == in.Body.Inputs[i].Value {
				return false
			}
		}
		if in.Body.Shape(in.Body.Inputs[i].Value).Size() != in.Body.Shape(in.Body.Outputs[0].Value).Size() {
			return false
		}
	}
	return true
}

// readers is how many operands of an instruction lie where v does.
func (p *Plan) readers(in *ir.Instr, v ir.ID) (n int) {
	for _, w := range in.In {
		if p.Root[w] == p.Root[v] {
			n++
		}
	}
	return n
}

type hole struct{ off, size int }

// assign gives each root bytes that no root alive at the same time has: best fit over the holes.
func (p *Plan) assign() {
	f := p.Func
	dies := make([][]ir.ID, len(f.Instrs)+1)
	for v, root := range p.Root {
		if ir.ID(v) == root && p.First[v] >= 0 {
			last := max(p.Last[v], p.First[v])
			dies[last] = append(dies[last], root)
		}
	}
	var holes []hole
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			if p.Root[v] != v || p.First[v] < 0 {
				continue
			}
			p.Offset[v] = p.reuse(i, v)
			if p.Offset[v] < 0 {
				p.Offset[v], holes = p.take(holes, p.size(v))
			}
		}
		for _, v := range dies[i] {
			if p.Offset[v] >= 0 && (p.First[v] == i || !p.handed(i, p.Offset[v])) {
				holes = release(holes, hole{p.Offset[v], p.size(v)})
			}
		}
	}
}

// reuse finds the memory of an operand that dies in instruction i for its result v; -1 for none.
func (p *Plan) reuse(i int, v ir.ID) int {
	in := &p.Func.Instrs[i]
	for _, w := range in.In {
		r := p.Root[w]
		if p.Last[r] != i || p.Offset[r] < 0 || p.size(r) != p.size(v) || p.Func.Shape(r).DType.Size() != p.Func.Shape(v).DType.Size() || !p.inPlace(in, v, w) || r != w || p.handed(i, p.Offset[r]) {
			continue
		}
		return p.Offset[r]
	}
	return -1
}

// handed is whether another result of instruction i has that offset already.
func (p *Plan) handed(i, off int) bool {
	for _, v := range p.Func.Instrs[i].Out {
		if p.Root[v] == v && p.Offset[v] == off {
			return true
		}
	}
	return false
}

func (p *Plan) size(v ir.ID) int { return (p.Func.Shape(v).Bytes() + align - 1) &^ (align - 1) }

func (p *Plan) take(holes []hole, size int) (int, []hole) {
	best := -1
	for i, h := range holes {
		if h.size >= size && (best < 0 || h.size < holes[best].size) {
			best = i
		}
	}
	if best >= 0 {
		off := holes[best].off
		if holes[best].size == size {
			return off, slices.Delete(holes, best, best+1)
		}
		holes[best] = hole{off + size, holes[best].size - size}
		return off, holes
	}
	if n := len(holes); n > 0 && holes[n-1].off+holes[n-1].size == p.Arena { // grow the last hole
		off := holes[n-1].off
		p.Arena = off + size
		return off, holes[:n-1]
	}
	off := p.Arena
	p.Arena += size
	return off, holes
}

// release puts a hole back in order of offset and joins neighbours.
func release(holes []hole, h hole) []hole {
	at, _ := slices.BinarySearchFunc(holes, h, func(a, b hole) int { return a.off - b.off })
	holes = slices.Insert(holes, at, h)
	if at+1 < len(holes) && holes[at].off+holes[at].size == holes[at+1].off {
		holes[at].size += holes[at+1].size
		holes = slices.Delete(holes, at+1, at+2)
	}
	if at > 0 && holes[at-1].off+holes[at-1].size == holes[at].off {
		holes[at-1].size += holes[at].size
		holes = slices.Delete(holes, at, at+1)
	}
	return holes
}

// Inputs is the bytes of the inputs' own memory.
func (p *Plan) Inputs() (n int) {
	for _, in := range p.Func.Inputs {
		n += p.Func.Shape(in.Value).Bytes()
	}
	return n
}

// String lists every buffer's life, then the peak.
func (p *Plan) String() string {
	var b strings.Builder
	for v, root := range p.Root {
		if ir.ID(v) != root || p.First[v] < 0 {
			continue
		}
		fmt.Fprintf(&b, "%%%d %s bytes [%d, %d) alive from instruction %d to %d (%s)\n", v, p.Func.Shape(root), p.Offset[v], p.Offset[v]+p.size(root), p.First[v], p.Last[v], p.Func.Instrs[p.First[v]].Op)
	}
	fmt.Fprintf(&b, "arena %d bytes, inputs %d bytes, %d copies\n", p.Arena, p.Inputs(), len(p.Copies))
	return b.String()
}

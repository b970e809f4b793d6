// Package plan owns memory: how long each value of a compiled Func lives and
// which bytes of one arena it occupies. Start from [New].
package plan

import "github.com/fwlab/fw/core/ir"

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
	p, err := lives(f, aliases)
	if err == nil {
		p.place()
	}
	return p, err
}

// lives is a plan without places.
func lives(f *ir.Func, aliases map[string]string) (*Plan, error) {
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
	p.coalesce()
	return p, nil
}

// Inputs is the bytes of the inputs' own memory.
func (p *Plan) Inputs() (n int) {
	for _, in := range p.Func.Inputs {
		n += p.Func.Shape(in.Value).Bytes()
	}
	return n
}

package compile

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// fuseNorm gives what follows a normalisation in a residual network to the
// normalisation's own kernel: forward max(y + residual, 0), or max(y, 0), or
// y + residual; backward the mask of the rectifier, which is then read from the
// output. The values before the rectifier need no memory any more.
//
// Such a batch_norm has the attributes relu and residual, the residual as its
// last operand, and in its gradient the output as its last operand and the
// residual's gradient as its last result (core/kernel/norm). Without a residual
// the gradient finds by itself what the rectifier let pass: it has the attribute
// recompute, and the offset as its last operand rather than the output.
func fuseNorm(f *ir.Func) error {
	n := &normFuser{f: f, subst: map[ir.ID]ir.ID{}}
	for i := range f.Instrs {
		if op := f.Instrs[i].Op; op == "batch_norm_training" || op == "batch_norm_inference" {
			n.forward(i)
		}
	}
	replace(f, n.subst)
	for i := range f.Instrs {
		if f.Instrs[i].Op == "batch_norm_grad" {
			n.backward(i)
		}
	}
	f.Instrs = inOrder(f, f.Instrs) // a residual may be made after what now reads it
	return removeDead(f)
}

type normFuser struct {
	f     *ir.Func
	subst map[ir.ID]ir.ID
}

// uses lists the instructions that read v, and whether v is an output.
func (n *normFuser) uses(v ir.ID) (list []int, output bool) {
	for i := range n.f.Instrs {
		if slices.Contains(n.f.Instrs[i].In, v) {
			list = append(list, i)
		}
	}
	return list, slices.ContainsFunc(n.f.Outputs, func(p ir.Port) bool { return p.Value == v })
}

// needs is whether v is made from a result of instruction i.
func (n *normFuser) needs(v ir.ID, i int) bool {
	from := map[ir.ID]bool{}
	for _, o := range n.f.Instrs[i].Out {
		from[o] = true
	}
	for j := i + 1; j < len(n.f.Instrs); j++ {
		in := &n.f.Instrs[j]
		if slices.ContainsFunc(in.In, func(w ir.ID) bool { return from[w] }) {
			for _, o := range in.Out {
				from[o] = true
			}
		}
	}
	return from[v]
}

func (n *normFuser) zero(v ir.ID) bool {
	for i := range n.f.Instrs {
		if in := &n.f.Instrs[i]; slices.Contains(in.Out, v) {
			data := in.Attrs.Data("value")
			return in.Op == "constant" && len(data) == 4 && !slices.ContainsFunc(data, func(b byte) bool { return b != 0 })
		}
	}
	return false
}

// rectifier finds max(v, 0), if v is read by it and by tests v > 0 alone.
func (n *normFuser) rectifier(v ir.ID) (at int, ok bool) {
	list, output := n.uses(v)
	if output {
		return 0, false
	}
	at = -1
	for _, i := range list {
		in := &n.f.Instrs[i]
		switch {
		case in.Op == "maximum" && in.In[0] == v && n.zero(in.In[1]) && at < 0:
			at = i
		case in.Op == "compare" && in.Attrs.Str("direction") == "GT" && in.In[0] == v && n.zero(in.In[1]):
		default:
			return 0, false
		}
	}
	return at, at >= 0
}

// forward joins to the normalisation i the sum and the rectifier that follow it.
func (n *normFuser) forward(i int) {
	f := n.f
	y := f.Instrs[i].Out[0]
	last, residual := y, ir.ID(-1)
	if list, output := n.uses(y); len(list) == 1 && !output {
		if add := &f.Instrs[list[0]]; add.Op == "add" && add.In[0] != add.In[1] {
			other := add.In[0]
			if other == y {
				other = add.In[1]
			}
			if !n.needs(other, i) {
				last, residual = add.Out[0], other
			}
		}
	}
	relu, ok := n.rectifier(last)
	if !ok {
		return
	}
	in := &f.Instrs[i]
	out := f.Instrs[relu].Out[0]
	in.Attrs = in.Attrs.With(ir.Int("relu", 1))
	if residual >= 0 {
		in.Attrs = in.Attrs.With(ir.Int("residual", 1))
		in.In = append(slices.Clone(in.In), residual)
	}
	// The output takes the place of what was rectified: where that is above 0, so is it.
	in.Out = append([]ir.ID{out}, in.Out[1:]...)
	f.Instrs[relu].Out = []ir.ID{y}
	n.subst[last] = out
	if last != y {
		n.subst[y] = out
	}
}

// backward joins to the gradient i the mask select(z > 0, dy, 0), where z is the
// output of the rectified normalisation, and gives the masked dy to its other readers.
func (n *normFuser) backward(i int) {
	f := n.f
	in := &f.Instrs[i]
	masked := in.In[4]
	var pick, test *ir.Instr
	for j := range f.Instrs {
		if d := &f.Instrs[j]; slices.Contains(d.Out, masked) {
			pick = d
		}
	}
	if pick == nil || pick.Op != "select" || !n.zero(pick.In[2]) {
		return
	}
	for j := range f.Instrs {
		if d := &f.Instrs[j]; slices.Contains(d.Out, pick.In[0]) {
			test = d
		}
	}
	if test == nil || test.Op != "compare" || test.Attrs.Str("direction") != "GT" || !n.zero(test.In[1]) {
		return
	}
	forward := n.rectified(test.In[0], in.In[0])
	if forward == nil {
		return
	}
	list, output := n.uses(masked)
	in.Attrs = in.Attrs.With(ir.Int("relu", 1))
	in.In = append(slices.Clone(in.In[:4]), pick.In[1], test.In[0])
	if len(list) > 1 || output {
		in.Attrs = in.Attrs.With(ir.Int("residual", 1))
		out := pick.Out[0]
		f.Shapes = append(f.Shapes, f.Shape(out))
		pick.Out = []ir.ID{ir.ID(len(f.Shapes) - 1)}
		in.Out = append(slices.Clone(in.Out), out)
		return
	}
	if !forward.Attrs.Bool("residual") {
		in.Attrs = in.Attrs.With(ir.Int("recompute", 1))
		in.In[5] = forward.In[2]
	}
}

// rectified is the rectified normalisation of x whose output is z, nil if there is none.
func (n *normFuser) rectified(z, x ir.ID) *ir.Instr {
	for i := range n.f.Instrs {
		in := &n.f.Instrs[i]
		if in.Op == "batch_norm_training" && in.Out[0] == z && in.In[0] == x && in.Attrs.Bool("relu") {
			return in
		}
	}
	return nil
}

// Package autodiff owns reverse-mode differentiation: a table of
// vector-Jacobian products, one row per op, and the walk that applies it.
// Start from [Gradients].
package autodiff

import (
	"fmt"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// Gradients appends to f the instructions that compute the derivative of the
// scalar loss with respect to each value of wrt, and returns them in that
// order; a value that loss does not depend on has a gradient of zeros.
// New instructions carry the position of the instruction they differentiate.
func Gradients(f *ir.Func, loss ir.ID, wrt []ir.ID) ([]ir.ID, error) {
	if s := f.Shape(loss); !s.Equal(shape.F32()) {
		return nil, fmt.Errorf("autodiff: @%s: expected a loss f32[], found %s", f.Name, s)
	}
	w := &walk{f: f, b: trace.Extend(f), cotangent: map[ir.ID]trace.Value{}, active: active(f, loss, wrt)}
	forward := len(f.Instrs)
	err := trace.Trace(func() {
		w.cotangent[loss] = w.b.Scalar(1)
		for i := forward - 1; i >= 0; i-- {
			w.instr(i)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("autodiff: @%s: %w", f.Name, err)
	}
	out := make([]ir.ID, len(wrt))
	for i, v := range wrt {
		ct, ok := w.cotangent[v]
		if !ok {
			ct = w.b.Fill(f.Shape(v), 0)
		}
		out[i] = ct.ID()
	}
	return out, nil
}

// active marks the values on a differentiable path from wrt to loss.
func active(f *ir.Func, loss ir.ID, wrt []ir.ID) []bool {
	from := make([]bool, len(f.Shapes))
	for _, v := range wrt {
		from[v] = true
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if in.Op == "stop_gradient" || !any(from, in.In) {
			continue
		}
		for _, v := range in.Out {
			from[v] = from[v] || f.Shape(v).DType.Float()
		}
	}
	to := make([]bool, len(f.Shapes))
	to[loss] = true
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		in := &f.Instrs[i]
		if any(to, in.Out) {
			for _, v := range in.In {
				to[v] = true
			}
		}
	}
	for i := range from {
		from[i] = from[i] && to[i]
	}
	return from
}

func any(set []bool, ids []ir.ID) bool {
	for _, v := range ids {
		if set[v] {
			return true
		}
	}
	return false
}

type walk struct {
	f         *ir.Func
	b         *trace.Builder
	cotangent map[ir.ID]trace.Value
	active    []bool
}

func (w *walk) instr(i int) {
	in := w.f.Instrs[i]
	c := &call{b: w.b, attrs: in.Attrs, need: make([]bool, len(in.In))}
	reached, wanted := false, false
	for _, v := range in.Out {
		ct, ok := w.cotangent[v]
		reached = reached || ok
		c.ct = append(c.ct, ct)
		c.out = append(c.out, w.b.Wrap(v))
	}
	for j, v := range in.In {
		c.need[j] = w.active[v]
		wanted = wanted || c.need[j]
		c.in = append(c.in, w.b.Wrap(v))
	}
	if !reached || !wanted {
		return
	}
	w.b.At(in.Loc)
	rule, ok := table[in.Op]
	if !ok {
		w.b.Fail(in.Op + " has no derivative")
	}
	if op.Lookup(in.Op).Class == op.Elementwise || len(in.Out) == 1 {
		if !c.ct[0].Valid() {
			return
		}
	}
	for j, ct := range rule(c) {
		if !ct.Valid() || !c.need[j] {
			continue
		}
		v := in.In[j]
		if have, ok := w.cotangent[v]; ok {
			ct = have.Add(ct)
		}
		w.cotangent[v] = ct
	}
}

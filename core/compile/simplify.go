package compile

import (
	"bytes"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// simplify removes instructions that change nothing: x*1, x+0, reshape to the
// same shape, a transpose undone, a conversion to the same type; a stretched
// constant becomes a constant.
func simplify(f *ir.Func) error {
	def := map[ir.ID]*ir.Instr{}
	subst := map[ir.ID]ir.ID{}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for j, v := range in.In {
			if w, ok := subst[v]; ok {
				in.In[j] = w
			}
		}
		for _, v := range in.Out {
			def[v] = in
		}
		if len(in.Out) != 1 {
			continue
		}
		out := f.Shape(in.Out[0])
		if in.Op == "broadcast_in_dim" {
			if d := def[in.In[0]]; d != nil && d.Op == "constant" && len(d.Attrs.Data("value")) == out.DType.Size() {
				*in = ir.Instr{Op: "constant", Out: in.Out, Loc: in.Loc, Attrs: d.Attrs.With(ir.OfShape("shape", out))}
				continue
			}
		}
		if v, ok := same(f, in, def); ok {
			subst[in.Out[0]] = v
		}
	}
	replace(f, subst)
	return nil
}

// same finds the operand that in merely repeats.
func same(f *ir.Func, in *ir.Instr, def map[ir.ID]*ir.Instr) (ir.ID, bool) {
	splat := func(v ir.ID, x float64) bool {
		d := def[v]
		return d != nil && d.Op == "constant" && bytes.Equal(d.Attrs.Data("value"), trace.Element(f.Shape(v).DType, x))
	}
	switch in.Op {
	case "stop_gradient":
		return in.In[0], true
	case "convert", "reshape", "broadcast_in_dim":
		return in.In[0], f.Shape(in.In[0]).Equal(f.Shape(in.Out[0]))
	case "multiply", "divide":
		if splat(in.In[1], 1) {
			return in.In[0], true
		}
		return in.In[1], in.Op == "multiply" && splat(in.In[0], 1)
	case "add", "subtract":
		if splat(in.In[1], 0) {
			return in.In[0], true
		}
		return in.In[1], in.Op == "add" && splat(in.In[0], 0)
	case "transpose":
		perm := in.Attrs.Ints("permutation")
		if d := def[in.In[0]]; d != nil && d.Op == "transpose" {
			inner, identity := d.Attrs.Ints("permutation"), make([]int, len(perm))
			for i, p := range perm {
				identity[i] = inner[p]
			}
			return d.In[0], rising(identity)
		}
		return in.In[0], rising(perm)
	}
	return 0, false
}

func rising(perm []int) bool {
	for i, p := range perm {
		if i != p {
			return false
		}
	}
	return true
}

// foldLimit bounds the elements of constants that folding computes.
const foldLimit = 1 << 16

// fold computes instructions whose operands are all constants.
func fold(f *ir.Func) error {
	known := map[ir.ID]interp.Tensor{}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if len(in.Out) != 1 || in.Op == "eval" || in.Op == "iota" {
			continue
		}
		s := f.Shape(in.Out[0])
		if in.Op == "constant" {
			if s.Size() <= foldLimit {
				known[in.Out[0]] = interp.FromBytes(s, in.Attrs.Data("value"))
			}
			continue
		}
		args, ok := make([]interp.Tensor, len(in.In)), len(in.In) > 0 && s.Size() <= foldLimit
		for j, v := range in.In {
			t, have := known[v]
			args[j], ok = t, ok && have
		}
		if !ok {
			continue
		}
		out := []interp.Tensor{interp.Zeros(s)}
		if err := interp.Instr(in, args, out); err != nil {
			return err
		}
		known[in.Out[0]] = out[0]
		*in = ir.Instr{Op: "constant", Out: in.Out, Loc: in.Loc, Attrs: ir.NewAttrs(ir.OfShape("shape", s), ir.Bytes("value", splatBytes(s, out[0].Bytes())))}
	}
	return nil
}

// splatBytes keeps one element where all are equal.
func splatBytes(s shape.Shape, b []byte) []byte {
	n := s.DType.Size()
	for i := n; i < len(b); i += n {
		if !bytes.Equal(b[:n], b[i:i+n]) {
			return b
		}
	}
	return b[:n]
}

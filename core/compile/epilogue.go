package compile

import (
	"math"
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

const (
	// narrow is the length of rows below which a product keeps to itself: its epilogue
	// would be called for a few elements at a time.
	narrow = 64
	// deep is the length of sums from which on it does so too: the epilogue is little
	// beside them, and loses more by cutting them into whole rows than it saves.
	deep = 768
)

// fuseProducts makes the fusion that reads a product the epilogue of it: it gets the
// sums before they go to memory. The product is then an instruction of the fusion's
// body, and a result of it if others read it too.
func fuseProducts(f *ir.Func) error {
	for i := 0; i < len(f.Instrs); i++ {
		if j := epilogueOf(f, i); j >= 0 {
			f.Instrs[j] = withProduct(f, &f.Instrs[i], &f.Instrs[j])
			f.Instrs = inOrder(f, slices.Delete(f.Instrs, i, i+1))
			i--
		}
	}
	return nil
}

// epilogueOf finds the first fusion that may take the sums of instruction i: one of
// their dimensions, with no other operand that is made from them. It is -1 if there is none.
func epilogueOf(f *ir.Func, i int) int {
	in := &f.Instrs[i]
	if in.Op != "dot_general" {
		return -1
	}
	y := in.Out[0]
	dims := f.Shape(y).Dims
	if len(dims) == 0 || dims[len(dims)-1] < narrow || rowOf(f, in) >= deep {
		return -1
	}
	made := map[ir.ID]bool{y: true} // from y
	for j := i + 1; j < len(f.Instrs); j++ {
		user := &f.Instrs[j]
		direct, otherwise := false, false
		for _, v := range user.In {
			direct, otherwise = direct || v == y, otherwise || v != y && made[v]
		}
		if direct && !otherwise && user.Op == "fusion" && shape.SameDims(f.Shape(user.Out[0]).Dims, dims) {
			return j
		}
		if direct || otherwise {
			for _, v := range user.Out {
				made[v] = true
			}
		}
	}
	return -1
}

// rowOf is the number of terms that an element of a product sums, if they are a row
// of its left factor. Where they are a column, as in the gradient of weights, the
// factor is packed, for which few rows at a time are too few; it is more than any then.
func rowOf(f *ir.Func, dot *ir.Instr) int {
	lhs, n := f.Shape(dot.In[0]).Dims, 1
	for i, d := range dot.Attrs.Ints("lhs_contract") {
		if d != len(lhs)-len(dot.Attrs.Ints("lhs_contract"))+i {
			return math.MaxInt
		}
		n *= lhs[d]
	}
	return n
}

// withProduct is a fusion that computes one of its operands, a product, itself.
func withProduct(f *ir.Func, dot, fusion *ir.Instr) ir.Instr {
	y := dot.Out[0]
	body := &ir.Func{Name: fusion.Body.Name}
	in := ir.Instr{Op: "dot_general_fusion", Body: body, In: slices.Clone(dot.In), Out: slices.Clone(fusion.Out), Loc: dot.Loc}
	here := map[ir.ID]ir.ID{}
	var factors []ir.ID
	for _, v := range dot.In {
		factors = append(factors, body.AddInput("", f.Shape(v)))
	}
	for k, v := range fusion.In {
		if v != y {
			in.In = append(in.In, v)
			here[fusion.Body.Inputs[k].Value] = body.AddInput("", f.Shape(v))
		}
	}
	sums := body.Emit(dot.Op, factors, dot.Attrs, dot.Loc, f.Shape(y))[0]
	here[fusion.Body.Inputs[slices.Index(fusion.In, y)].Value] = sums
	for _, src := range fusion.Body.Instrs {
		ids := make([]ir.ID, len(src.In))
		for k, v := range src.In {
			ids[k] = here[v]
		}
		here[src.Out[0]] = body.Emit(src.Op, ids, src.Attrs, src.Loc, fusion.Body.Shape(src.Out[0]))[0]
	}
	for _, p := range fusion.Body.Outputs {
		body.Outputs = append(body.Outputs, ir.Port{Value: here[p.Value]})
	}
	if readBesides(f, y, fusion) {
		body.Outputs, in.Out = append(body.Outputs, ir.Port{Value: sums}), append(in.Out, y)
	}
	return in
}

// readBesides is whether v is an output, or read by another instruction than one.
func readBesides(f *ir.Func, v ir.ID, one *ir.Instr) bool {
	for i := range f.Instrs {
		if in := &f.Instrs[i]; in != one && slices.Contains(in.In, v) {
			return true
		}
	}
	return slices.ContainsFunc(f.Outputs, func(p ir.Port) bool { return p.Value == v })
}

// factorsOf is the values of a fusion's body that its product multiplies.
func factorsOf(body *ir.Func) []ir.ID {
	for i := range body.Instrs {
		if in := &body.Instrs[i]; in.Op == "dot_general" {
			return in.In
		}
	}
	return nil
}

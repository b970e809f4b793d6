package op

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

var dataOps = []Def{
	{Name: "constant", Class: Data, Doc: "known elements, little-endian; one element stands for all (a splat)",
		Attrs: []AttrDef{form("shape"), {Name: "value", Kind: ir.KindBytes}}, Shape: constantShape},
	{Name: "iota", Class: Data, Doc: "0, 1, 2 ... along a dimension", Attrs: []AttrDef{form("shape"), num("dim")},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			s := a.ShapeOf("shape")
			if d := a.Int("dim", 0); d < 0 || d >= s.Rank() {
				return bad("dim ", strconv.Itoa(d), " is outside ", s.String())
			}
			return one(s)
		}},
	{Name: "broadcast_in_dim", In: 1, Class: Data, Doc: "operand dimension i becomes result dimension dims[i]; size 1 stretches",
		Attrs: []AttrDef{ints("to"), ints("dims")}, Shape: broadcastShape},
	{Name: "reshape", In: 1, Class: Data, Doc: "the same elements in row-major order under other dimensions",
		Attrs: []AttrDef{ints("to")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			out := shape.Of(in[0].DType, a.Ints("to")...)
			if err := out.Check(); err != nil {
				return nil, err
			}
			if out.Size() != in[0].Size() {
				return bad(in[0].String(), " has ", strconv.Itoa(in[0].Size()), " elements, ", out.String(), " has ", strconv.Itoa(out.Size()))
			}
			return one(out)
		}},
	{Name: "transpose", In: 1, Class: Data, Doc: "result dimension i is operand dimension permutation[i]",
		Attrs: []AttrDef{ints("permutation")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			perm := a.Ints("permutation")
			if err := distinctDims("permutation", perm, in[0]); err != nil {
				return nil, err
			}
			if len(perm) != in[0].Rank() {
				return bad("permutation ", shape.DimsString(perm), " does not cover ", in[0].String())
			}
			out := make([]int, len(perm))
			for i, p := range perm {
				out[i] = in[0].Dims[p]
			}
			return dims(in[0].DType, out...)
		}},
	{Name: "slice", In: 1, Class: Data, Doc: "elements start, start+stride ... below limit, in each dimension",
		Attrs: []AttrDef{ints("start"), ints("limit"), ints("stride")}, Shape: sliceShape},
	{Name: "pad", In: 2, Class: Data, Doc: "puts low, high and (between elements) interior copies of the scalar y around x; negative low and high cut",
		Attrs: []AttrDef{ints("low"), ints("high"), ints("interior")}, Shape: padShape},
	{Name: "concatenate", In: Variadic, Class: Data, Doc: "operands one after another along a dimension", Attrs: []AttrDef{num("dim")}, Shape: concatShape},
	{Name: "reverse", In: 1, Class: Data, Doc: "order reversed along dims", Attrs: []AttrDef{ints("dims")},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := distinctDims("dims", a.Ints("dims"), in[0]); err != nil {
				return nil, err
			}
			return one(in[0])
		}},
	{Name: "dynamic_slice", In: 2, Class: Data, Doc: "the block of the given sizes at start y (i32[rank]), moved inside where it would stick out",
		Attrs: []AttrDef{ints("sizes")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			sizes := a.Ints("sizes")
			if err := startIndex(in[0], in[1]); err != nil {
				return nil, err
			}
			if len(sizes) != in[0].Rank() {
				return bad("sizes ", shape.DimsString(sizes), " do not match ", in[0].String())
			}
			for i, n := range sizes {
				if n < 1 || n > in[0].Dims[i] {
					return bad("sizes ", shape.DimsString(sizes), " do not fit into ", in[0].String())
				}
			}
			return dims(in[0].DType, sizes...)
		}},
	{Name: "dynamic_update_slice", In: 3, Class: Data, Doc: "x with the block at start z (i32[rank]) replaced by y, moved inside where it would stick out",
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := startIndex(in[0], in[2]); err != nil {
				return nil, err
			}
			if in[1].DType != in[0].DType || in[1].Rank() != in[0].Rank() {
				return bad("update ", in[1].String(), " does not fit into ", in[0].String())
			}
			for i, n := range in[1].Dims {
				if n > in[0].Dims[i] {
					return bad("update ", in[1].String(), " does not fit into ", in[0].String())
				}
			}
			return one(in[0])
		}},
	{Name: "gather", In: 2, Class: Data, Doc: "rows of x along axis at the i32 indices y, sharing the first batch_dims dimensions; indices are clamped into range",
		Attrs: []AttrDef{num("axis"), opt(num("batch_dims"))}, Shape: gatherShape},
	{Name: "scatter", In: 3, Class: Data, Doc: "x with the rows z combined (kind add or set, in index order) into axis at the i32 indices y; the transpose of gather",
		Attrs: []AttrDef{num("axis"), opt(num("batch_dims")), text("kind")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if k := a.Str("kind"); k != "add" && k != "set" {
				return bad("kind: expected add or set, found ", k)
			}
			rows, err := gatherShape(in[:2], a)
			if err != nil {
				return nil, err
			}
			if !rows[0].Equal(in[2]) {
				return bad("expected updates ", rows[0].String(), ", found ", in[2].String())
			}
			return one(in[0])
		}},
	{Name: "reduce", In: 1, Class: Data, Doc: "combines dims away by kind: add, multiply, maximum, minimum, and, or",
		Attrs: []AttrDef{ints("dims"), text("kind")}, Shape: reduceShape},
	{Name: "argmax", In: 1, Class: Data, Doc: "i32 index of the largest element along dim, the first of equals",
		Attrs: []AttrDef{num("dim")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			out, err := without(in[0], a.Int("dim", 0))
			if err != nil {
				return nil, err
			}
			return dims(dtype.I32, out...)
		}},
	{Name: "cumulative_sum", In: 1, Class: Data, Doc: "inclusive sums along dim", Attrs: []AttrDef{num("dim")},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if _, err := without(in[0], a.Int("dim", 0)); err != nil {
				return nil, err
			}
			return one(in[0])
		}},
	{Name: "sort", In: 1, Class: Data, Doc: "values in stable order along dim, and the i32 index each came from",
		Attrs: []AttrDef{num("dim"), opt(num("descending"))}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if _, err := without(in[0], a.Int("dim", 0)); err != nil {
				return nil, err
			}
			return []shape.Shape{in[0], shape.Of(dtype.I32, in[0].Dims...)}, nil
		}},
	{Name: "top_k", In: 1, Class: Data, Doc: "the k largest along the last dimension in descending order, and their i32 indices (CHLO)",
		Attrs: []AttrDef{num("k")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			r, k := in[0].Rank(), a.Int("k", 0)
			if r == 0 || k < 1 || k > in[0].Dims[r-1] {
				return bad("k = ", strconv.Itoa(k), " does not fit ", in[0].String())
			}
			out := append(append([]int(nil), in[0].Dims[:r-1]...), k)
			return []shape.Shape{shape.Of(in[0].DType, out...), shape.Of(dtype.I32, out...)}, nil
		}},
	{Name: "symmetric_eigen", In: 1, Class: Data, Doc: "eigenvalues of a symmetric f32[n,n], descending, and the eigenvectors as rows, the largest element of each (the first of equals) above 0; of x and its transpose the mean is taken", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if s := in[0]; s.DType != dtype.F32 || s.Rank() != 2 || s.Dims[0] != s.Dims[1] {
			return bad("expected a square f32 matrix, found ", s.String())
		}
		return []shape.Shape{shape.F32(in[0].Dims[0]), in[0]}, nil
	}},
	{Name: "dot_general", In: 2, Class: Data, Doc: "products summed over the contracting dimensions: result dimensions are batch, then x's free, then y's free",
		Attrs: []AttrDef{ints("lhs_batch"), ints("rhs_batch"), ints("lhs_contract"), ints("rhs_contract")}, Shape: dotShape},
}

func constantShape(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	s := a.ShapeOf("shape")
	if err := s.Check(); err != nil {
		return nil, err
	}
	if n := len(a.Data("value")); s.DType.Size() == 0 || n != s.Bytes() && n != s.DType.Size() {
		return bad(s.String(), " needs ", strconv.Itoa(s.Bytes()), " bytes, found ", strconv.Itoa(n))
	}
	return one(s)
}

func broadcastShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	to, at := a.Ints("to"), a.Ints("dims")
	out := shape.Of(in[0].DType, to...)
	if len(at) != in[0].Rank() {
		return bad("dims ", shape.DimsString(at), " do not match ", in[0].String())
	}
	for i, d := range at {
		if d < 0 || d >= len(to) || i > 0 && d <= at[i-1] {
			return bad("dims ", shape.DimsString(at), " must rise within ", out.String())
		}
		if n := in[0].Dims[i]; n != 1 && n != to[d] {
			return bad(in[0].String(), " does not stretch to ", out.String(), " along ", shape.DimsString(at))
		}
	}
	return one(out)
}

func sliceShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	start, limit, stride := a.Ints("start"), a.Ints("limit"), a.Ints("stride")
	r := in[0].Rank()
	if len(start) != r || len(limit) != r || len(stride) != r {
		return bad("start, limit and stride must have one entry per dimension of ", in[0].String())
	}
	out := make([]int, r)
	for i := range out {
		if start[i] < 0 || limit[i] > in[0].Dims[i] || start[i] >= limit[i] || stride[i] < 1 {
			return bad("[", strconv.Itoa(start[i]), ":", strconv.Itoa(limit[i]), ":", strconv.Itoa(stride[i]), "] is not inside dimension ", strconv.Itoa(i), " of ", in[0].String())
		}
		out[i] = (limit[i] - start[i] + stride[i] - 1) / stride[i]
	}
	return dims(in[0].DType, out...)
}

func padShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	low, high, interior := a.Ints("low"), a.Ints("high"), a.Ints("interior")
	r := in[0].Rank()
	if len(low) != r || len(high) != r || len(interior) != r {
		return bad("low, high and interior must have one entry per dimension of ", in[0].String())
	}
	if in[1].DType != in[0].DType || in[1].Rank() != 0 {
		return bad("expected a scalar ", in[0].DType.String(), " to pad with, found ", in[1].String())
	}
	out := make([]int, r)
	for i, n := range in[0].Dims {
		const most = 1 << 30
		if interior[i] < 0 || interior[i] > most || low[i] < -most || low[i] > most || high[i] < -most || high[i] > most {
			return bad("padding of dimension ", strconv.Itoa(i), " is out of range")
		}
		out[i] = n + (n-1)*interior[i] + low[i] + high[i]
	}
	return dims(in[0].DType, out...)
}

func concatShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	if len(in) == 0 {
		return bad("expected at least one operand")
	}
	d := a.Int("dim", 0)
	if d < 0 || d >= in[0].Rank() {
		return bad("dim ", strconv.Itoa(d), " is outside ", in[0].String())
	}
	out := append([]int(nil), in[0].Dims...)
	for _, s := range in[1:] {
		if s.DType != in[0].DType || s.Rank() != in[0].Rank() {
			return bad("cannot join ", in[0].String(), " and ", s.String())
		}
		for i := range out {
			if i != d && s.Dims[i] != out[i] {
				return bad("cannot join ", in[0].String(), " and ", s.String(), " along ", strconv.Itoa(d))
			}
		}
		out[d] += s.Dims[d]
	}
	return dims(in[0].DType, out...)
}

func startIndex(x, start shape.Shape) error {
	if !start.Equal(shape.Of(dtype.I32, x.Rank())) {
		_, err := bad("expected start i32[", strconv.Itoa(x.Rank()), "], found ", start.String())
		return err
	}
	return nil
}

func gatherShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	axis, nb := a.Int("axis", 0), a.Int("batch_dims", 0)
	x, idx := in[0], in[1]
	if idx.DType != dtype.I32 || axis < 0 || axis >= x.Rank() || nb < 0 || nb > axis || nb > idx.Rank() {
		return bad("axis ", strconv.Itoa(axis), " with ", strconv.Itoa(nb), " batch dimensions does not fit ", x.String(), " and indices ", idx.String())
	}
	for i := range nb {
		if x.Dims[i] != idx.Dims[i] {
			return bad("batch dimension ", strconv.Itoa(i), " differs: ", x.String(), " and indices ", idx.String())
		}
	}
	out := append([]int(nil), x.Dims[:axis]...)
	out = append(out, idx.Dims[nb:]...)
	return dims(x.DType, append(out, x.Dims[axis+1:]...)...)
}

func reduceShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	ok := false
	switch a.Str("kind") {
	case "add", "multiply", "maximum", "minimum":
		ok = admits(floats|integers, in[0].DType)
	case "and", "or":
		ok = in[0].DType == dtype.Bool
	}
	if !ok {
		return bad("kind ", strconv.Quote(a.Str("kind")), " does not take ", in[0].String())
	}
	away := a.Ints("dims")
	if err := distinctDims("dims", away, in[0]); err != nil {
		return nil, err
	}
	var out []int
	for i, n := range in[0].Dims {
		if !has(away, i) {
			out = append(out, n)
		}
	}
	return dims(in[0].DType, out...)
}

func dotShape(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
	lb, rb, lc, rc := a.Ints("lhs_batch"), a.Ints("rhs_batch"), a.Ints("lhs_contract"), a.Ints("rhs_contract")
	x, y := in[0], in[1]
	if x.DType != dtype.F32 || y.DType != dtype.F32 {
		return bad("expected f32 operands, found ", x.String(), " and ", y.String())
	}
	if len(lb) != len(rb) || len(lc) != len(rc) {
		return bad("batch and contracting dimensions must pair up")
	}
	l, r := append(append([]int(nil), lb...), lc...), append(append([]int(nil), rb...), rc...)
	if err := distinctDims("lhs dimensions", l, x); err != nil {
		return nil, err
	}
	if err := distinctDims("rhs dimensions", r, y); err != nil {
		return nil, err
	}
	for i := range l {
		if x.Dims[l[i]] != y.Dims[r[i]] {
			return bad("dimension ", strconv.Itoa(l[i]), " of ", x.String(), " does not match dimension ", strconv.Itoa(r[i]), " of ", y.String())
		}
	}
	var out []int
	for _, d := range lb {
		out = append(out, x.Dims[d])
	}
	for i, n := range x.Dims {
		if !has(l, i) {
			out = append(out, n)
		}
	}
	for i, n := range y.Dims {
		if !has(r, i) {
			out = append(out, n)
		}
	}
	return dims(dtype.F32, out...)
}

// without is the dimensions of s but d.
func without(s shape.Shape, d int) ([]int, error) {
	if d < 0 || d >= s.Rank() {
		_, err := bad("dim ", strconv.Itoa(d), " is outside ", s.String())
		return nil, err
	}
	return append(append([]int(nil), s.Dims[:d]...), s.Dims[d+1:]...), nil
}

func distinctDims(what string, list []int, s shape.Shape) error {
	for i, d := range list {
		if d < 0 || d >= s.Rank() || has(list[:i], d) {
			_, err := bad(what, " ", shape.DimsString(list), " must be distinct dimensions of ", s.String())
			return err
		}
	}
	return nil
}

func has(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

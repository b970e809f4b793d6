package trace

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Reshape keeps the elements in row-major order; one dimension may be -1.
func (v Value) Reshape(dims ...int) Value {
	out := append([]int(nil), dims...)
	rest, unknown := v.Size(), -1
	for i, d := range dims {
		if d == -1 && unknown < 0 {
			unknown = i
		} else if d > 0 && rest%d == 0 {
			rest /= d
		}
	}
	if unknown >= 0 {
		out[unknown] = rest
	}
	if shape.SameDims(out, v.Shape().Dims) {
		return v
	}
	return v.b.emit1("reshape", []Value{v}, ir.Ints("to", out...))
}

// ExpandDims inserts a dimension of 1 at axis.
func (v Value) ExpandDims(axis int) Value {
	d := v.Shape().Dims
	if axis < 0 {
		axis += len(d) + 1
	}
	out := append(append(append([]int(nil), d[:axis]...), 1), d[axis:]...)
	return v.Reshape(out...)
}

// Flatten joins all dimensions from axis on.
func (v Value) Flatten(axis int) Value {
	return v.Reshape(append(append([]int(nil), v.Shape().Dims[:axis]...), -1)...)
}

// Transpose makes result dimension i of dimension perm[i].
func (v Value) Transpose(perm ...int) Value {
	return v.b.emit1("transpose", []Value{v}, ir.Ints("permutation", v.axes(perm)...))
}

// T swaps the last two dimensions.
func (v Value) T() Value {
	perm := make([]int, v.Rank())
	for i := range perm {
		perm[i] = i
	}
	n := len(perm)
	if n < 2 {
		v.b.Fail("transpose of " + v.Shape().String() + " needs two dimensions")
	}
	perm[n-1], perm[n-2] = n-2, n-1
	return v.Transpose(perm...)
}

// Slice is v[start:limit] along axis; a negative limit counts from the end, 0 with start 0 is everything.
func (v Value) Slice(axis, start, limit int) Value {
	axis = v.axis(axis)
	d := v.Shape().Dims
	s, l, st := make([]int, len(d)), append([]int(nil), d...), make([]int, len(d))
	for i := range st {
		st[i] = 1
	}
	if limit <= 0 {
		limit += d[axis]
	}
	s[axis], l[axis] = start, limit
	if start == 0 && limit == d[axis] {
		return v
	}
	return v.b.emit1("slice", []Value{v}, ir.Ints("start", s...), ir.Ints("limit", l...), ir.Ints("stride", st...))
}

// Split cuts v into n equal parts along axis.
func (v Value) Split(axis, n int) []Value {
	size := v.Dim(axis)
	if n < 1 || size%n != 0 {
		v.b.Fail("split of " + v.Shape().String() + " along " + strconv.Itoa(axis) + " into " + strconv.Itoa(n) + " equal parts")
	}
	out := make([]Value, n)
	for i := range out {
		out[i] = v.Slice(axis, i*size/n, (i+1)*size/n)
	}
	return out
}

// Pad puts low and high copies of x around v in each dimension.
func (v Value) Pad(x float64, low, high []int) Value {
	return v.b.emit1("pad", []Value{v, v.b.Fill(shape.Of(v.Shape().DType), x)},
		ir.Ints("low", low...), ir.Ints("high", high...), ir.Ints("interior", make([]int, v.Rank())...))
}

// Concat joins values along axis.
func (b *Builder) Concat(axis int, vs ...Value) Value {
	if len(vs) == 1 {
		return vs[0]
	}
	if len(vs) > 0 {
		axis = vs[0].axis(axis)
	}
	return b.emit1("concatenate", vs, ir.Int("dim", axis))
}

// Stack joins values along a new axis.
func (b *Builder) Stack(axis int, vs ...Value) Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i] = v.ExpandDims(axis)
	}
	return b.Concat(axis, out...)
}

// Reverse turns the order around along axes.
func (v Value) Reverse(axes ...int) Value {
	return v.b.emit1("reverse", []Value{v}, ir.Ints("dims", v.axes(axes)...))
}

// DynamicSlice is the block of the given sizes at start i32[rank].
func (v Value) DynamicSlice(start Value, sizes ...int) Value {
	return v.b.emit1("dynamic_slice", []Value{v, start}, ir.Ints("sizes", sizes...))
}

// DynamicUpdateSlice is v with the block at start i32[rank] replaced by u.
func (v Value) DynamicUpdateSlice(u, start Value) Value {
	return v.b.emit1("dynamic_update_slice", []Value{v, u, start})
}

// Take gathers rows along axis at i32 indices (torch.index_select; any index shape).
func (v Value) Take(axis int, indices Value) Value {
	return v.b.emit1("gather", []Value{v, indices}, ir.Int("axis", v.axis(axis)))
}

// TakeBatched gathers along axis at indices that share the first batch dimensions with v.
func (v Value) TakeBatched(axis, batch int, indices Value) Value {
	return v.b.emit1("gather", []Value{v, indices}, ir.Int("axis", v.axis(axis)), ir.Int("batch_dims", batch))
}

// ScatterAdd is v with rows added along axis at indices.
func (v Value) ScatterAdd(axis, batch int, indices, rows Value) Value {
	return v.scatter("add", axis, batch, indices, rows)
}

// ScatterSet is v with rows replaced along axis at indices; later rows win.
func (v Value) ScatterSet(axis, batch int, indices, rows Value) Value {
	return v.scatter("set", axis, batch, indices, rows)
}

func (v Value) scatter(kind string, axis, batch int, indices, rows Value) Value {
	return v.b.emit1("scatter", []Value{v, indices, rows}, ir.Int("axis", v.axis(axis)), ir.Int("batch_dims", batch), ir.String("kind", kind))
}

func (v Value) reduce(kind string, axes []int) Value {
	if len(axes) == 0 {
		for i := range v.Rank() {
			axes = append(axes, i)
		}
	}
	return v.b.emit1("reduce", []Value{v}, ir.Ints("dims", v.axes(axes)...), ir.String("kind", kind))
}

// Reductions over axes, or over everything where none is given.

func (v Value) Sum(axes ...int) Value       { return v.reduce("add", axes) }
func (v Value) Prod(axes ...int) Value      { return v.reduce("multiply", axes) }
func (v Value) ReduceMax(axes ...int) Value { return v.reduce("maximum", axes) }
func (v Value) ReduceMin(axes ...int) Value { return v.reduce("minimum", axes) }
func (v Value) All(axes ...int) Value       { return v.reduce("and", axes) }
func (v Value) Any(axes ...int) Value       { return v.reduce("or", axes) }

// Mean is the arithmetic mean over axes.
func (v Value) Mean(axes ...int) Value {
	s := v.Sum(axes...)
	return s.Scale(float64(s.Size()) / float64(v.Size()))
}

// keep puts the reduced axes back as 1.
func (v Value) keep(like Value, axes []int) Value {
	d := append([]int(nil), like.Shape().Dims...)
	if len(axes) == 0 {
		for i := range d {
			d[i] = 1
		}
	}
	for _, a := range like.axes(axes) {
		d[a] = 1
	}
	return v.Reshape(d...)
}

// SumKeep, MeanKeep and MaxKeep leave the reduced axes as 1.
func (v Value) SumKeep(axes ...int) Value  { return v.Sum(axes...).keep(v, axes) }
func (v Value) MeanKeep(axes ...int) Value { return v.Mean(axes...).keep(v, axes) }
func (v Value) MaxKeep(axes ...int) Value  { return v.ReduceMax(axes...).keep(v, axes) }

// Var is the variance over axes; ddof 1 gives the unbiased one.
func (v Value) Var(ddof int, axes ...int) Value {
	sq := v.Sub(v.MeanKeep(axes...)).Square().Sum(axes...)
	return sq.Scale(1 / (float64(v.Size())/float64(sq.Size()) - float64(ddof)))
}

// ArgMax is the i32 index of the largest element along axis.
func (v Value) ArgMax(axis int) Value {
	return v.b.emit1("argmax", []Value{v}, ir.Int("dim", v.axis(axis)))
}

// CumSum sums inclusively along axis.
func (v Value) CumSum(axis int) Value {
	return v.b.emit1("cumulative_sum", []Value{v}, ir.Int("dim", v.axis(axis)))
}

// Sort is v in ascending stable order along axis, and the indices it came from.
func (v Value) Sort(axis int) (values, indices Value) {
	out := v.b.Emit("sort", []Value{v}, ir.Int("dim", v.axis(axis)))
	return out[0], out[1]
}

// ArgSort is the indices that sort v along axis.
func (v Value) ArgSort(axis int) Value { _, i := v.Sort(axis); return i }

// TopK is the k largest along the last axis, descending, and their indices.
func (v Value) TopK(k int) (values, indices Value) {
	out := v.b.Emit("top_k", []Value{v}, ir.Int("k", k))
	return out[0], out[1]
}

// SymmetricEigen is the eigenvalues f32[n] of a symmetric f32[n,n], descending, and
// the eigenvectors as rows f32[n,n].
func (v Value) SymmetricEigen() (values, vectors Value) {
	out := v.b.Emit("symmetric_eigen", []Value{v})
	return out[0], out[1]
}

// OneHot turns i32 indices into f32 rows of n with a single 1.
func (v Value) OneHot(n int) Value {
	d := append(append([]int(nil), v.Shape().Dims...), n)
	at := make([]int, v.Rank())
	for i := range at {
		at[i] = i
	}
	classes := v.b.IotaOf(shape.Of(dtype.I32, d...), len(d)-1)
	return v.BroadcastInDim(d, at).Eq(classes).Float()
}

package trace

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Dot is StableHLO's dot_general.
func (v Value) Dot(w Value, vBatch, wBatch, vContract, wContract []int) Value {
	return v.b.emit1("dot_general", []Value{v, w}, ir.Ints("lhs_batch", vBatch...), ir.Ints("rhs_batch", wBatch...),
		ir.Ints("lhs_contract", v.axes(vContract)...), ir.Ints("rhs_contract", w.axes(wContract)...))
}

// MatMul is the product of the last two dimensions: [...,M,K] times [K,N], or
// times [...,K,N] with the same leading dimensions.
func (v Value) MatMul(w Value) Value {
	if w.Rank() == 2 || v.Rank() < 2 {
		return v.Dot(w, nil, nil, []int{-1}, []int{0})
	}
	batch := make([]int, w.Rank()-2)
	for i := range batch {
		batch[i] = i
	}
	return v.Dot(w, batch, batch, []int{-1}, []int{-2})
}

// Conv is how a convolution's window moves. Zero strides, dilations and groups mean 1.
type Conv struct {
	Stride, Dilation [2]int
	Pad              [4]int // top, bottom, left, right
	Groups           int
}

// Square is a convolution with one stride and one padding for both directions.
func Square(stride, pad int) Conv {
	return Conv{Stride: [2]int{stride, stride}, Pad: [4]int{pad, pad, pad, pad}}
}

func (c Conv) attrs(more ...ir.Attr) []ir.Attr {
	or1 := func(x int) int { return max(x, 1) }
	return append(more,
		ir.Ints("stride", or1(c.Stride[0]), or1(c.Stride[1])),
		ir.Ints("padding", c.Pad[:]...),
		ir.Ints("dilation", or1(c.Dilation[0]), or1(c.Dilation[1])),
		ir.Int("groups", or1(c.Groups)))
}

// Conv convolves f32[B,H,W,C] with weights f32[O,C/groups,KH,KW].
func (v Value) Conv(weight Value, c Conv) Value {
	return v.b.emit1("convolution", []Value{v, weight}, c.attrs()...)
}

// ConvTranspose is the transposed convolution of f32[B,OH,OW,O] to f32[B,h,w,C].
func (v Value) ConvTranspose(weight Value, c Conv, h, w int) Value {
	return v.b.emit1("conv_transpose", []Value{v, weight}, c.attrs(ir.Ints("spatial", h, w))...)
}

// MaxPool and AvgPool combine k by k windows of f32[B,H,W,C]; AvgPool counts padding as zeros.
func (v Value) MaxPool(k, stride, pad int) Value { return v.window("maximum", k, stride, pad) }

// AvgPool averages windows; see MaxPool.
func (v Value) AvgPool(k, stride, pad int) Value {
	return v.window("add", k, stride, pad).Scale(1 / float64(k*k))
}

func (v Value) window(kind string, k, stride, pad int) Value {
	return v.b.emit1("reduce_window", []Value{v}, ir.Ints("window", k, k), ir.Ints("stride", stride, stride),
		ir.Ints("padding", pad, pad, pad, pad), ir.String("kind", kind))
}

// BatchNorm normalises over all but the last dimension by the batch's own
// statistics, which it returns (Ioffe & Szegedy 2015). groups above 1 splits the batch.
func (v Value) BatchNorm(scale, offset Value, epsilon float64, groups int) (y, mean, variance Value) {
	out := v.b.Emit("batch_norm_training", []Value{v, scale, offset}, ir.Float("epsilon", epsilon), ir.Int("groups", max(groups, 1)))
	return out[0], out[1], out[2]
}

// BatchNormInference normalises by given statistics.
func (v Value) BatchNormInference(scale, offset, mean, variance Value, epsilon float64) Value {
	return v.b.emit1("batch_norm_inference", []Value{v, scale, offset, mean, variance}, ir.Float("epsilon", epsilon))
}

// LayerNorm normalises over the last dimension (Ba et al. 2016).
func (v Value) LayerNorm(scale, offset Value, epsilon float64) Value {
	return v.b.Emit("layer_norm", []Value{v, scale, offset}, ir.Float("epsilon", epsilon))[0]
}

// Softmax is over the last dimension.
func (v Value) Softmax() Value { return v.unary("softmax") }

// LogSoftmax is over the last dimension.
func (v Value) LogSoftmax() Value { return v.unary("log_softmax") }

// ScaledDotProductAttention is softmax(q k^T * scale) v for each head of packed
// queries, keys and values f32[N,T,3,H,d]: f32[N,T,H,d] (Vaswani et al. 2017, eq. 1).
func (v Value) ScaledDotProductAttention(scale float64) Value {
	return v.b.Emit("scaled_dot_product_attention", []Value{v}, ir.Float("scale", scale))[0]
}

// L2Normalize divides by the Euclidean norm along axis, at least 1e-12 (torch.nn.functional.normalize).
func (v Value) L2Normalize(axis int) Value {
	sq := v.Square().SumKeep(axis)
	return v.Mul(sq.MaxConst(1e-24).Rsqrt())
}

// CrossEntropy is -log softmax(v)[label] for logits f32[N,C] and labels i32[N]: f32[N].
func (v Value) CrossEntropy(labels Value) Value {
	n := v.Dim(0)
	picked := v.LogSoftmax().TakeBatched(1, 1, labels.Reshape(n, 1))
	return picked.Reshape(n).Neg()
}

// MaskDiagonal is a square matrix with minus infinity (as -1e9) on its diagonal.
func (v Value) MaskDiagonal() Value {
	d := v.Shape().Dims
	i := v.b.IotaOf(shape.Of(dtype.I32, d...), len(d)-2)
	j := v.b.IotaOf(shape.Of(dtype.I32, d...), len(d)-1)
	return i.Eq(j).Where(v.constant(-1e9), v)
}

// ResizeBilinear resizes f32[B,H,W,C] as torch's interpolate(mode="bilinear",
// align_corners=False) does, without antialiasing: two products with constant matrices.
func (v Value) ResizeBilinear(h, w int) Value {
	rows := v.b.interpolation(v.Dim(1), h)         // [h,H]
	cols := v.b.interpolation(v.Dim(2), w)         // [w,W]
	y := v.Dot(rows, nil, nil, []int{1}, []int{1}) // [B,W,C,h]
	y = y.Dot(cols, nil, nil, []int{1}, []int{1})  // [B,C,h,w]
	return y.Transpose(0, 2, 3, 1)                 // [B,h,w,C]
}

func (b *Builder) interpolation(from, to int) Value {
	m := make([]float64, to*from)
	for i := range to {
		at := math.Max((float64(i)+0.5)*float64(from)/float64(to)-0.5, 0)
		lo := min(int(at), from-1)
		hi := min(lo+1, from-1)
		f := at - float64(lo)
		m[i*from+lo] += 1 - f
		m[i*from+hi] += f
	}
	return b.Constant(shape.F32(to, from), m)
}

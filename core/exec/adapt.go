package exec

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/conv"
	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/shape"
)

// Products and convolutions are bound to float32s by name; here in the order of
// an instruction's operands.

type dot struct {
	*gemm.Dot
	pairs bool // of bfloat16
}

func (k dot) Bind(scratch []float32, out, in []buf.Buf) {
	if k.pairs {
		k.Dot.BindPairs(scratch, out[0].F32, out[0].BF16, in[0].BF16, in[1].BF16, nil)
		return
	}
	k.Dot.Bind(scratch, out[0].F32, in[0].F32, in[1].F32, nil)
}

type convolution struct{ *conv.Forward }

func (k convolution) Bind(scratch []float32, out, in []buf.Buf) {
	k.Forward.Bind(scratch, out[0].F32, in[0].F32, in[1].F32, nil)
}

type convTranspose struct{ *conv.InputGrad }

func (k convTranspose) Bind(scratch []float32, out, in []buf.Buf) {
	k.InputGrad.Bind(scratch, out[0].F32, in[0].F32, in[1].F32)
}

type convWeightGrad struct{ *conv.WeightGrad }

func (k convWeightGrad) Bind(scratch []float32, out, in []buf.Buf) {
	k.WeightGrad.Bind(scratch, out[0].F32, in[0].F32, in[1].F32)
}

// convSpec is the convolution of x with w, for the forward pass and both gradients.
func (b *binding) convSpec(x, w shape.Shape) (conv.Spec, error) {
	g, err := op.ConvGeometryOf(b.a)
	return conv.Spec{Fours: b.fours, Half: b.is[0].DType == dtype.BF16, HalfOut: b.narrows(), B: x.Dims[0], H: x.Dims[1], W: x.Dims[2], C: x.Dims[3], O: w.Dims[0], KH: w.Dims[2], KW: w.Dims[3],
		StrideH: g.Stride[0], StrideW: g.Stride[1], PadTop: g.Pad[0], PadBottom: g.Pad[1], PadLeft: g.Pad[2], PadRight: g.Pad[3],
		DilationH: g.Dilation[0], DilationW: g.Dilation[1], Groups: g.Groups}, err
}

// narrows reports a convolution of float32 images with a bfloat16 output, or the
// gradient of their weights.
func (b *binding) narrows() bool {
	switch b.instr.Op {
	case "convolution":
		return b.is[0].DType == dtype.F32 && b.is[1].DType == dtype.F32 && b.os[0].DType == dtype.BF16
	case "conv_weight_grad":
		return b.is[0].DType == dtype.F32 && b.is[1].DType == dtype.BF16
	}
	return false
}

// constant writes the same bytes in each run: the plan lends a constant its memory
// only while it lives.
type constant struct {
	kernel
	value buf.Buf
}

func (k constant) Bind(scratch []float32, out, _ []buf.Buf) {
	k.kernel.Bind(scratch, out, []buf.Buf{k.value})
}

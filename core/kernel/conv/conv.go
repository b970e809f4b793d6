package conv

import (
	"errors"

	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/pool"
)

// method is one way to compute a convolution or a gradient.
type method interface {
	Scratch() int
	Bind(scratch, out, a, b, bias []float32)
	Run(p *pool.Pool)
}

// Forward is a planned convolution.
type Forward struct {
	spec Spec
	method
}

// New plans y = conv(x, w) + bias for at most so many workers.
func New(s Spec, workers int) (*Forward, error) {
	if err := check(s, workers); err != nil {
		return nil, err
	}
	f := &Forward{spec: s}
	fewer, wins := fewerWins(s, forward(s))
	switch {
	case s.pointwise() && s.Groups == 1 && !s.Half && !s.HalfOut:
		g, err := gemm.New(gemm.Spec{M: s.B * s.H * s.W, N: s.O, K: s.C, TransB: true, Bias: s.Bias}, workers)
		if err != nil {
			return nil, err
		}
		f.method = g
	case s.depthwise():
		f.method = newDepthwise(forward(s), s.Bias, workers)
	case wins:
		f.method = newFewer(fewer, forward(s), s.Bias, workers)
	case s.thin():
		f.method = newThin(s, workers)
	default:
		f.method = newDirect(forward(s), s.Bias, workers)
	}
	return f, nil
}

// Bind sets the buffers: y f32[B,OH,OW,O], x f32[B,H,W,C], w
// f32[O,C/Groups,KH,KW] and, if the Spec asks for it, bias f32[O].
func (f *Forward) Bind(scratch, y, x, w, bias []float32) {
	s := f.spec
	need("scratch", scratch, f.Scratch())
	need("y", y, s.wordsY(s.sizeY()))
	need("x", x, s.words(s.sizeX()))
	need("w", w, s.words(s.sizeW()))
	if s.Bias {
		need("bias", bias, s.O)
	}
	f.method.Bind(scratch, y, x, w, bias)
}

// FLOPs counts multiplications and additions, those with padding included.
func (f *Forward) FLOPs() int64 { return f.spec.FLOPs() }

// InputGrad is a planned gradient of the input, which is also the transposed
// convolution of dy with w.
type InputGrad struct {
	spec Spec
	method
}

// NewInputGrad plans dx from dy and w for the convolution s.
func NewInputGrad(s Spec, workers int) (*InputGrad, error) {
	if err := check(s, workers); err != nil {
		return nil, err
	}
	if s.HalfOut {
		return nil, errors.New("conv: bfloat16 output of float32 images: expected no gradient of these")
	}
	f := &InputGrad{spec: s}
	fewer, wins := fewerWins(s, backward(s))
	switch {
	case s.pointwise() && s.Groups == 1 && !s.Half && !s.HalfOut:
		g, err := gemm.New(gemm.Spec{M: s.B * s.H * s.W, N: s.C, K: s.O}, workers)
		if err != nil {
			return nil, err
		}
		f.method = g
	case s.depthwise():
		f.method = newDepthwise(backward(s), false, workers)
	case wins:
		f.method = newFewer(fewer, backward(s), false, workers)
	default:
		f.method = newDirect(backward(s), false, workers)
	}
	return f, nil
}

// Bind sets the buffers: dx f32[B,H,W,C], dy f32[B,OH,OW,O], w f32[O,C/Groups,KH,KW].
func (f *InputGrad) Bind(scratch, dx, dy, w []float32) {
	need("scratch", scratch, f.Scratch())
	s := f.spec
	need("dx", dx, s.words(s.sizeX()))
	need("dy", dy, s.words(s.sizeY()))
	need("w", w, s.words(s.sizeW()))
	f.method.Bind(scratch, dx, dy, w, nil)
}

// FLOPs counts multiplications and additions, those with padding included.
func (f *InputGrad) FLOPs() int64 { return f.spec.FLOPs() }

// WeightGrad is a planned gradient of the weights.
type WeightGrad struct {
	spec Spec
	method
}

// NewWeightGrad plans dw from x and dy for the convolution s.
func NewWeightGrad(s Spec, workers int) (*WeightGrad, error) {
	if err := check(s, workers); err != nil {
		return nil, err
	}
	f := &WeightGrad{spec: s}
	fewer, wins := fewerSumWins(s)
	switch {
	case s.pointwise() && s.Groups == 1 && !s.Half && !s.HalfOut:
		g, err := gemm.New(gemm.Spec{M: s.O, N: s.C, K: s.B * s.H * s.W, TransA: true}, workers)
		if err != nil {
			return nil, err
		}
		f.method = g
	case s.depthwise():
		f.method = newDepthwiseGrad(s, workers)
	case wins:
		f.method = newFewerSum(fewer, s, workers)
	default:
		f.method = newWeightSum(s, workers)
	}
	return f, nil
}

// Bind sets the buffers: dw f32[O,C/Groups,KH,KW], x f32[B,H,W,C], dy f32[B,OH,OW,O].
func (f *WeightGrad) Bind(scratch, dw, x, dy []float32) {
	need("scratch", scratch, f.Scratch())
	need("dw", dw, f.spec.sizeW())
	need("x", x, f.spec.words(f.spec.sizeX()))
	need("dy", dy, f.spec.wordsY(f.spec.sizeY()))
	f.method.Bind(scratch, dw, dy, x, nil)
}

// FLOPs counts multiplications and additions, those with padding included.
func (f *WeightGrad) FLOPs() int64 { return f.spec.FLOPs() }

func check(s Spec, workers int) error {
	if err := s.Check(); err != nil {
		return err
	}
	return checkWorkers(workers)
}

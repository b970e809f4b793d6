package move

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Concatenate joins operands one after another along Axis.
type Concatenate struct {
	DType    dtype.DType
	Operands [][]int // their dimensions
	Axis     int
}

// ConcatenateKernel is a planned concatenate.
type ConcatenateKernel struct{ parts []*Strided }

// NewConcatenate plans concatenate.
func NewConcatenate(s Concatenate, workers int) (*ConcatenateKernel, error) {
	if len(s.Operands) == 0 {
		return nil, fmt.Errorf("concatenate: expected at least one operand")
	}
	first := s.Operands[0]
	if s.Axis < 0 || s.Axis >= len(first) {
		return nil, fmt.Errorf("concatenate: axis %d is outside %v", s.Axis, shape.Of(s.DType, first...))
	}
	to := append([]int(nil), first...)
	to[s.Axis] = 0
	for _, dims := range s.Operands {
		x, err := tensor("concatenate", s.DType, dims)
		if err != nil {
			return nil, err
		}
		if len(dims) != len(to) {
			return nil, fmt.Errorf("concatenate: cannot join %v to %v", x, shape.Of(s.DType, first...))
		}
		for i := range dims {
			if i != s.Axis && dims[i] != to[i] {
				return nil, fmt.Errorf("concatenate: cannot join %v to %v along %d", x, shape.Of(s.DType, first...), s.Axis)
			}
		}
		to[s.Axis] += dims[s.Axis]
	}
	y, err := tensor("concatenate", s.DType, to)
	if err != nil {
		return nil, err
	}
	k, st, at := &ConcatenateKernel{}, shape.Strides(to), 0
	for _, dims := range s.Operands {
		n := shape.F32(dims...).Size()
		k.parts = append(k.parts, newStrided(s.DType, dims, shape.Strides(dims), st, 0, at, n, y.Size()))
		at += dims[s.Axis] * st[s.Axis]
	}
	return k, nil
}

// Scratch is how many float32s Bind needs.
func (k *ConcatenateKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output and the operands.
func (k *ConcatenateKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != len(k.parts) {
		panic(fmt.Sprintf("move: concatenate: Bind: expected %d inputs, found %d", len(k.parts), len(in)))
	}
	for i, p := range k.parts {
		p.Bind(nil, out, in[i:i+1])
	}
}

// Run copies the operands.
func (k *ConcatenateKernel) Run(p *pool.Pool) {
	for _, part := range k.parts {
		part.Run(p)
	}
}

// Pad puts Low, High and, between elements, Interior copies of a scalar around
// the operand; negative Low and High cut.
type Pad struct {
	DType               dtype.DType
	Dims                []int
	Low, High, Interior []int
}

// PadKernel is a planned pad.
type PadKernel struct {
	fill *Strided // nil where every element of the result comes from the operand
	copy *Strided // nil where none does
}

// NewPad plans pad.
func NewPad(s Pad, workers int) (*PadKernel, error) {
	x, err := tensor("pad", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if len(s.Low) != len(s.Dims) || len(s.High) != len(s.Dims) || len(s.Interior) != len(s.Dims) {
		return nil, fmt.Errorf("pad: expected low, high and interior for each dimension of %v", x)
	}
	const most = 1 << 30
	to := make([]int, len(s.Dims))
	for i, n := range s.Dims {
		if s.Low[i] < -most || s.Low[i] > most || s.High[i] < -most || s.High[i] > most || s.Interior[i] < 0 || s.Interior[i] > most {
			return nil, fmt.Errorf("pad: padding of dimension %d of %v is out of range", i, x)
		}
		to[i] = n + (n-1)*s.Interior[i] + s.Low[i] + s.High[i]
	}
	y, err := tensor("pad", s.DType, to)
	if err != nil {
		return nil, err
	}
	k := &PadKernel{}
	st, dt := shape.Strides(s.Dims), shape.Strides(to)
	dims, dst, srcAt, dstAt, size := make([]int, len(to)), make([]int, len(to)), 0, 0, 1
	for i, n := range s.Dims {
		// Element e lands at low + e*step; keep those that land inside.
		step := s.Interior[i] + 1
		first := max(0, ceil(-s.Low[i], step))
		last := min(n-1, floorDiv(to[i]-1-s.Low[i], step))
		dims[i] = max(0, last-first+1)
		size *= dims[i]
		srcAt += first * st[i]
		dstAt += (s.Low[i] + first*step) * dt[i]
		dst[i] = step * dt[i]
	}
	if size > 0 {
		k.copy = newStrided(s.DType, dims, st, dst, srcAt, dstAt, x.Size(), y.Size())
	}
	if size < y.Size() {
		k.fill = newStrided(s.DType, to, make([]int, len(to)), dt, 0, 0, 1, y.Size())
	}
	return k, nil
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -ceil(-a, b)
	}
	return a / b
}

// Scratch is how many float32s Bind needs.
func (k *PadKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the operand and the scalar.
func (k *PadKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != 2 {
		panic(fmt.Sprintf("move: pad: Bind: expected 2 inputs, found %d", len(in)))
	}
	if k.fill != nil {
		k.fill.Bind(nil, out, in[1:2])
	}
	if k.copy != nil {
		k.copy.Bind(nil, out, in[:1])
	}
}

// Run computes the output.
func (k *PadKernel) Run(p *pool.Pool) {
	if k.fill != nil {
		k.fill.Run(p)
	}
	if k.copy != nil {
		k.copy.Run(p)
	}
}

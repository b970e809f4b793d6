package reduce

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Along is an operation along one dimension of a tensor of f32, i32 or u32.
type Along struct {
	DType dtype.DType
	Dims  []int
	Axis  int
}

// lines is a tensor seen as [outer, n, inner], worked on along n.
type lines struct {
	dtype           dtype.DType
	outer, n, inner int
	columns, blocks int // inner is cut into blocks of so many columns
	group, chunks   int // (outer, block) pairs of one chunk
	src, dst        buf.Buf
}

func newLines(s Along) (lines, error) {
	x := shape.Of(s.DType, s.Dims...)
	if err := x.Check(); err != nil {
		return lines{}, err
	}
	if s.DType != dtype.F32 && s.DType != dtype.I32 && s.DType != dtype.U32 {
		return lines{}, fmt.Errorf("expected f32, i32 or u32, found %v", x)
	}
	if s.Axis < 0 || s.Axis >= len(s.Dims) {
		return lines{}, fmt.Errorf("axis %d is outside %v", s.Axis, x)
	}
	l := lines{dtype: s.DType, outer: 1, n: s.Dims[s.Axis], inner: 1}
	for i, n := range s.Dims {
		switch {
		case i < s.Axis:
			l.outer *= n
		case i > s.Axis:
			l.inner *= n
		}
	}
	l.columns = min(l.inner, 256)
	l.blocks = ceil(l.inner, l.columns)
	work := l.outer * l.blocks
	l.group = max(1, min(work, chunkElements/(l.n*l.columns)))
	l.chunks = ceil(work, l.group)
	return l, nil
}

// each calls f with the offset of every first element and the number of columns of chunk i.
func (l *lines) each(i int, f func(l *lines, outer, lo, cols int)) {
	for w := i * l.group; w < min((i+1)*l.group, l.outer*l.blocks); w++ {
		lo := w % l.blocks * l.columns
		f(l, w/l.blocks, lo, min(l.columns, l.inner-lo))
	}
}

func (l *lines) bind(name string, out, in []buf.Buf, outSize int) {
	size := l.outer * l.n * l.inner
	if len(out) != 1 || len(in) != 1 || len(in[0].U32) < size || len(out[0].U32) < outSize {
		panic(fmt.Sprintf("reduce: %s: Bind: expected an input of %d and an output of %d elements", name, size, outSize))
	}
	l.src, l.dst = in[0], out[0]
}

// ArgMax finds the i32 index of the largest element along a dimension, the
// first of equals; NaN counts as larger than everything.
type ArgMax struct{ lines }

// NewArgMax plans argmax.
func NewArgMax(s Along, workers int) (*ArgMax, error) {
	l, err := newLines(s)
	if err != nil {
		return nil, fmt.Errorf("argmax: %w", err)
	}
	return &ArgMax{l}, nil
}

// Scratch is how many float32s Bind needs.
func (k *ArgMax) Scratch() int { return 0 }

// Bind gives the kernel its memory: one input and one output of i32.
func (k *ArgMax) Bind(scratch []float32, out, in []buf.Buf) {
	k.bind("argmax", out, in, k.outer*k.inner)
}

// Run computes the output.
func (k *ArgMax) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *ArgMax) Chunk(i, worker int) { k.each(i, argmax) }

func argmax(l *lines, outer, lo, cols int) {
	at := outer*l.n*l.inner + lo
	best := l.dst.I32[outer*l.inner+lo:][:cols]
	switch {
	case l.dtype == dtype.F32 && l.inner == 1:
		best[0] = argmaxRow(l.src.F32[at : at+l.n])
	case l.dtype == dtype.F32:
		argmaxColumns(best, l.src.F32[at:], l.n, l.inner)
	case l.dtype == dtype.I32:
		argmaxColumns(best, l.src.I32[at:], l.n, l.inner)
	default:
		argmaxColumns(best, l.src.U32[at:], l.n, l.inner)
	}
}

func argmaxRow(x []float32) int32 {
	m := vec.MaxOf(x)
	for i, v := range x {
		if v == m || v != v {
			return int32(i)
		}
	}
	return 0
}

func argmaxColumns[T float32 | int32 | uint32](best []int32, x []T, n, stride int) {
	clear(best)
	for k := 1; k < n; k++ {
		row := x[k*stride:][:len(best)]
		for j, v := range row {
			if b := x[int(best[j])*stride+j]; v > b || v != v && b == b {
				best[j] = int32(k)
			}
		}
	}
}

// CumulativeSum makes inclusive running sums along a dimension.
type CumulativeSum struct{ lines }

// NewCumulativeSum plans cumulative_sum.
func NewCumulativeSum(s Along, workers int) (*CumulativeSum, error) {
	l, err := newLines(s)
	if err != nil {
		return nil, fmt.Errorf("cumulative_sum: %w", err)
	}
	return &CumulativeSum{l}, nil
}

// Scratch is how many float32s Bind needs.
func (k *CumulativeSum) Scratch() int { return 0 }

// Bind gives the kernel its memory: one input and one output, which may be the same.
func (k *CumulativeSum) Bind(scratch []float32, out, in []buf.Buf) {
	k.bind("cumulative_sum", out, in, k.outer*k.n*k.inner)
}

// Run computes the output.
func (k *CumulativeSum) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *CumulativeSum) Chunk(i, worker int) { k.each(i, accumulate) }

func accumulate(l *lines, outer, lo, cols int) {
	at := outer*l.n*l.inner + lo
	if l.dtype == dtype.F32 {
		runningSums(l.dst.F32[at:], l.src.F32[at:], l.n, l.inner, cols)
		return
	}
	runningSums(l.dst.U32[at:], l.src.U32[at:], l.n, l.inner, cols) // two's complement: signed too
}

func runningSums[T float32 | uint32](dst, x []T, n, stride, cols int) {
	copy(dst[:cols], x[:cols])
	for k := 1; k < n; k++ {
		prev, row, out := dst[(k-1)*stride:][:cols], x[k*stride:][:cols], dst[k*stride:][:cols]
		for j, v := range row {
			out[j] = prev[j] + v
		}
	}
}

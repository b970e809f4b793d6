// Package pooling owns the kernels that slide windows over the height and width
// of activations f32[B,H,W,C]: reduce_window and the gradient of max pooling.
// Start from [NewReduceWindow].
package pooling

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Kind is how the elements of a window are combined.
type Kind uint8

const (
	Maximum Kind = iota // NaN if any is; padding does not count
	Add                 // padding is 0
)

// Window is a pooling over f32[B,H,W,C]. Padding is top, bottom, left, right;
// each is less than the window, so that no window lies in the padding alone.
type Window struct {
	Dims    []int
	Kind    Kind // not used by the gradient
	Window  [2]int
	Stride  [2]int
	Padding [4]int
}

// geometry is a checked Window.
type geometry struct {
	b, h, w, c     int
	oh, ow         int
	kh, kw, sh, sw int
	top, left      int
}

func newGeometry(op string, s Window) (geometry, error) {
	x := shape.F32(s.Dims...)
	if err := x.Check(); err != nil {
		return geometry{}, fmt.Errorf("%s: %w", op, err)
	}
	if len(s.Dims) != 4 {
		return geometry{}, fmt.Errorf("%s: expected f32[B,H,W,C], found %v", op, x)
	}
	const most = 1 << 20
	for i := range 2 {
		k, lo, hi := s.Window[i], s.Padding[2*i], s.Padding[2*i+1]
		if k < 1 || k > most || s.Stride[i] < 1 || s.Stride[i] > most || lo < 0 || lo >= k || hi < 0 || hi >= k || s.Dims[1+i]+lo+hi < k {
			return geometry{}, fmt.Errorf("%s: window %v, stride %v, padding %v does not fit %v", op, s.Window, s.Stride, s.Padding, x)
		}
	}
	g := geometry{b: s.Dims[0], h: s.Dims[1], w: s.Dims[2], c: s.Dims[3], kh: s.Window[0], kw: s.Window[1], sh: s.Stride[0], sw: s.Stride[1], top: s.Padding[0], left: s.Padding[2]}
	g.oh = (g.h+s.Padding[0]+s.Padding[1]-g.kh)/g.sh + 1
	g.ow = (g.w+s.Padding[2]+s.Padding[3]-g.kw)/g.sw + 1
	return g, nil
}

// rows are the input rows under output row o, and columns likewise.
func (g *geometry) rows(o int) (lo, hi int) {
	return max(0, o*g.sh-g.top), min(g.h, o*g.sh-g.top+g.kh)
}

func (g *geometry) cols(o int) (lo, hi int) {
	return max(0, o*g.sw-g.left), min(g.w, o*g.sw-g.left+g.kw)
}

// ReduceWindow is a planned reduce_window to f32[B,OH,OW,C].
type ReduceWindow struct {
	geometry
	kind    Kind
	workers int
	group   int // output rows of one chunk
	chunks  int
	scratch []float32
	x, y    []float32
}

// NewReduceWindow plans reduce_window.
func NewReduceWindow(s Window, workers int) (*ReduceWindow, error) {
	g, err := newGeometry("reduce_window", s)
	if err != nil {
		return nil, err
	}
	if s.Kind > Add {
		return nil, fmt.Errorf("reduce_window: unknown kind %d", s.Kind)
	}
	k := &ReduceWindow{geometry: g, kind: s.Kind, workers: workers}
	k.group = max(1, min(g.b*g.oh, (16<<10)/(g.w*g.c*g.kh)))
	k.chunks = (g.b*g.oh + k.group - 1) / k.group
	return k, nil
}

// Scratch is how many float32s Bind needs.
func (k *ReduceWindow) Scratch() int { return k.workers * k.w * k.c }

// Bind gives the kernel its memory: one output, one input.
func (k *ReduceWindow) Bind(scratch []float32, out, in []buf.Buf) {
	nx, ny := k.b*k.h*k.w*k.c, k.b*k.oh*k.ow*k.c
	if len(scratch) < k.Scratch() || len(out) != 1 || len(in) != 1 || len(in[0].F32) < nx || len(out[0].F32) < ny {
		panic(fmt.Sprintf("pooling: reduce_window: Bind: expected %d floats of scratch, an input of %d and an output of %d elements", k.Scratch(), nx, ny))
	}
	k.scratch, k.x, k.y = scratch, in[0].F32[:nx], out[0].F32[:ny]
}

// Run computes the output.
func (k *ReduceWindow) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task: each output row first combines the input rows
// under it, whole rows at a time, then the columns.
func (k *ReduceWindow) Chunk(i, worker int) {
	n := k.w * k.c
	line := k.scratch[worker*n : (worker+1)*n]
	for r := i * k.group; r < min((i+1)*k.group, k.b*k.oh); r++ {
		lo, hi := k.rows(r % k.oh)
		x := k.x[r/k.oh*k.h*n:]
		combined := x[lo*n : (lo+1)*n]
		for row := lo + 1; row < hi; row++ {
			k.combine(line, combined, x[row*n:(row+1)*n])
			combined = line
		}
		for o := range k.ow {
			y := k.y[(r*k.ow+o)*k.c : (r*k.ow+o+1)*k.c]
			lo, hi := k.cols(o)
			first := combined[lo*k.c : (lo+1)*k.c]
			if hi == lo+1 {
				copy(y, first)
			}
			for col := lo + 1; col < hi; col++ {
				k.combine(y, first, combined[col*k.c:(col+1)*k.c])
				first = y
			}
		}
	}
}

func (k *ReduceWindow) combine(dst, a, b []float32) {
	if k.kind == Add {
		vec.Add(dst, a, b)
	} else {
		vec.Max(dst, a, b)
	}
}

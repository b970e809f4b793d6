package pooling

import (
	"fmt"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// SelectAndScatter is the planned gradient of max pooling, f32[B,H,W,C]: each
// output gradient is added at the first maximum of its window, in row-major
// order; a window whose maximum is NaN passes nothing on.
type SelectAndScatter struct {
	geometry
	workers         int
	columns, blocks int // channels are cut into blocks of so many
	scratch         []float32
	x, dy, dx       []float32
}

// NewSelectAndScatter plans select_and_scatter.
func NewSelectAndScatter(s Window, workers int) (*SelectAndScatter, error) {
	g, err := newGeometry("select_and_scatter", s)
	if err != nil {
		return nil, err
	}
	k := &SelectAndScatter{geometry: g, workers: workers, columns: min(g.c, 512)}
	if g.b < 8 {
		k.columns = min(g.c, 32)
	}
	k.blocks = (g.c + k.columns - 1) / k.columns
	return k, nil
}

// Scratch is how many float32s Bind needs.
func (k *SelectAndScatter) Scratch() int { return 2 * k.workers * k.columns }

// Bind gives the kernel its memory: the input's gradient; the input and the output's gradient.
func (k *SelectAndScatter) Bind(scratch []float32, out, in []buf.Buf) {
	nx, ny := k.b*k.h*k.w*k.c, k.b*k.oh*k.ow*k.c
	if len(scratch) < k.Scratch() || len(out) != 1 || len(in) != 2 || len(in[0].F32) < nx || len(in[1].F32) < ny || len(out[0].F32) < nx {
		panic(fmt.Sprintf("pooling: select_and_scatter: Bind: expected %d floats of scratch, inputs of %d and %d and an output of %d elements", k.Scratch(), nx, ny, nx))
	}
	k.scratch, k.x, k.dy, k.dx = scratch, in[0].F32[:nx], in[1].F32[:ny], out[0].F32[:nx]
}

// Run computes the output.
func (k *SelectAndScatter) Run(p *pool.Pool) { p.Run(k.b*k.blocks, k) }

// Chunk implements pool.Task: one block of channels of one image.
func (k *SelectAndScatter) Chunk(i, worker int) {
	image, lo := i/k.blocks, i%k.blocks*k.columns
	n := min(k.columns, k.c-lo)
	best := k.scratch[2*worker*k.columns:][:n]
	spare := k.scratch[(2*worker+1)*k.columns:][:n]
	free := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(spare))), n)

	pixels := k.h * k.w
	x, dx := k.x[image*pixels*k.c:][:pixels*k.c], k.dx[image*pixels*k.c:][:pixels*k.c]
	for p := range pixels {
		clear(dx[p*k.c+lo:][:n])
	}
	for o := range k.oh * k.ow {
		r0, r1 := k.rows(o / k.ow)
		c0, c1 := k.cols(o % k.ow)
		copy(best, x[(r0*k.w+c0)*k.c+lo:])
		for r := r0; r < r1; r++ {
			for c := c0; c < c1; c++ {
				vec.Max(best, best, x[(r*k.w+c)*k.c+lo:])
			}
		}
		for j := range free {
			free[j] = ^uint32(0)
		}
		dy := k.dy[(image*k.oh*k.ow+o)*k.c+lo:]
		for r := r0; r < r1; r++ {
			for c := c0; c < c1; c++ {
				at := (r*k.w+c)*k.c + lo
				vec.Route(dx[at:at+n], dy, x[at:], best, free)
			}
		}
	}
}

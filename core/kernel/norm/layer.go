package norm

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// LayerNorm is normalisation over the last dimension C (Ba, Kiros and Hinton 2016).
// Epsilon is not used by the gradient.
type LayerNorm struct {
	Dims    []int
	Epsilon float32
	Halves  Halves
}

// LayerNormKernel computes y, the mean and rstd = 1/sqrt(variance + epsilon) of
// each row from x, scale[C] and offset[C].
type LayerNormKernel struct {
	grid
	spec          LayerNorm
	workers       int
	x, y          values
	scale, offset []float32
	mean, rstd    []float32
	rooms         rooms
}

// rowRooms is a worker's memory for a row, nothing where all is float32.
func (s *LayerNorm) rowRooms(c int) rooms {
	if s.Halves == (Halves{}) {
		return rooms{}
	}
	return rooms{size: (c + 15) &^ 15}
}

// NewLayerNorm plans layer_norm.
func NewLayerNorm(s LayerNorm, workers int) (*LayerNormKernel, error) {
	g, err := rowGrid(s.Dims)
	if err != nil {
		return nil, fmt.Errorf("layer_norm: %w", err)
	}
	return &LayerNormKernel{grid: g, spec: s, workers: workers, rooms: s.rowRooms(g.c)}, nil
}

func rowGrid(dims []int) (grid, error) {
	if len(dims) == 0 {
		return grid{}, fmt.Errorf("expected f32[...,C], found a scalar")
	}
	return newGrid(dims, 1, passRows(max(1, dims[len(dims)-1])))
}

// Scratch is how many float32s Bind needs.
func (k *LayerNormKernel) Scratch() int { return k.workers * k.rooms.size }

// Bind gives the kernel its memory: outputs y, mean, rstd; inputs x, scale, offset. y may be x.
func (k *LayerNormKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n := k.rows * k.c
	h := k.spec.Halves
	checkBind("layer_norm", h, scratch, k.Scratch(), out, in, []int{n, k.rows, k.rows}, []int{n, k.c, k.c})
	k.y, k.mean, k.rstd = h.out(out, 0, n), out[1].F32[:k.rows], out[2].F32[:k.rows]
	k.x, k.scale, k.offset = h.in(in, 0, n), in[1].F32[:k.c], in[2].F32[:k.c]
	k.rooms.floats = scratch
}

// Run computes the outputs.
func (k *LayerNormKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *LayerNormKernel) Chunk(i, worker int) {
	_, row, n := k.at(i)
	room := k.rooms.at(worker, 1, 0)
	k.rooms.blocks(row, n, k.c, func(lo, hi int) {
		x, y := k.x.read(room, lo, hi), k.y.room(room, lo, hi)
		vec.LayerNorm(y, x, k.scale, k.offset, k.mean[lo/k.c:hi/k.c], k.rstd[lo/k.c:hi/k.c], k.spec.Epsilon)
		k.y.done(y, lo, hi)
	})
}

// LayerNormGradKernel computes dx, dscale[C] and doffset[C] from x, scale[C],
// mean, rstd and dy. With h = (x-mean)*rstd, g = dy*scale and means over a row:
//
//	dx = rstd*(g - mean(g) - h*mean(g*h)), dscale = sum(dy*h), doffset = sum(dy)
type LayerNormGradKernel struct {
	grid
	spec                 LayerNorm
	workers              int
	x, dy, dx            values
	scale, mean, rstd    []float32
	dscale, doffset      []float32
	scales, offsets, tmp []float32 // sums of chunks
	rooms                rooms
}

const layerNormGradRooms = 2 // of x, then dx; and of dy

// NewLayerNormGrad plans layer_norm_grad.
func NewLayerNormGrad(s LayerNorm, workers int) (*LayerNormGradKernel, error) {
	g, err := rowGrid(s.Dims)
	if err != nil {
		return nil, fmt.Errorf("layer_norm_grad: %w", err)
	}
	g.chunkRows = min(g.rows, max(g.chunkRows, 32, min(512, ceil(g.rows, 64))))
	g.chunks = ceil(g.rows, g.chunkRows)
	return &LayerNormGradKernel{grid: g, spec: s, workers: workers, rooms: s.rowRooms(g.c)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *LayerNormGradKernel) Scratch() int {
	return (2*k.chunks+1)*k.c + k.workers*layerNormGradRooms*k.rooms.size
}

// Bind gives the kernel its memory: outputs dx, dscale, doffset; inputs x,
// scale, mean, rstd, dy. dx may be dy or x.
func (k *LayerNormGradKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c := k.rows*k.c, k.c
	h := k.spec.Halves
	checkBind("layer_norm_grad", h, scratch, k.Scratch(), out, in, []int{n, c, c}, []int{n, c, k.rows, k.rows, n})
	k.dx, k.dscale, k.doffset = h.out(out, 0, n), out[1].F32[:c], out[2].F32[:c]
	k.x, k.scale, k.mean, k.rstd, k.dy = h.in(in, 0, n), in[1].F32[:c], in[2].F32[:k.rows], in[3].F32[:k.rows], h.in(in, 4, n)
	t := k.chunks * c
	cut(scratch, part{&k.scales, t}, part{&k.offsets, t}, part{&k.tmp, c}, part{&k.rooms.floats, k.workers * layerNormGradRooms * k.rooms.size})
}

// Run computes the outputs.
func (k *LayerNormGradKernel) Run(p *pool.Pool) {
	p.Run(k.chunks, k)
	sumRows(k.dscale, k.tmp, k.scales, k.chunks)
	sumRows(k.doffset, k.tmp, k.offsets, k.chunks)
}

// Chunk implements pool.Task.
func (k *LayerNormGradKernel) Chunk(i, worker int) {
	_, row, n := k.at(i)
	c := k.c
	dscale, doffset := k.scales[i*c:(i+1)*c], k.offsets[i*c:(i+1)*c]
	clear(dscale)
	clear(doffset)
	room := k.rooms.at(worker, layerNormGradRooms, 0)
	k.rooms.blocks(row, n, c, func(lo, hi int) {
		x, dy := k.x.read(room, lo, hi), k.dy.read(k.rooms.at(worker, layerNormGradRooms, 1), lo, hi)
		dx := k.dx.room(room, lo, hi)
		vec.LayerNormGrad(dx, dscale, doffset, dy, x, k.scale, k.mean[lo/c:hi/c], k.rstd[lo/c:hi/c])
		k.dx.done(dx, lo, hi)
	})
}

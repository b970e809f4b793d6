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
}

// LayerNormKernel computes y, the mean and rstd = 1/sqrt(variance + epsilon) of
// each row from x, scale[C] and offset[C].
type LayerNormKernel struct {
	grid
	epsilon          float32
	x, scale, offset []float32
	y, mean, rstd    []float32
}

// NewLayerNorm plans layer_norm.
func NewLayerNorm(s LayerNorm, workers int) (*LayerNormKernel, error) {
	g, err := rowGrid(s.Dims)
	if err != nil {
		return nil, fmt.Errorf("layer_norm: %w", err)
	}
	return &LayerNormKernel{grid: g, epsilon: s.Epsilon}, nil
}

func rowGrid(dims []int) (grid, error) {
	if len(dims) == 0 {
		return grid{}, fmt.Errorf("expected f32[...,C], found a scalar")
	}
	return newGrid(dims, 1, passRows(max(1, dims[len(dims)-1])))
}

// Scratch is how many float32s Bind needs.
func (k *LayerNormKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: outputs y, mean, rstd; inputs x, scale, offset. y may be x.
func (k *LayerNormKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n := k.rows * k.c
	checkBind("layer_norm", scratch, 0, out, in, []int{n, k.rows, k.rows}, []int{n, k.c, k.c})
	k.y, k.mean, k.rstd = out[0].F32[:n], out[1].F32[:k.rows], out[2].F32[:k.rows]
	k.x, k.scale, k.offset = in[0].F32[:n], in[1].F32[:k.c], in[2].F32[:k.c]
}

// Run computes the outputs.
func (k *LayerNormKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *LayerNormKernel) Chunk(i, worker int) {
	_, row, n := k.at(i)
	for r := row; r < row+n; r++ {
		x := k.x[r*k.c : (r+1)*k.c]
		mean := vec.Sum(x) / float32(k.c)
		rstd := rsqrt(vec.SumSquares(x, mean)/float32(k.c) + k.epsilon)
		k.mean[r], k.rstd[r] = mean, rstd
		vec.RowAffine(k.y[r*k.c:(r+1)*k.c], x, k.scale, k.offset, mean, rstd)
	}
}

// LayerNormGradKernel computes dx, dscale[C] and doffset[C] from x, scale[C],
// mean, rstd and dy. With h = (x-mean)*rstd, g = dy*scale and means over a row:
//
//	dx = rstd*(g - mean(g) - h*mean(g*h)), dscale = sum(dy*h), doffset = sum(dy)
type LayerNormGradKernel struct {
	grid
	x, scale, mean, rstd, dy []float32
	dx, dscale, doffset      []float32
	scales, offsets, tmp     []float32 // sums of chunks
}

// NewLayerNormGrad plans layer_norm_grad.
func NewLayerNormGrad(s LayerNorm, workers int) (*LayerNormGradKernel, error) {
	g, err := rowGrid(s.Dims)
	if err != nil {
		return nil, fmt.Errorf("layer_norm_grad: %w", err)
	}
	g.chunkRows = min(g.rows, max(g.chunkRows, 32, min(512, ceil(g.rows, 64))))
	g.chunks = ceil(g.rows, g.chunkRows)
	return &LayerNormGradKernel{grid: g}, nil
}

// Scratch is how many float32s Bind needs.
func (k *LayerNormGradKernel) Scratch() int { return (2*k.chunks + 1) * k.c }

// Bind gives the kernel its memory: outputs dx, dscale, doffset; inputs x,
// scale, mean, rstd, dy. dx may be dy or x.
func (k *LayerNormGradKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c := k.rows*k.c, k.c
	checkBind("layer_norm_grad", scratch, k.Scratch(), out, in, []int{n, c, c}, []int{n, c, k.rows, k.rows, n})
	k.dx, k.dscale, k.doffset = out[0].F32[:n], out[1].F32[:c], out[2].F32[:c]
	k.x, k.scale, k.mean, k.rstd, k.dy = in[0].F32[:n], in[1].F32[:c], in[2].F32[:k.rows], in[3].F32[:k.rows], in[4].F32[:n]
	t := k.chunks * c
	k.scales, k.offsets, k.tmp = scratch[:t], scratch[t:2*t], scratch[2*t:2*t+c]
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
	for r := row; r < row+n; r++ {
		x, dy, mean, rstd := k.x[r*c:(r+1)*c], k.dy[r*c:(r+1)*c], k.mean[r], k.rstd[r]
		g, gh := vec.RowDots(dscale, doffset, dy, x, k.scale, mean, rstd)
		m := rstd / float32(c)
		vec.RowGrad(k.dx[r*c:(r+1)*c], dy, x, k.scale, mean, rstd, -m*gh*rstd, -m*g)
	}
}

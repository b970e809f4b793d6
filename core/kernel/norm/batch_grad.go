package norm

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// BatchNormGradKernel computes dx, dscale[C] and doffset[C] from x, scale[C],
// mean[G,C], variance[G,C] and dy. With h = (x-mean)*rstd and means over a
// group's n rows:
//
//	doffset = sum(dy), dscale = sum(dy*h), dx = scale*rstd*(dy - mean(dy) - h*mean(dy*h))
type BatchNormGradKernel struct {
	grid
	epsilon                  float32
	phase                    int
	x, scale, mean, variance []float32
	dy, dx, dscale, doffset  []float32
	sums, dots               []float32 // of chunks: sum(dy), sum(dy*(x-mean))
	a, b, d                  []float32 // of groups: dx = dy*a + (x-mean)*b + d
	tmp                      []float32
}

// NewBatchNormGrad plans batch_norm_grad.
func NewBatchNormGrad(s BatchNorm, workers int) (*BatchNormGradKernel, error) {
	g, err := s.grid()
	if err != nil {
		return nil, fmt.Errorf("batch_norm_grad: %w", err)
	}
	return &BatchNormGradKernel{grid: g, epsilon: s.Epsilon}, nil
}

// Scratch is how many float32s Bind needs.
func (k *BatchNormGradKernel) Scratch() int { return (2*k.total() + 3*k.groups + 1) * k.c }

// Bind gives the kernel its memory: outputs dx, dscale, doffset; inputs x,
// scale, mean, variance, dy. dx may be dy or x.
func (k *BatchNormGradKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c, gc := k.groups*k.rows*k.c, k.c, k.groups*k.c
	checkBind("batch_norm_grad", scratch, k.Scratch(), out, in, []int{n, c, c}, []int{n, c, gc, gc, n})
	k.dx, k.dscale, k.doffset = out[0].F32[:n], out[1].F32[:c], out[2].F32[:c]
	k.x, k.scale, k.mean, k.variance, k.dy = in[0].F32[:n], in[1].F32[:c], in[2].F32[:gc], in[3].F32[:gc], in[4].F32[:n]
	for _, part := range []struct {
		dst *[]float32
		n   int
	}{{&k.sums, k.total() * c}, {&k.dots, k.total() * c}, {&k.a, gc}, {&k.b, gc}, {&k.d, gc}, {&k.tmp, c}} {
		*part.dst, scratch = scratch[:part.n], scratch[part.n:]
	}
}

// Run computes the outputs.
func (k *BatchNormGradKernel) Run(p *pool.Pool) {
	k.phase = 0
	p.Run(k.total(), k)
	clear(k.dscale)
	clear(k.doffset)
	for g := range k.groups {
		k.join(g)
	}
	k.phase = 1
	p.Run(k.total(), k)
}

func (k *BatchNormGradKernel) join(g int) {
	c, n := k.c, float32(k.rows)
	lo, hi := g*c, (g+1)*c
	sum, dot := k.d[lo:hi], k.b[lo:hi]
	sumRows(sum, k.tmp, k.sums[g*k.chunks*c:(g+1)*k.chunks*c], k.chunks)
	sumRows(dot, k.tmp, k.dots[g*k.chunks*c:(g+1)*k.chunks*c], k.chunks)
	for j := range c {
		rstd := rsqrt(k.variance[lo+j] + k.epsilon)
		a := k.scale[j] * rstd
		k.doffset[j] += sum[j]
		k.dscale[j] += dot[j] * rstd
		k.a[lo+j] = a
		dot[j] = -a * rstd * (rstd * dot[j] / n)
		sum[j] = -a * (sum[j] / n)
	}
}

// Chunk implements pool.Task.
func (k *BatchNormGradKernel) Chunk(i, worker int) {
	g, row, n := k.at(i)
	c := k.c
	lo, hi := row*c, (row+n)*c
	glo, ghi := g*c, (g+1)*c
	if k.phase == 1 {
		vec.ColGrad(k.dx[lo:hi], k.dy[lo:hi], k.x[lo:hi], k.mean[glo:ghi], k.a[glo:ghi], k.b[glo:ghi], k.d[glo:ghi], n)
		return
	}
	sum, dot := k.sums[i*c:(i+1)*c], k.dots[i*c:(i+1)*c]
	clear(sum)
	clear(dot)
	vec.ColDots(sum, dot, k.dy[lo:hi], k.x[lo:hi], k.mean[glo:ghi], n)
}

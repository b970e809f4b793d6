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
//
// With Relu, dy counts only where the forward kernel's output is above 0; with
// Residual as well, that dy is a further output, the residual's gradient.
// (Without Relu the residual's gradient is dy itself.)
type BatchNormGradKernel struct {
	grid
	spec                     BatchNorm
	phase                    int
	x, scale, mean, variance []float32
	dy, dx, dscale, doffset  []float32
	output, masked           []float32 // of the forward kernel; the residual's gradient
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
	return &BatchNormGradKernel{grid: g, spec: s}, nil
}

// Scratch is how many float32s Bind needs.
func (k *BatchNormGradKernel) Scratch() int { return (2*k.total() + 3*k.groups + 1) * k.c }

// Bind gives the kernel its memory: outputs dx, dscale, doffset; inputs x,
// scale, mean, variance, dy. With Relu the forward output is a sixth input, and
// with Residual as well the residual's gradient a fourth output. dx may be dy,
// x or the forward output; the residual's gradient may be dy or the forward output.
func (k *BatchNormGradKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c, gc := k.groups*k.rows*k.c, k.c, k.groups*k.c
	outSizes, inSizes := []int{n, c, c}, []int{n, c, gc, gc, n}
	if k.spec.Relu {
		inSizes = append(inSizes, n)
		if k.spec.Residual {
			outSizes = append(outSizes, n)
		}
	}
	checkBind("batch_norm_grad", scratch, k.Scratch(), out, in, outSizes, inSizes)
	if k.spec.Relu {
		k.output = in[5].F32[:n]
		if k.spec.Residual {
			k.masked = out[3].F32[:n]
		}
	}
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
		rstd := rsqrt(k.variance[lo+j] + k.spec.Epsilon)
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
	var gate vec.Gate
	var masked []float32
	if k.spec.Relu {
		gate.Out = k.output[lo:hi]
	}
	if k.masked != nil {
		masked = k.masked[lo:hi]
	}
	dy := k.dy[lo:hi]
	if k.phase == 1 {
		if masked != nil {
			dy, gate.Out = masked, nil // the first pass has done it
		}
		vec.ColGrad(k.dx[lo:hi], dy, k.x[lo:hi], gate, k.mean[glo:ghi], k.a[glo:ghi], k.b[glo:ghi], k.d[glo:ghi], n)
		return
	}
	sum, dot := k.sums[i*c:(i+1)*c], k.dots[i*c:(i+1)*c]
	clear(sum)
	clear(dot)
	vec.ColDots(sum, dot, dy, k.x[lo:hi], gate, masked, k.mean[glo:ghi], n)
}

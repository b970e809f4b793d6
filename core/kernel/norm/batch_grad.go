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
// With Relu, dy counts only where the forward kernel's output is above 0. That
// is found by the output itself; or, with Recompute, from x and offset[C] with the
// forward kernel's roundings, which saves two passes over the output. With
// Residual as well as Relu, that dy is a further output, the residual's gradient.
// (Without Relu the residual's gradient is dy itself.)
type BatchNormGradKernel struct {
	columns
	spec                  BatchNorm
	phase                 int
	x, dy, dx             values
	scale, mean, variance []float32
	dscale, doffset       []float32
	output, masked        values    // of the forward kernel; the residual's gradient
	sums, dots            []float32 // of chunks: sum(dy), sum(dy*(x-mean))
	offset                []float32 // with Recompute
	wideMean, a, b, d     []float32 // of groups: dx = dy*a + (x-mean)*b + d
	wideOffset            []float32
	tmp                   []float32
	rooms                 rooms
	workers               int
}

const batchNormGradRooms = 4 // of x, then dx; of dy; of the forward output; and of the residual's gradient

// NewBatchNormGrad plans batch_norm_grad.
func NewBatchNormGrad(s BatchNorm, workers int) (*BatchNormGradKernel, error) {
	g, err := newColumns(s.Dims, max(s.Groups, 1))
	if err == nil && s.Recompute && (s.Residual || !s.Relu) {
		err = fmt.Errorf("recompute is for a rectifier without a residual")
	}
	if err != nil {
		return nil, fmt.Errorf("batch_norm_grad: %w", err)
	}
	return &BatchNormGradKernel{columns: g, spec: s, workers: workers, rooms: s.chunkRooms(&g)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *BatchNormGradKernel) Scratch() int {
	return (2*k.total()+4*k.groups+2)*k.c + k.workers*batchNormGradRooms*k.rooms.size
}

// Bind gives the kernel its memory: outputs dx, dscale, doffset; inputs x,
// scale, mean, variance, dy. With Relu the forward output is a sixth input, or
// offset with Recompute; with Residual as well the residual's gradient is a fourth output. dx may be dy,
// x or the forward output; the residual's gradient may be dy or the forward output.
func (k *BatchNormGradKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c, gc := k.groups*k.rows*k.c, k.channels, k.groups*k.channels
	outSizes, inSizes := []int{n, c, c}, []int{n, c, gc, gc, n}
	switch {
	case k.spec.Recompute:
		inSizes = append(inSizes, c)
	case k.spec.Relu:
		inSizes = append(inSizes, n)
		if k.spec.Residual {
			outSizes = append(outSizes, n)
		}
	}
	h := k.spec.Halves
	checkBind("batch_norm_grad", h, scratch, k.Scratch(), out, in, outSizes, inSizes)
	switch {
	case k.spec.Recompute:
		k.offset = in[5].F32[:c]
	case k.spec.Relu:
		k.output = h.in(in, 5, n)
		if k.spec.Residual {
			k.masked = h.out(out, 3, n)
		}
	}
	k.dx, k.dscale, k.doffset = h.out(out, 0, n), out[1].F32[:c], out[2].F32[:c]
	k.x, k.scale, k.mean, k.variance, k.dy = h.in(in, 0, n), in[1].F32[:c], in[2].F32[:gc], in[3].F32[:gc], h.in(in, 4, n)
	t, w := k.total()*k.c, k.groups*k.c
	cut(scratch, part{&k.sums, t}, part{&k.dots, t}, part{&k.wideMean, w}, part{&k.a, w}, part{&k.b, w}, part{&k.d, w},
		part{&k.wideOffset, k.c}, part{&k.tmp, k.c}, part{&k.rooms.floats, k.workers * batchNormGradRooms * k.rooms.size})
}

// Run computes the outputs.
func (k *BatchNormGradKernel) Run(p *pool.Pool) {
	for g := range k.groups {
		k.prepare(g)
	}
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

// prepare spreads what a group's first pass needs: the mean, and a and the
// offset of the forward kernel.
func (k *BatchNormGradKernel) prepare(g int) {
	c, w := k.c, k.channels
	k.spread(k.wideMean[g*c:(g+1)*c], k.mean[g*w:(g+1)*w])
	a := k.tmp[:w]
	for j := range a {
		a[j] = k.scale[j] * rsqrt(k.variance[g*w+j]+k.spec.Epsilon)
	}
	k.spread(k.a[g*c:(g+1)*c], a)
	if k.spec.Recompute {
		k.spread(k.wideOffset, k.offset)
	}
}

func (k *BatchNormGradKernel) join(g int) {
	c, w, n := k.c, k.channels, float32(k.rows*k.fold)
	wideB, wideD := k.b[g*c:(g+1)*c], k.d[g*c:(g+1)*c]
	sumRows(wideD, k.tmp, k.sums[g*k.chunks*c:(g+1)*k.chunks*c], k.chunks)
	sumRows(wideB, k.tmp, k.dots[g*k.chunks*c:(g+1)*k.chunks*c], k.chunks)
	sum, dot := k.joined(wideD), k.joined(wideB)
	for j := range w {
		rstd, a := rsqrt(k.variance[g*w+j]+k.spec.Epsilon), k.a[g*c+j]
		k.doffset[j] += sum[j]
		k.dscale[j] += dot[j] * rstd
		dot[j] = -a * rstd * (rstd * dot[j] / n)
		sum[j] = -a * (sum[j] / n)
	}
	k.spread(wideB, dot)
	k.spread(wideD, sum)
}

// Chunk implements pool.Task.
func (k *BatchNormGradKernel) Chunk(i, worker int) {
	if k.phase == 1 { // backwards: what was read last is still in the cache
		i = k.total() - 1 - i
	}
	g, row, n := k.at(i)
	c := k.c
	mean, a := k.wideMean[g*c:(g+1)*c], k.a[g*c:(g+1)*c]
	sum, dot := k.sums[i*c:(i+1)*c], k.dots[i*c:(i+1)*c]
	if k.phase == 0 {
		clear(sum)
		clear(dot)
	}
	room := func(i int) []float32 { return k.rooms.at(worker, batchNormGradRooms, i) }
	k.rooms.blocks(row, n, c, func(lo, hi int) {
		rows := (hi - lo) / c
		x := k.x.read(room(0), lo, hi)
		var gate vec.Gate
		switch {
		case k.spec.Recompute:
			gate = vec.Gate{A: a, Offset: k.wideOffset}
		case k.spec.Relu && !(k.phase == 1 && k.masked.has()): // or the first pass has done it
			gate.Out = k.output.read(room(2), lo, hi)
		}
		if k.phase == 0 {
			masked := k.masked.room(room(3), lo, hi)
			vec.ColDots(sum, dot, k.dy.read(room(1), lo, hi), x, gate, masked, mean, rows)
			k.masked.done(masked, lo, hi)
			return
		}
		dy := k.dy
		if k.masked.has() {
			dy = k.masked
		}
		dx := k.dx.room(room(0), lo, hi)
		vec.ColGrad(dx, dy.read(room(1), lo, hi), x, gate, mean, a, k.b[g*c:(g+1)*c], k.d[g*c:(g+1)*c], rows)
		k.dx.done(dx, lo, hi)
	})
}

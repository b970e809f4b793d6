package norm

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// BatchNormInferenceKernel computes (x - mean) / sqrt(variance + epsilon) *
// scale + offset, and what the spec adds.
type BatchNormInferenceKernel struct {
	columns
	spec                          BatchNorm
	y, x, residual                values
	scale, offset, mean, variance []float32
	wideMean, a, wideOffset       []float32
	past                          bool
	rooms                         rooms
	workers                       int
}

// NewBatchNormInference plans batch_norm_inference; Groups is not used.
func NewBatchNormInference(s BatchNorm, workers int) (*BatchNormInferenceKernel, error) {
	g, err := newColumns(s.Dims, 1)
	if err != nil {
		return nil, fmt.Errorf("batch_norm_inference: %w", err)
	}
	return &BatchNormInferenceKernel{columns: g, spec: s, workers: workers, rooms: s.chunkRooms(&g)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *BatchNormInferenceKernel) Scratch() int {
	return 3*k.c + k.workers*batchNormRooms*k.rooms.size
}

// Bind gives the kernel its memory: output y; inputs x, scale, offset, mean,
// variance and the residual, if there is one. y may be x or the residual.
func (k *BatchNormInferenceKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c := k.rows*k.c, k.channels
	sizes := []int{n, c, c, c, c}
	if k.spec.Residual {
		sizes = append(sizes, n)
	}
	h := k.spec.Halves
	checkBind("batch_norm_inference", h, scratch, k.Scratch(), out, in, []int{n}, sizes)
	if k.spec.Residual {
		k.residual = h.in(in, 5, n)
	}
	k.y, k.x = h.out(out, 0, n), h.in(in, 0, n)
	k.scale, k.offset, k.mean, k.variance = in[1].F32[:c], in[2].F32[:c], in[3].F32[:c], in[4].F32[:c]
	k.past = pastCache(out[0], in...)
	cut(scratch, part{&k.wideMean, k.c}, part{&k.a, k.c}, part{&k.wideOffset, k.c},
		part{&k.rooms.floats, k.workers * batchNormRooms * k.rooms.size})
}

// Run computes the output.
func (k *BatchNormInferenceKernel) Run(p *pool.Pool) {
	a := k.wideMean[:k.channels]
	for j := range a {
		a[j] = k.scale[j] * rsqrt(k.variance[j]+k.spec.Epsilon)
	}
	k.spread(k.a, a)
	k.spread(k.wideMean, k.mean)
	k.spread(k.wideOffset, k.offset)
	p.Run(k.chunks, k)
}

// Chunk implements pool.Task.
func (k *BatchNormInferenceKernel) Chunk(i, worker int) {
	_, row, n := k.at(i)
	room, more := k.rooms.at(worker, batchNormRooms, 0), k.rooms.at(worker, batchNormRooms, 1)
	k.rooms.blocks(row, n, k.c, func(lo, hi int) {
		x, residual, y := k.x.read(room, lo, hi), k.residual.read(more, lo, hi), k.y.room(room, lo, hi)
		vec.ColAffine(y, x, residual, k.wideMean, k.a, k.wideOffset, (hi-lo)/k.c, k.spec.Relu, k.past && k.y.f != nil)
		k.y.done(y, lo, hi)
	})
}

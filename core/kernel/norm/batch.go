package norm

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// BatchNorm is batch normalisation over all but the last dimension C (Ioffe
// and Szegedy 2015). Groups, where above 1, are equal parts of the leading
// dimension with statistics of their own.
//
// Residual and Relu fuse what follows in a residual network: the output is y,
// y + residual, max(y, 0) or max(y + residual, 0), where y is the normalised
// input times scale plus offset.
type BatchNorm struct {
	Dims     []int
	Groups   int // 0 means 1
	Epsilon  float32
	Residual bool // a residual of the input's shape is added
	Relu     bool // then max(y, 0)

	Recompute bool // of the gradient: see [BatchNormGradKernel]

	Halves Halves
}

// chunkRooms is a worker's memory for operands of a chunk, nothing where all
// are float32.
func (s *BatchNorm) chunkRooms(g *columns) rooms {
	if s.Halves == (Halves{}) {
		return rooms{}
	}
	return rooms{size: min(g.chunkRows, max(1, roomFloats/g.c))*g.c + 80}
}

// BatchNormKernel computes y, mean[G,C] and the biased variance[G,C] from x,
// scale[C], offset[C] and the residual, if there is one.
type BatchNormKernel struct {
	columns
	spec           BatchNorm
	phase, workers int
	past           bool
	x, residual, y values
	scale, offset  []float32
	mean, variance []float32
	means, squares []float32 // of chunks
	wideMean, a    []float32 // of groups: mean and scale*rstd
	wideOffset     []float32
	tmp            []float32 // one row of each worker
	rooms          rooms
}

const batchNormRooms = 2 // of x, then y; and the residual

// NewBatchNorm plans batch_norm_training.
func NewBatchNorm(s BatchNorm, workers int) (*BatchNormKernel, error) {
	g, err := newColumns(s.Dims, max(s.Groups, 1))
	if err != nil {
		return nil, fmt.Errorf("batch_norm_training: %w", err)
	}
	return &BatchNormKernel{columns: g, spec: s, workers: workers, rooms: s.chunkRooms(&g)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *BatchNormKernel) Scratch() int {
	return (2*k.total()+2*k.groups+1+max(k.workers, 4))*k.c + k.workers*batchNormRooms*k.rooms.size
}

// Bind gives the kernel its memory: outputs y, mean, variance; inputs x, scale,
// offset and the residual, if there is one. y may be x or the residual.
func (k *BatchNormKernel) Bind(scratch []float32, out, in []buf.Buf) {
	n, c, gc := k.groups*k.rows*k.c, k.channels, k.groups*k.channels
	sizes := []int{n, c, c}
	if k.spec.Residual {
		sizes = append(sizes, n)
	}
	h := k.spec.Halves
	checkBind("batch_norm_training", h, scratch, k.Scratch(), out, in, []int{n, gc, gc}, sizes)
	if k.spec.Residual {
		k.residual = h.in(in, 3, n)
	}
	k.y, k.mean, k.variance = h.out(out, 0, n), out[1].F32[:gc], out[2].F32[:gc]
	k.x, k.scale, k.offset = h.in(in, 0, n), in[1].F32[:c], in[2].F32[:c]
	k.past = pastCache(out[0], in...)
	t, w := k.total()*k.c, k.groups*k.c
	cut(scratch, part{&k.means, t}, part{&k.squares, t}, part{&k.wideMean, w}, part{&k.a, w}, part{&k.wideOffset, k.c}, part{&k.tmp, max(k.workers, 4) * k.c},
		part{&k.rooms.floats, k.workers * batchNormRooms * k.rooms.size})
}

// Run computes the outputs.
func (k *BatchNormKernel) Run(p *pool.Pool) {
	k.phase = 0
	p.Run(k.total(), k)
	for g := range k.groups {
		k.join(g)
	}
	k.spread(k.wideOffset, k.offset)
	k.phase = 1
	p.Run(k.total(), k)
}

// join makes a group's statistics from those of its chunks (Chan, Golub and
// LeVeque 1979): with n_i rows of mean m_i and squares s_i around it, the mean
// is the sum of n_i m_i / n and the variance that of (s_i + n_i (m_i-mean)^2) / n.
func (k *BatchNormKernel) join(g int) {
	c, w := k.c, k.channels
	mean, variance := k.mean[g*w:(g+1)*w], k.variance[g*w:(g+1)*w]
	means, squares := k.means[g*k.chunks*c:(g+1)*k.chunks*c], k.squares[g*k.chunks*c:(g+1)*k.chunks*c]
	full := k.chunks - 1 // chunks of chunkRows rows; the last may have fewer
	lastRows := float32(k.rows - full*k.chunkRows)
	each, n := float32(k.chunkRows), float32(k.rows*k.fold)
	tmp, sum, last, wide := k.tmp[:c], k.tmp[c:2*c], k.tmp[2*c:3*c], k.wideMean[g*c:(g+1)*c]

	sumRows(sum, tmp, means, full)
	copy(last, means[full*c:])
	full32, last32 := k.joined(sum), k.joined(last)
	for j := range mean {
		mean[j] = full32[j]*(each/n) + last32[j]*(lastRows/n)
	}
	k.spread(wide, mean)
	squareRows(sum, tmp, means, wide, full)
	squareRows(last, tmp, means[full*c:], wide, 1)
	full32, last32 = k.joined(sum), k.joined(last)
	within := k.tmp[3*c : 4*c]
	sumRows(within, tmp, squares, k.chunks)
	k.joined(within)
	a := k.tmp[:w]
	for j := range variance {
		v := (within[j] + full32[j]*each + last32[j]*lastRows) / n
		variance[j] = v
		a[j] = k.scale[j] * rsqrt(v+k.spec.Epsilon)
	}
	k.spread(k.a[g*c:(g+1)*c], a)
}

// Chunk implements pool.Task.
func (k *BatchNormKernel) Chunk(i, worker int) {
	if k.phase == 1 { // backwards: what was read last is still in the cache
		i = k.total() - 1 - i
	}
	g, row, n := k.at(i)
	c := k.c
	room := k.rooms.at(worker, batchNormRooms, 0)
	if k.phase == 0 {
		k.moments(k.means[i*c:(i+1)*c], k.squares[i*c:(i+1)*c], k.tmp[worker*c:(worker+1)*c], room, row, n)
		return
	}
	more := k.rooms.at(worker, batchNormRooms, 1)
	k.rooms.blocks(row, n, c, func(lo, hi int) {
		x, residual, y := k.x.read(room, lo, hi), k.residual.read(more, lo, hi), k.y.room(room, lo, hi)
		vec.ColAffine(y, x, residual, k.wideMean[g*c:(g+1)*c], k.a[g*c:(g+1)*c], k.wideOffset, (hi-lo)/c, k.spec.Relu, k.past && k.y.f != nil)
		k.y.done(y, lo, hi)
	})
}

// sample is how many rows give the shift of a chunk's moments.
const sample = 16

// moments makes the mean and the squares around it of n rows of x in one pass, with
// sums around the mean s of the first rows: with d = x-s, the mean is
// s + sum(d)/n and the squares are sum(d^2) - sum(d)^2/n. The rows behind s are
// among the n, so that n (mean-s)^2 is at most n/sample times the squares: the
// subtraction loses at most log2(n/sample) bits.
func (k *BatchNormKernel) moments(mean, squares, sum, room []float32, row, n int) {
	c := len(mean)
	rows := min(n, sample)
	clear(mean)
	k.rooms.blocks(row, rows, c, func(lo, hi int) { vec.ColSum(mean, k.x.read(room, lo, hi), (hi-lo)/c) })
	vec.MulScalar(mean, mean, 1/float32(rows))
	clear(sum)
	clear(squares)
	k.rooms.blocks(row, n, c, func(lo, hi int) { vec.ColMoments(sum, squares, k.x.read(room, lo, hi), mean, (hi-lo)/c) })
	vec.Axpy(mean, 1/float32(n), sum)
	vec.Mul(sum, sum, sum)
	vec.Axpy(squares, -1/float32(n), sum)
	vec.MaxScalar(squares, squares, 0)
}

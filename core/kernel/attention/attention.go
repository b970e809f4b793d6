// Package attention owns scaled dot-product attention (Vaswani et al. 2017) and
// its gradient over float32, without the T x T matrix of all heads: a worker has
// the scores of a block of one head's rows at a time, and the gradient makes them
// anew from the logarithms of the rows' sums (Dao et al. 2022, FlashAttention).
// Queries, keys and values are read where one linear layer leaves them, and
// their gradients written there, so nothing is transposed in memory. Products are
// made of package tile's. Start from [New] and [NewGrad].
//
// An image's head is one worker's, from first to last in a fixed order, so the
// bits do not depend on the number of workers.
package attention

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Spec is attention over x [N,T,3,Heads,D], of which the third dimension is
// queries q, keys k and values v.
type Spec struct {
	N, T, Heads, D int
	Scale          float32 // of the products of queries and keys
}

const (
	// blockScores bounds the scores of a block of rows: 256 KiB, of which the
	// gradient has two beside the operands in the L2 cache.
	blockScores = 1 << 16
	// A chunk of work is worth handing to a worker from about this many operations on.
	chunkFLOPs = 1 << 19
	wantChunks = 32
	maxFloats  = math.MaxInt32 / 4 // so that places fit 32 bits
)

// layout is where things lie, in elements.
type layout struct {
	Spec
	tp, dp     int // T and D with what fills their last panels
	rows       int // of scores in a block; the last may have fewer
	xRow, oRow int // from one token to the next in x and in the output
	group      int // heads to a chunk
}

func newLayout(s Spec, workers int) (layout, error) {
	l := layout{Spec: s}
	if s.N < 1 || s.T < 1 || s.Heads < 1 || s.D < 1 || workers < 1 {
		return l, fmt.Errorf("attention: expected [N,T,3,H,d] without an empty dimension and at least 1 worker, found %+v and %d", s, workers)
	}
	if err := shape.F32(s.N, s.T, 3, s.Heads, s.D).Check(); err != nil {
		return l, fmt.Errorf("attention: %w", err)
	}
	l.xRow, l.oRow = 3*s.Heads*s.D, s.Heads*s.D
	if s.T > maxFloats/l.xRow {
		return l, fmt.Errorf("attention: expected at most %d elements for an image, found %d x %d", maxFloats, s.T, l.xRow)
	}
	l.tp, l.dp = padded(s.T), padded(s.D)
	l.rows = min(s.T, max(1, blockScores/l.tp))
	l.group = max(1, min(chunkFLOPs/l.flops(2), s.N*s.Heads/wantChunks))
	return l, nil
}

// flops is the operations of so many products of one head.
func (l *layout) flops(products int) int { return products * 2 * l.T * l.T * l.D }

func (l *layout) heads() int { return l.N * l.Heads }

func (l *layout) chunks() int { return (l.heads() + l.group - 1) / l.group }

// packed is the queries, keys or values (0, 1, 2) of a head from token t on, in x
// or what is laid out as x is.
func (l *layout) packed(x []float32, head, part, t int) matrix {
	at := ((head/l.Heads*l.T+t)*3+part)*l.oRow + head%l.Heads*l.D
	return matrix{x[at:], l.xRow, 1}
}

// mixed is a head's output from token t on, in o or what is laid out as o is.
func (l *layout) mixed(o []float32, head, t int) matrix {
	return matrix{o[(head/l.Heads*l.T+t)*l.oRow+head%l.Heads*l.D:], l.oRow, 1}
}

// row is one token's D numbers.
func (l *layout) row(m matrix, i int) []float32 { return m.data[i*m.row : i*m.row+l.D] }

func (m matrix) transposed() matrix { return matrix{m.data, m.col, m.row} }

func (l *layout) sizes() (x, o, lse int) {
	return l.N * l.T * l.xRow, l.N * l.T * l.oRow, l.heads() * l.T
}

// edgeFloats is the memory that multiply needs beside its operands.
const edgeFloats = tile.MaxRows * tile.Cols

// Kernel computes, for each head of each image,
//
//	s = scale * q k^T;  lse[i] = log(sum_j e^s[i][j]);  out = e^(s-lse) v
type Kernel struct {
	layout
	workers    []worker
	x, o, sums []float32
}

// worker is one worker's memory.
type worker struct {
	keys   []float32 // k^T in panels, [D,T]
	values []float32 // v in panels, [T,D]
	scores []float32 // [rows,tp]
	edge   []float32
}

// New plans attention for at most so many workers.
func New(s Spec, workers int) (*Kernel, error) {
	l, err := newLayout(s, workers)
	return &Kernel{layout: l, workers: make([]worker, max(0, workers))}, err
}

// FLOPs counts multiplications and additions.
func (k *Kernel) FLOPs() int64 { return int64(k.heads()) * int64(k.flops(2)) }

// Scratch is the float32s of scratch memory that Bind needs.
func (k *Kernel) Scratch() int {
	return len(k.workers) * (k.D*k.tp + k.T*k.dp + k.rows*k.tp + edgeFloats)
}

// Bind sets the buffers: out and lse, and x.
func (k *Kernel) Bind(scratch []float32, out, in []buf.Buf) {
	x, o, sums := k.sizes()
	need("scratch", scratch, k.Scratch())
	k.x, k.o, k.sums = need("x", in[0].F32, x), need("out", out[0].F32, o), need("lse", out[1].F32, sums)
	take := taker(scratch)
	for i := range k.workers {
		k.workers[i] = worker{take(k.D * k.tp), take(k.T * k.dp), take(k.rows * k.tp), take(edgeFloats)}
	}
}

// Run computes out and lse. It allocates nothing.
func (k *Kernel) Run(p *pool.Pool) { p.Run(k.chunks(), k) }

// Chunk computes some heads.
func (k *Kernel) Chunk(i, worker int) {
	for h := i * k.group; h < min((i+1)*k.group, k.heads()); h++ {
		k.head(&k.workers[worker], h)
	}
}

func (k *Kernel) head(w *worker, h int) {
	keys := panels{w.keys, k.D, k.T}.pack(k.packed(k.x, h, 1, 0).transposed())
	vec.MulScalar(keys.data, keys.data, k.Scale)
	values := panels{w.values, k.T, k.D}.pack(k.packed(k.x, h, 2, 0))
	for t := 0; t < k.T; t += k.rows {
		rows := min(k.rows, k.T-t)
		multiply(w.scores, k.tp, k.packed(k.x, h, 0, t), keys, rows, false, true, w.edge)
		sums := k.sums[h*k.T+t:][:rows]
		for i := range rows {
			s := w.scores[i*k.tp:][:k.T]
			top := vec.MaxOf(s)
			sum := vec.ExpSum(s, s, top)
			vec.MulScalar(s, s, 1/sum)
			sums[i] = top + float32(math.Log(float64(sum)))
		}
		out := k.mixed(k.o, h, t)
		multiply(out.data, out.row, matrix{w.scores, k.tp, 1}, values, rows, false, false, w.edge)
	}
}

func need(what string, got []float32, n int) []float32 {
	if len(got) < n {
		panic(fmt.Sprintf("attention: bind %s: expected %d elements, found %d", what, n, len(got)))
	}
	return got[:n]
}

// taker hands out b piece by piece.
func taker(b []float32) func(n int) []float32 {
	return func(n int) []float32 {
		piece := b[:n:n]
		b = b[n:]
		return piece
	}
}

// Package attention owns scaled dot-product attention (Vaswani et al. 2017) and
// its gradient over float32, without the T x T matrix of all heads: a worker has
// the scores of a block of one head's rows at a time, and the gradient makes them
// anew from the logarithms of the rows' sums (Dao et al. 2022, FlashAttention).
// Queries, keys and values are read where one linear layer leaves them, and
// their gradients written there, so nothing is transposed. Products are package
// gemm's. Start from [New] and [NewGrad].
//
// An image's head is one worker's, from first to last in a fixed order, so the
// bits do not depend on the number of workers.
package attention

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/gemm"
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
)

// layout is where things lie, in elements.
type layout struct {
	Spec
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
	l.rows = min(s.T, max(1, blockScores/s.T))
	l.xRow, l.oRow = 3*s.Heads*s.D, s.Heads*s.D
	l.group = max(1, min(chunkFLOPs/l.flops(2), s.N*s.Heads/wantChunks))
	return l, nil
}

// flops is the operations of so many products of one head.
func (l *layout) flops(products int) int { return products * 2 * l.T * l.T * l.D }

func (l *layout) chunks() int { return (l.N*l.Heads + l.group - 1) / l.group }

// packed is the place of the queries, keys or values (0, 1, 2) of token t in x.
func (l *layout) packed(n, h, part, t int) int { return ((n*l.T+t)*3+part)*l.oRow + h*l.D }

// mixed is the place of the output of token t.
func (l *layout) mixed(n, h, t int) int { return (n*l.T+t)*l.oRow + h*l.D }

func (l *layout) sizes() (x, o, lse int) {
	return l.N * l.T * l.xRow, l.N * l.T * l.oRow, l.N * l.Heads * l.T
}

// blocks calls f for each block of rows.
func (l *layout) blocks(f func(i0, rows int)) {
	for i := 0; i < l.T; i += l.rows {
		f(i, min(l.rows, l.T-i))
	}
}

// scaled copies the queries of a block of rows times the scale.
func (l *layout) scaled(dst, x []float32, n, h, i0, rows int) {
	for i := range rows {
		at := l.packed(n, h, 0, i0+i)
		vec.MulScalar(dst[i*l.D:(i+1)*l.D], x[at:at+l.D], l.Scale)
	}
}

// Kernel computes, for each head of each image,
//
//	s = scale * q k^T;  lse[i] = log(sum_j e^s[i][j]);  out = e^(s-lse) v
type Kernel struct {
	layout
	workers  []worker
	x, o, ls []float32
}

// worker is one worker's products and memory.
type worker struct {
	solo    *pool.Pool // runs a product where it is called
	by      map[int]*forward
	queries []float32 // [rows,D], scaled
	scores  []float32 // [rows,T]
	scratch []float32
}

// forward is the products of a block of so many rows.
type forward struct{ scores, mix *gemm.Gemm }

// New plans attention for at most so many workers.
func New(s Spec, workers int) (*Kernel, error) {
	l, err := newLayout(s, workers)
	if err != nil {
		return nil, err
	}
	k := &Kernel{layout: l, workers: make([]worker, workers)}
	for i := range k.workers {
		w := &k.workers[i]
		w.solo, w.by = pool.New(1), map[int]*forward{}
		l.blocks(func(_, rows int) {
			if err == nil && w.by[rows] == nil {
				w.by[rows], err = l.forward(rows)
			}
		})
	}
	return k, err
}

func (l *layout) forward(rows int) (*forward, error) {
	scores, err := gemm.New(gemm.Spec{M: rows, N: l.T, K: l.D, TransB: true, LDB: l.xRow}, 1)
	if err != nil {
		return nil, err
	}
	mix, err := gemm.New(gemm.Spec{M: rows, N: l.D, K: l.T, LDB: l.xRow, LDC: l.oRow}, 1)
	return &forward{scores, mix}, err
}

func (f *forward) scratch() int { return max(f.scores.Scratch(), f.mix.Scratch()) }

// FLOPs counts multiplications and additions.
func (k *Kernel) FLOPs() int64 { return int64(k.N*k.Heads) * int64(k.flops(2)) }

// Scratch is the float32s of scratch memory that Bind needs.
func (k *Kernel) Scratch() int { return len(k.workers) * (k.rows*(k.D+k.T) + k.products()) }

// products is the scratch memory that the products of one worker need.
func (k *Kernel) products() (n int) {
	for _, f := range k.workers[0].by {
		n = max(n, f.scratch())
	}
	return n
}

// Bind sets the buffers: out and lse, and x.
func (k *Kernel) Bind(scratch []float32, out, in []buf.Buf) {
	x, o, lse := k.sizes()
	need("scratch", scratch, k.Scratch())
	k.x, k.o, k.ls = need("x", in[0].F32, x), need("out", out[0].F32, o), need("lse", out[1].F32, lse)
	take := taker(scratch)
	for i := range k.workers {
		w := &k.workers[i]
		w.queries, w.scores, w.scratch = take(k.rows*k.D), take(k.rows*k.T), take(k.products())
	}
}

// Run computes out and lse. It allocates nothing.
func (k *Kernel) Run(p *pool.Pool) { p.Run(k.chunks(), k) }

// Chunk computes some heads.
func (k *Kernel) Chunk(i, worker int) {
	for q := i * k.group; q < min((i+1)*k.group, k.N*k.Heads); q++ {
		k.head(&k.workers[worker], q/k.Heads, q%k.Heads)
	}
}

func (k *Kernel) head(w *worker, n, h int) {
	keys, values := k.x[k.packed(n, h, 1, 0):], k.x[k.packed(n, h, 2, 0):]
	for i0 := 0; i0 < k.T; i0 += k.rows {
		rows := min(k.rows, k.T-i0)
		f := w.by[rows]
		k.scaled(w.queries, k.x, n, h, i0, rows)
		f.scores.Bind(w.scratch, w.scores, w.queries, keys, nil)
		f.scores.Run(w.solo)
		lse := k.ls[(n*k.Heads+h)*k.T+i0:][:rows]
		for i := range rows {
			s := w.scores[i*k.T : (i+1)*k.T]
			top := vec.MaxOf(s)
			sum := vec.ExpSum(s, s, top)
			lse[i] = top + float32(math.Log(float64(sum)))
			vec.MulScalar(s, s, 1/sum)
		}
		f.mix.Bind(w.scratch, k.o[k.mixed(n, h, i0):], w.scores, values, nil)
		f.mix.Run(w.solo)
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

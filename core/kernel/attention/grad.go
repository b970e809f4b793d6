package attention

import (
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// Grad computes, for each head of each image, from the output's gradient do
//
//	p = e^(scale * q k^T - lse);  dp = do v^T;  ds = p * (dp - sum_c do*out)
//	dq = scale * ds k;  dk = scale * ds^T q;  dv = p^T do
type Grad struct {
	layout
	workers          []gradWorker
	x, o, ls, do, dx []float32
	productScratch   int // that the products of one worker need
}

type gradWorker struct {
	solo    *pool.Pool
	first   *backward
	others  map[int]*backward // by rows, of blocks after the first, which add to dk and dv
	queries []float32         // [rows,D], scaled
	p, ds   []float32         // [rows,T]
	scratch []float32
}

// backward is the products of a block of rows.
type backward struct{ scores, dp, dv, dq, dk *gemm.Gemm }

// NewGrad plans the gradient for at most so many workers.
func NewGrad(s Spec, workers int) (*Grad, error) {
	l, err := newLayout(s, workers)
	if err != nil {
		return nil, err
	}
	k := &Grad{layout: l, workers: make([]gradWorker, workers)}
	for i := range k.workers {
		w := &k.workers[i]
		w.solo, w.others = pool.New(1), map[int]*backward{}
		l.blocks(func(i0, rows int) {
			if err != nil || i0 > 0 && w.others[rows] != nil {
				return
			}
			var b *backward
			if b, err = l.backward(rows, i0 > 0); err != nil {
				return
			}
			if i0 == 0 {
				w.first = b
			} else {
				w.others[rows] = b
			}
			k.productScratch = max(k.productScratch, b.scratch())
		})
	}
	return k, err
}

func (l *layout) backward(rows int, add bool) (*backward, error) {
	b := &backward{}
	for _, p := range []struct {
		to *(*gemm.Gemm)
		s  gemm.Spec
	}{
		{&b.scores, gemm.Spec{M: rows, N: l.T, K: l.D, TransB: true, LDB: l.xRow}},
		{&b.dp, gemm.Spec{M: rows, N: l.T, K: l.D, LDA: l.oRow, TransB: true, LDB: l.xRow}},
		{&b.dv, gemm.Spec{M: l.T, N: l.D, K: rows, TransA: true, LDB: l.oRow, LDC: l.xRow, Accumulate: add}},
		{&b.dq, gemm.Spec{M: rows, N: l.D, K: l.T, LDB: l.xRow, LDC: l.xRow}},
		{&b.dk, gemm.Spec{M: l.T, N: l.D, K: rows, TransA: true, LDC: l.xRow, Accumulate: add}},
	} {
		g, err := gemm.New(p.s, 1)
		if err != nil {
			return nil, err
		}
		*p.to = g
	}
	return b, nil
}

func (b *backward) scratch() int {
	return max(b.scores.Scratch(), b.dp.Scratch(), b.dv.Scratch(), b.dq.Scratch(), b.dk.Scratch())
}

// FLOPs counts multiplications and additions, of the scores made anew too.
func (k *Grad) FLOPs() int64 { return int64(k.N*k.Heads) * int64(k.flops(5)) }

// Scratch is the float32s of scratch memory that Bind needs.
func (k *Grad) Scratch() int {
	return len(k.workers) * (k.rows*(k.D+2*k.T) + k.productScratch)
}

// Bind sets the buffers: dx; and x, out, lse and do.
func (k *Grad) Bind(scratch []float32, out, in []buf.Buf) {
	x, o, lse := k.sizes()
	need("scratch", scratch, k.Scratch())
	k.dx, k.x, k.o = need("dx", out[0].F32, x), need("x", in[0].F32, x), need("out", in[1].F32, o)
	k.ls, k.do = need("lse", in[2].F32, lse), need("do", in[3].F32, o)
	take := taker(scratch)
	for i := range k.workers {
		w := &k.workers[i]
		w.queries, w.p, w.ds, w.scratch = take(k.rows*k.D), take(k.rows*k.T), take(k.rows*k.T), take(k.productScratch)
	}
}

// Run computes dx. It allocates nothing.
func (k *Grad) Run(p *pool.Pool) { p.Run(k.chunks(), k) }

// Chunk computes some heads.
func (k *Grad) Chunk(i, worker int) {
	for q := i * k.group; q < min((i+1)*k.group, k.N*k.Heads); q++ {
		k.head(&k.workers[worker], q/k.Heads, q%k.Heads)
	}
}

func (k *Grad) head(w *gradWorker, n, h int) {
	keys, values := k.x[k.packed(n, h, 1, 0):], k.x[k.packed(n, h, 2, 0):]
	dk, dv := k.dx[k.packed(n, h, 1, 0):], k.dx[k.packed(n, h, 2, 0):]
	for i0 := 0; i0 < k.T; i0 += k.rows {
		rows := min(k.rows, k.T-i0)
		b := w.first
		if i0 > 0 {
			b = w.others[rows]
		}
		do := k.do[k.mixed(n, h, i0):]
		k.scaled(w.queries, k.x, n, h, i0, rows)
		b.scores.Bind(w.scratch, w.p, w.queries, keys, nil)
		b.scores.Run(w.solo)
		b.dp.Bind(w.scratch, w.ds, do, values, nil)
		b.dp.Run(w.solo)
		for i := range rows {
			p, ds, at := w.p[i*k.T:(i+1)*k.T], w.ds[i*k.T:(i+1)*k.T], k.mixed(n, h, i0+i)
			vec.ExpSum(p, p, k.ls[(n*k.Heads+h)*k.T+i0+i])
			vec.SubMul(ds, ds, vec.Dot(k.do[at:at+k.D], k.o[at:at+k.D]), p)
		}
		b.dv.Bind(w.scratch, dv, w.p, do, nil)
		b.dv.Run(w.solo)
		b.dk.Bind(w.scratch, dk, w.ds, w.queries, nil)
		b.dk.Run(w.solo)
		b.dq.Bind(w.scratch, k.dx[k.packed(n, h, 0, i0):], w.ds, keys, nil)
		b.dq.Run(w.solo)
		for i := range rows {
			at := k.packed(n, h, 0, i0+i)
			vec.MulScalar(k.dx[at:at+k.D], k.dx[at:at+k.D], k.Scale)
		}
	}
}

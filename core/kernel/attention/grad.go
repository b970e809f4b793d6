package attention

import (
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// Grad computes, for each head of each image, from the output's gradient do
//
//	p = e^(scale * q k^T - lse);  dp = do v^T;  ds = p * (dp - sum_c do*out)
//	dq = scale * ds k;  dk = scale * ds^T q;  dv = p^T do
type Grad struct {
	layout
	workers            []gradWorker
	x, o, sums, do, dx []float32
}

// gradWorker is one worker's memory; panels as in worker.
type gradWorker struct {
	keysT, valuesT []float32 // [D,T]
	keys           []float32 // [T,D]
	queries, do    []float32 // [rows,D]
	p, ds          []float32 // [rows,tp]
	edge           []float32
}

// NewGrad plans the gradient for at most so many workers.
func NewGrad(s Spec, workers int) (*Grad, error) {
	l, err := newLayout(s, workers)
	return &Grad{layout: l, workers: make([]gradWorker, max(0, workers))}, err
}

// FLOPs counts multiplications and additions, of the scores made anew too.
func (k *Grad) FLOPs() int64 { return int64(k.heads()) * int64(k.flops(5)) }

// Scratch is the float32s of scratch memory that Bind needs.
func (k *Grad) Scratch() int {
	return len(k.workers) * (2*k.D*k.tp + k.T*k.dp + 2*k.rows*k.dp + 2*k.rows*k.tp + edgeFloats)
}

// Bind sets the buffers: dx; and x, out, lse and do.
func (k *Grad) Bind(scratch []float32, out, in []buf.Buf) {
	x, o, sums := k.sizes()
	need("scratch", scratch, k.Scratch())
	k.dx, k.x, k.o = need("dx", out[0].F32, x), need("x", in[0].F32, x), need("out", in[1].F32, o)
	k.sums, k.do = need("lse", in[2].F32, sums), need("do", in[3].F32, o)
	take := taker(scratch)
	for i := range k.workers {
		k.workers[i] = gradWorker{take(k.D * k.tp), take(k.D * k.tp), take(k.T * k.dp), take(k.rows * k.dp), take(k.rows * k.dp),
			take(k.rows * k.tp), take(k.rows * k.tp), take(edgeFloats)}
	}
}

// Run computes dx. It allocates nothing.
func (k *Grad) Run(p *pool.Pool) { p.Run(k.chunks(), k) }

// Chunk computes some heads.
func (k *Grad) Chunk(i, worker int) {
	for h := i * k.group; h < min((i+1)*k.group, k.heads()); h++ {
		k.head(&k.workers[worker], h)
	}
}

func (k *Grad) head(w *gradWorker, h int) {
	x := k.packed(k.x, h, 1, 0)
	keysT, keys := panels{w.keysT, k.D, k.T}.pack(x.transposed()), panels{w.keys, k.T, k.D}.pack(x)
	vec.MulScalar(keysT.data, keysT.data, k.Scale)
	vec.MulScalar(keys.data, keys.data, k.Scale)
	valuesT := panels{w.valuesT, k.D, k.T}.pack(k.packed(k.x, h, 2, 0).transposed())
	dk, dv := k.packed(k.dx, h, 1, 0), k.packed(k.dx, h, 2, 0)
	for t := 0; t < k.T; t += k.rows {
		rows := min(k.rows, k.T-t)
		q, o, do := k.packed(k.x, h, 0, t), k.mixed(k.o, h, t), k.mixed(k.do, h, t)
		multiply(w.p, k.tp, q, keysT, rows, false, true, w.edge)
		multiply(w.ds, k.tp, do, valuesT, rows, false, true, w.edge)
		sums := k.sums[h*k.T+t:][:rows]
		for i := range rows {
			p, ds := w.p[i*k.tp:][:k.T], w.ds[i*k.tp:][:k.T]
			vec.ExpSum(p, p, sums[i])
			vec.SubMul(ds, ds, vec.Dot(k.row(do, i), k.row(o, i)), p)
		}
		multiply(dv.data, dv.row, matrix{w.p, 1, k.tp}, panels{w.do, rows, k.D}.pack(do), k.T, t > 0, false, w.edge)
		queries := panels{w.queries, rows, k.D}.pack(q)
		vec.MulScalar(queries.data, queries.data, k.Scale)
		multiply(dk.data, dk.row, matrix{w.ds, 1, k.tp}, queries, k.T, t > 0, false, w.edge)
		dq := k.packed(k.dx, h, 0, t)
		multiply(dq.data, dq.row, matrix{w.ds, k.tp, 1}, keys, rows, false, false, w.edge)
	}
}

package interp

import (
	"math"

	"github.com/fwlab/fw/core/ir"
)

var attention = map[string]row{
	"scaled_dot_product_attention": func(a ir.Attrs, in, out []Tensor) {
		h := headsOf(in[0])
		each([]int{h.n, h.heads, h.t}, func(_ int, at []int) {
			n, head, i := at[0], at[1], at[2]
			s := h.scores(in[0], n, head, i, a.Float("scale", 0))
			top := math.Inf(-1)
			for _, x := range s {
				top = max(top, x)
			}
			sum := 0.0
			for _, x := range s {
				sum += math.Exp(x - top)
			}
			lse := top + math.Log(sum)
			out[1].V[(n*h.heads+head)*h.t+i] = lse
			for j, x := range s {
				for c := range h.d {
					out[0].V[h.out(n, i, head, c)] += math.Exp(x-lse) * in[0].V[h.in(n, j, 2, head, c)]
				}
			}
		})
	},
	// With p = softmax(s), s = scale q k^T and o = p v: dp = do v^T,
	// ds = p (dp - sum(do o)), dq = scale ds k, dk = scale ds^T q, dv = p^T do.
	"scaled_dot_product_attention_grad": func(a ir.Attrs, in, out []Tensor) {
		h := headsOf(in[0])
		x, o, lse, do, dx, scale := in[0].V, in[1].V, in[2].V, in[3].V, out[0].V, a.Float("scale", 0)
		each([]int{h.n, h.heads, h.t}, func(_ int, at []int) {
			n, head, i := at[0], at[1], at[2]
			dot := 0.0
			for c := range h.d {
				dot += do[h.out(n, i, head, c)] * o[h.out(n, i, head, c)]
			}
			for j, s := range h.scores(in[0], n, head, i, scale) {
				p, dp := math.Exp(s-lse[(n*h.heads+head)*h.t+i]), 0.0
				for c := range h.d {
					dp += do[h.out(n, i, head, c)] * x[h.in(n, j, 2, head, c)]
					dx[h.in(n, j, 2, head, c)] += p * do[h.out(n, i, head, c)]
				}
				ds := p * (dp - dot) * scale
				for c := range h.d {
					dx[h.in(n, i, 0, head, c)] += ds * x[h.in(n, j, 1, head, c)]
					dx[h.in(n, j, 1, head, c)] += ds * x[h.in(n, i, 0, head, c)]
				}
			}
		})
	},
}

// heads is the layout of packed queries, keys and values [n,t,3,heads,d].
type heads struct{ n, t, heads, d int }

func headsOf(x Tensor) heads {
	d := x.Shape.Dims
	return heads{d[0], d[1], d[3], d[4]}
}

func (h heads) in(n, t, part, head, c int) int {
	return (((n*h.t+t)*3+part)*h.heads+head)*h.d + c
}

func (h heads) out(n, t, head, c int) int { return ((n*h.t+t)*h.heads+head)*h.d + c }

// scores is scale * q k^T of query i with every key.
func (h heads) scores(x Tensor, n, head, i int, scale float64) []float64 {
	s := make([]float64, h.t)
	for j := range s {
		for c := range h.d {
			s[j] += x.V[h.in(n, i, 0, head, c)] * x.V[h.in(n, j, 1, head, c)] * scale
		}
	}
	return s
}

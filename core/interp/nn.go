package interp

import (
	"math"
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
)

var nn = map[string]row{
	"convolution": func(a ir.Attrs, in, out []Tensor) {
		conv(a, in[0].Shape.Dims, in[1].Shape.Dims, out[0].Shape.Dims, func(x, w, y int) { out[0].V[y] += in[0].V[x] * in[1].V[w] })
	},
	"conv_transpose": func(a ir.Attrs, in, out []Tensor) {
		conv(a, out[0].Shape.Dims, in[1].Shape.Dims, in[0].Shape.Dims, func(x, w, y int) { out[0].V[x] += in[0].V[y] * in[1].V[w] })
	},
	"conv_weight_grad": func(a ir.Attrs, in, out []Tensor) {
		conv(a, in[0].Shape.Dims, out[0].Shape.Dims, in[1].Shape.Dims, func(x, w, y int) { out[0].V[w] += in[0].V[x] * in[1].V[y] })
	},
	"reduce_window": func(a ir.Attrs, in, out []Tensor) {
		for i := range out[0].V {
			if a.Str("kind") == "maximum" {
				out[0].V[i] = math.Inf(-1)
			}
		}
		window(a, in[0].Shape.Dims, out[0].Shape.Dims, func(x, y int) {
			if a.Str("kind") == "maximum" {
				out[0].V[y] = max(out[0].V[y], in[0].V[x])
			} else {
				out[0].V[y] += in[0].V[x]
			}
		})
	},
	"select_and_scatter": func(a ir.Attrs, in, out []Tensor) {
		best := make([]int, len(in[1].V))
		for i := range best {
			best[i] = -1
		}
		window(a, in[0].Shape.Dims, in[1].Shape.Dims, func(x, y int) {
			if v := in[0].V; best[y] < 0 || v[x] > v[best[y]] || v[x] != v[x] {
				best[y] = x
			}
		})
		for y, x := range best {
			if x >= 0 {
				out[0].V[x] += in[1].V[y]
			}
		}
	},
	"batch_norm_training": func(a ir.Attrs, in, out []Tensor) {
		x, c, groups := in[0].V, len(in[1].V), a.Int("groups", 1)
		n := len(x) / groups
		for g := range groups {
			for j := range c {
				mean, variance := moments(x[g*n:(g+1)*n], j, c)
				out[1].V[g*c+j], out[2].V[g*c+j] = mean, variance
				for i := g*n + j; i < (g+1)*n; i += c {
					out[0].V[i] = (x[i]-mean)/math.Sqrt(variance+a.Float("epsilon", 0))*in[1].V[j] + in[2].V[j]
				}
			}
		}
		follow(a, in, out[0])
	},
	"batch_norm_inference": func(a ir.Attrs, in, out []Tensor) {
		c := len(in[1].V)
		for i, x := range in[0].V {
			j := i % c
			out[0].V[i] = (x-in[3].V[j])/math.Sqrt(in[4].V[j]+a.Float("epsilon", 0))*in[1].V[j] + in[2].V[j]
		}
		follow(a, in, out[0])
	},
	"batch_norm_grad": func(a ir.Attrs, in, out []Tensor) {
		x, scale, dy, groups := in[0].V, in[1].V, in[4].V, a.Int("groups", 1)
		c, n := len(scale), len(x)/groups
		if a.Bool("relu") {
			dy = slices.Clone(dy)
			for i := range dy {
				if y := in[5].V; a.Bool("recompute") {
					j := i % c
					g := i/n*c + j
					if !((x[i]-in[2].V[g])/math.Sqrt(in[3].V[g]+a.Float("epsilon", 0))*scale[j]+y[j] > 0) {
						dy[i] = 0
					}
				} else if !(y[i] > 0) {
					dy[i] = 0
				}
			}
		}
		if a.Bool("residual") {
			copy(out[3].V, dy)
		}
		for g := range groups {
			for j := range c {
				mean, rstd := in[2].V[g*c+j], 1/math.Sqrt(in[3].V[g*c+j]+a.Float("epsilon", 0))
				var sum, dot float64
				for i := g*n + j; i < (g+1)*n; i += c {
					sum += dy[i]
					dot += dy[i] * (x[i] - mean) * rstd
				}
				out[1].V[j] += dot
				out[2].V[j] += sum
				m := float64(n / c)
				for i := g*n + j; i < (g+1)*n; i += c {
					out[0].V[i] = scale[j] * rstd * (dy[i] - sum/m - (x[i]-mean)*rstd*dot/m)
				}
			}
		}
	},
	"layer_norm": func(a ir.Attrs, in, out []Tensor) {
		c := len(in[1].V)
		for r := range out[1].V {
			x := in[0].V[r*c : (r+1)*c]
			mean, variance := moments(x, 0, 1)
			rstd := 1 / math.Sqrt(variance+a.Float("epsilon", 0))
			out[1].V[r], out[2].V[r] = mean, rstd
			for j, v := range x {
				out[0].V[r*c+j] = (v-mean)*rstd*in[1].V[j] + in[2].V[j]
			}
		}
	},
	"layer_norm_grad": func(_ ir.Attrs, in, out []Tensor) {
		scale := in[1].V
		c := len(scale)
		for r, mean := range in[2].V {
			x, dy, rstd := in[0].V[r*c:(r+1)*c], in[4].V[r*c:(r+1)*c], in[3].V[r]
			var sum, dot float64
			for j, v := range x {
				h := (v - mean) * rstd
				out[1].V[j] += dy[j] * h
				out[2].V[j] += dy[j]
				sum += dy[j] * scale[j]
				dot += dy[j] * scale[j] * h
			}
			for j, v := range x {
				out[0].V[r*c+j] = rstd * (dy[j]*scale[j] - sum/float64(c) - (v-mean)*rstd*dot/float64(c))
			}
		}
	},
	"softmax":     func(_ ir.Attrs, in, out []Tensor) { softmax(in[0], out[0], false) },
	"log_softmax": func(_ ir.Attrs, in, out []Tensor) { softmax(in[0], out[0], true) },
	"softmax_grad": func(_ ir.Attrs, in, out []Tensor) {
		byRow(in[0], func(lo, hi int) {
			var dot float64
			for i := lo; i < hi; i++ {
				dot += in[0].V[i] * in[1].V[i]
			}
			for i := lo; i < hi; i++ {
				out[0].V[i] = in[0].V[i] * (in[1].V[i] - dot)
			}
		})
	},
	"log_softmax_grad": func(_ ir.Attrs, in, out []Tensor) {
		byRow(in[0], func(lo, hi int) {
			var sum float64
			for i := lo; i < hi; i++ {
				sum += in[1].V[i]
			}
			for i := lo; i < hi; i++ {
				out[0].V[i] = in[1].V[i] - math.Exp(in[0].V[i])*sum
			}
		})
	},
}

// follow is what core/compile gives a batch normalisation to do besides: add a
// residual, the last operand, and rectify.
func follow(a ir.Attrs, in []Tensor, y Tensor) {
	for i := range y.V {
		if a.Bool("residual") {
			y.V[i] += in[len(in)-1].V[i]
		}
		if a.Bool("relu") {
			y.V[i] = max(y.V[i], 0)
		}
	}
}

func byRow(t Tensor, f func(lo, hi int)) {
	c := t.Shape.Dims[t.Shape.Rank()-1]
	for i := 0; i < len(t.V); i += c {
		f(i, i+c)
	}
}

func softmax(in, out Tensor, log bool) {
	byRow(in, func(lo, hi int) {
		top, sum := slices.Max(in.V[lo:hi]), 0.0
		for i := lo; i < hi; i++ {
			sum += math.Exp(in.V[i] - top)
		}
		for i := lo; i < hi; i++ {
			if log {
				out.V[i] = in.V[i] - top - math.Log(sum)
			} else {
				out.V[i] = math.Exp(in.V[i]-top) / sum
			}
		}
	})
}

// moments of every step-th element from the first-th on.
func moments(x []float64, first, step int) (mean, variance float64) {
	n := float64(len(x) / step)
	for i := first; i < len(x); i += step {
		mean += x[i] / n
	}
	for i := first; i < len(x); i += step {
		variance += (x[i] - mean) * (x[i] - mean) / n
	}
	return mean, variance
}

// conv visits every product of a convolution of x [B,H,W,C] with w [O,I,KH,KW] to y [B,OH,OW,O].
func conv(a ir.Attrs, x, w, y []int, visit func(x, w, y int)) {
	g, _ := op.ConvGeometryOf(a)
	per := y[3] / g.Groups
	each([]int{y[0], y[1], y[2], y[3], w[2], w[3], w[1]}, func(_ int, at []int) {
		ih, iw := at[1]*g.Stride[0]-g.Pad[0]+at[4]*g.Dilation[0], at[2]*g.Stride[1]-g.Pad[2]+at[5]*g.Dilation[1]
		if ih < 0 || iw < 0 || ih >= x[1] || iw >= x[2] {
			return
		}
		visit(flat([]int{at[0], ih, iw, at[3]/per*w[1] + at[6]}, x), flat([]int{at[3], at[6], at[4], at[5]}, w), flat(at[:4], y))
	})
}

// window visits every input element of every window, in window order.
func window(a ir.Attrs, x, y []int, visit func(x, y int)) {
	win, st, pad := a.Ints("window"), a.Ints("stride"), a.Ints("padding")
	each([]int{y[0], y[1], y[2], y[3], win[0], win[1]}, func(_ int, at []int) {
		ih, iw := at[1]*st[0]-pad[0]+at[4], at[2]*st[1]-pad[2]+at[5]
		if ih >= 0 && iw >= 0 && ih < x[1] && iw < x[2] {
			visit(flat([]int{at[0], ih, iw, at[3]}, x), flat(at[:4], y))
		}
	})
}

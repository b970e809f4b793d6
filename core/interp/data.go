package interp

import (
	"maps"
	"slices"
	"sort"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
)

var table = rows()

func rows() map[string]row {
	t := elementwise()
	maps.Copy(t, data)
	maps.Copy(t, nn)
	maps.Copy(t, attention)
	return t
}

func key(t Tensor) rng.Key { return rng.Key{uint32(t.V[0]), uint32(t.V[1])} }

var data = map[string]row{
	"constant": func(a ir.Attrs, _, out []Tensor) {
		copy(out[0].V, FromBytes(a.ShapeOf("shape"), a.Data("value")).V)
	},
	"iota": func(a ir.Attrs, _, out []Tensor) {
		each(out[0].Shape.Dims, func(i int, at []int) { out[0].V[i] = float64(at[a.Int("dim", 0)]) })
	},
	"broadcast_in_dim": func(a ir.Attrs, in, out []Tensor) {
		dims, src := a.Ints("dims"), make([]int, in[0].Shape.Rank())
		each(out[0].Shape.Dims, func(i int, at []int) {
			for j, d := range dims {
				src[j] = min(at[d], in[0].Shape.Dims[j]-1)
			}
			out[0].V[i] = in[0].V[flat(src, in[0].Shape.Dims)]
		})
	},
	"reshape": func(_ ir.Attrs, in, out []Tensor) { copy(out[0].V, in[0].V) },
	"transpose": func(a ir.Attrs, in, out []Tensor) {
		perm, src := a.Ints("permutation"), make([]int, in[0].Shape.Rank())
		each(out[0].Shape.Dims, func(i int, at []int) {
			for j, p := range perm {
				src[p] = at[j]
			}
			out[0].V[i] = in[0].V[flat(src, in[0].Shape.Dims)]
		})
	},
	"slice": func(a ir.Attrs, in, out []Tensor) {
		start, stride, src := a.Ints("start"), a.Ints("stride"), make([]int, in[0].Shape.Rank())
		each(out[0].Shape.Dims, func(i int, at []int) {
			for j := range src {
				src[j] = start[j] + at[j]*stride[j]
			}
			out[0].V[i] = in[0].V[flat(src, in[0].Shape.Dims)]
		})
	},
	"pad": func(a ir.Attrs, in, out []Tensor) {
		low, interior, dst := a.Ints("low"), a.Ints("interior"), make([]int, in[0].Shape.Rank())
		for i := range out[0].V {
			out[0].V[i] = in[1].V[0]
		}
		each(in[0].Shape.Dims, func(i int, at []int) {
			for j := range dst {
				dst[j] = low[j] + at[j]*(interior[j]+1)
				if dst[j] < 0 || dst[j] >= out[0].Shape.Dims[j] {
					return
				}
			}
			out[0].V[flat(dst, out[0].Shape.Dims)] = in[0].V[i]
		})
	},
	"concatenate": func(a ir.Attrs, in, out []Tensor) {
		d, base := a.Int("dim", 0), 0
		for _, t := range in {
			each(t.Shape.Dims, func(i int, at []int) {
				dst := slices.Clone(at)
				dst[d] += base
				out[0].V[flat(dst, out[0].Shape.Dims)] = t.V[i]
			})
			base += t.Shape.Dims[d]
		}
	},
	"reverse": func(a ir.Attrs, in, out []Tensor) {
		d := in[0].Shape.Dims
		each(d, func(i int, at []int) {
			src := slices.Clone(at)
			for _, x := range a.Ints("dims") {
				src[x] = d[x] - 1 - src[x]
			}
			out[0].V[i] = in[0].V[flat(src, d)]
		})
	},
	"dynamic_slice": func(_ ir.Attrs, in, out []Tensor) {
		d := in[0].Shape.Dims
		each(out[0].Shape.Dims, func(i int, at []int) {
			out[0].V[i] = in[0].V[flat(shifted(at, in[1], d, out[0].Shape.Dims), d)]
		})
	},
	"dynamic_update_slice": func(_ ir.Attrs, in, out []Tensor) {
		d := in[0].Shape.Dims
		copy(out[0].V, in[0].V)
		each(in[1].Shape.Dims, func(i int, at []int) {
			out[0].V[flat(shifted(at, in[2], d, in[1].Shape.Dims), d)] = in[1].V[i]
		})
	},
	"gather": func(a ir.Attrs, in, out []Tensor) {
		indexed(a, in[0], in[1], out[0], func(x, r int) { out[0].V[r] = in[0].V[x] })
	},
	"scatter": func(a ir.Attrs, in, out []Tensor) {
		copy(out[0].V, in[0].V)
		indexed(a, in[0], in[1], in[2], func(x, r int) {
			if a.Str("kind") == "set" {
				out[0].V[x] = in[2].V[r]
			} else {
				out[0].V[x] += in[2].V[r]
			}
		})
	},
	"reduce": func(a ir.Attrs, in, out []Tensor) {
		dims, kind, seen := a.Ints("dims"), a.Str("kind"), make([]bool, len(out[0].V))
		each(in[0].Shape.Dims, func(i int, at []int) {
			var dst []int
			for d, x := range at {
				if !slices.Contains(dims, d) {
					dst = append(dst, x)
				}
			}
			o, x := flat(dst, out[0].Shape.Dims), in[0].V[i]
			if !seen[o] {
				seen[o], out[0].V[o] = true, x
				return
			}
			switch y := out[0].V[o]; kind {
			case "add":
				x += y
			case "multiply":
				x *= y
			case "maximum", "or":
				x = max(x, y)
			default:
				x = min(x, y)
			}
			out[0].V[o] = x
		})
	},
	"argmax": func(a ir.Attrs, in, out []Tensor) {
		along(in[0], a.Int("dim", 0), func(line int, x []float64) {
			best := 0
			for i, v := range x {
				if v > x[best] || v != v && x[best] == x[best] {
					best = i
				}
			}
			out[0].V[line] = float64(best)
		})
	},
	"cumulative_sum": func(a ir.Attrs, in, out []Tensor) {
		copy(out[0].V, in[0].V)
		writeAlong(out[0], a.Int("dim", 0), func(_ int, x []float64) {
			for i := 1; i < len(x); i++ {
				x[i] += x[i-1]
			}
		})
	},
	"sort": func(a ir.Attrs, in, out []Tensor) {
		d := a.Int("dim", 0)
		var orders [][]int
		along(in[0], d, func(_ int, x []float64) { orders = append(orders, order(x, a.Bool("descending"))) })
		copy(out[0].V, in[0].V)
		writeAlong(out[0], d, func(line int, x []float64) {
			y := slices.Clone(x)
			for i, o := range orders[line] {
				x[i] = y[o]
			}
		})
		writeAlong(out[1], d, func(line int, x []float64) {
			for i, o := range orders[line] {
				x[i] = float64(o)
			}
		})
	},
	"top_k": func(a ir.Attrs, in, out []Tensor) {
		k := a.Int("k", 1)
		along(in[0], in[0].Shape.Rank()-1, func(line int, x []float64) {
			for i, o := range order(x, true)[:k] {
				out[0].V[line*k+i], out[1].V[line*k+i] = x[o], float64(o)
			}
		})
	},
	"dot_general": dot,
	"rng_bits": func(_ ir.Attrs, in, out []Tensor) {
		for i := range out[0].V {
			out[0].V[i] = float64(key(in[0]).Word(uint64(i)))
		}
	},
	"rng_uniform": func(a ir.Attrs, in, out []Tensor) {
		lo := float32(a.Float("low", 0))
		width := float32(a.Float("high", 1)) - lo
		for i := range out[0].V {
			out[0].V[i] = float64(lo + float32(width*rng.Uniform01(key(in[0]).Word(uint64(i)))))
		}
	},
	"rng_normal": func(_ ir.Attrs, in, out []Tensor) {
		for i := range out[0].V {
			j := uint64(i) &^ 1
			x, y := rng.NormalPair(key(in[0]).Word(j), key(in[0]).Word(j+1))
			if i%2 == 1 {
				x = y
			}
			out[0].V[i] = float64(x)
		}
	},
	"rng_beta": func(a ir.Attrs, in, out []Tensor) {
		for i := range out[0].V {
			s := key(in[0]).Fold(uint64(i)).Stream()
			out[0].V[i] = s.Beta(a.Float("a", 1), a.Float("b", 1))
		}
	},
	"rng_permutation": func(_ ir.Attrs, in, out []Tensor) {
		s := key(in[0]).Stream()
		for i, p := range s.Perm(len(out[0].V)) {
			out[0].V[i] = float64(p)
		}
	},
	"symmetric_eigen": eigen,
	"rng_fold_in": func(_ ir.Attrs, in, out []Tensor) {
		k := key(in[0]).Fold(uint64(uint32(int64(in[1].V[0]))))
		out[0].V[0], out[0].V[1] = float64(k[0]), float64(k[1])
	},
}

// shifted moves a block's index by the start, clamped so that the block fits.
func shifted(at []int, start Tensor, dims, sizes []int) []int {
	out := slices.Clone(at)
	for i := range out {
		out[i] += max(0, min(int(start.V[i]), dims[i]-sizes[i]))
	}
	return out
}

// indexed visits the pairs of places in x and rows that gather and scatter join.
func indexed(a ir.Attrs, x, idx, rows Tensor, visit func(x, row int)) {
	axis, nb := a.Int("axis", 0), a.Int("batch_dims", 0)
	each(rows.Shape.Dims, func(r int, at []int) {
		count := idx.Shape.Rank() - nb
		pick := append(slices.Clone(at[:nb]), at[axis:axis+count]...)
		i := int(idx.V[flat(pick, idx.Shape.Dims)])
		src := append(slices.Clone(at[:axis]), max(0, min(i, x.Shape.Dims[axis]-1)))
		visit(flat(append(src, at[axis+count:]...), x.Shape.Dims), r)
	})
}

// along visits the lines of t along dimension d.
func along(t Tensor, d int, visit func(line int, x []float64)) {
	writeAlong(Tensor{t.Shape, slices.Clone(t.V)}, d, visit)
}

func writeAlong(t Tensor, d int, visit func(line int, x []float64)) {
	dims := slices.Clone(t.Shape.Dims)
	n := dims[d]
	dims[d] = 1
	step := 1
	for _, x := range t.Shape.Dims[d+1:] {
		step *= x
	}
	each(dims, func(line int, at []int) {
		base := flat(at, t.Shape.Dims)
		x := make([]float64, n)
		for i := range x {
			x[i] = t.V[base+i*step]
		}
		visit(line, x)
		for i := range x {
			t.V[base+i*step] = x[i]
		}
	})
}

// order is the stable order of x, NaN last (first when descending).
func order(x []float64, descending bool) []int {
	o := make([]int, len(x))
	for i := range o {
		o[i] = i
	}
	less := func(a, b float64) bool { return a < b || b != b && a == a }
	sort.SliceStable(o, func(i, j int) bool {
		if descending {
			return less(x[o[j]], x[o[i]])
		}
		return less(x[o[i]], x[o[j]])
	})
	return o
}

func dot(a ir.Attrs, in, out []Tensor) {
	lb, rb, lc, rc := a.Ints("lhs_batch"), a.Ints("rhs_batch"), a.Ints("lhs_contract"), a.Ints("rhs_contract")
	x, y := in[0].Shape.Dims, in[1].Shape.Dims
	var lf, rf, depth []int
	for i := range x {
		if !slices.Contains(lb, i) && !slices.Contains(lc, i) {
			lf = append(lf, i)
		}
	}
	for i := range y {
		if !slices.Contains(rb, i) && !slices.Contains(rc, i) {
			rf = append(rf, i)
		}
	}
	for _, d := range lc {
		depth = append(depth, x[d])
	}
	l, r := make([]int, len(x)), make([]int, len(y))
	each(out[0].Shape.Dims, func(o int, at []int) {
		for i := range lb {
			l[lb[i]], r[rb[i]] = at[i], at[i]
		}
		for i, d := range lf {
			l[d] = at[len(lb)+i]
		}
		for i, d := range rf {
			r[d] = at[len(lb)+len(lf)+i]
		}
		var sum float64
		each(depth, func(_ int, k []int) {
			for i := range lc {
				l[lc[i]], r[rc[i]] = k[i], k[i]
			}
			sum += in[0].V[flat(l, x)] * in[1].V[flat(r, y)]
		})
		out[0].V[o] = sum
	})
}

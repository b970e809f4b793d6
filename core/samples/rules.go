package samples

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// axis is where the images of a value lie: dimension dim, runs of inner elements each.
type axis struct{ dim, inner int }

// axis finds it, for a value of images; false where images lie across several dimensions.
func (a *Analysis) axis(v ir.ID) (axis, bool) {
	x, s := a.Values[v], a.f.Shape(v)
	below := 1 // stride of the dimension
	for d := len(s.Dims) - 1; d >= 0; d-- {
		n := s.Dims[d]
		if x.Stride >= below && x.Stride%below == 0 && n*below > x.Stride && n%(x.Stride/below*a.batch) == 0 {
			return axis{d, x.Stride / below}, true
		}
		below *= n
	}
	return axis{}, false
}

// along is a result whose images lie along an axis.
func along(s shape.Shape, x axis) Value {
	stride := x.inner
	for _, n := range s.Dims[x.dim+1:] {
		stride *= n
	}
	return Value{Kind: Each, Stride: stride}
}

type rule func(a *Analysis, in *ir.Instr, out []Value) bool

// rules is a row per op that keeps images apart, for operands of images. An op
// without a row joins them.
var rules = map[string]rule{
	"reshape": func(a *Analysis, in *ir.Instr, out []Value) bool { out[0] = a.Values[in.In[0]]; return true },
	"transpose": func(a *Analysis, in *ir.Instr, out []Value) bool {
		x, ok := a.axis(in.In[0])
		if ok {
			x.dim = slices.Index(in.Attrs.Ints("permutation"), x.dim)
			out[0] = along(a.f.Shape(in.Out[0]), x)
		}
		return ok
	},
	"broadcast_in_dim": func(a *Analysis, in *ir.Instr, out []Value) bool {
		x, ok := a.axis(in.In[0])
		if ok {
			n := a.f.Shape(in.In[0]).Dims[x.dim]
			x.dim = in.Attrs.Ints("dims")[x.dim]
			ok = a.f.Shape(in.Out[0]).Dims[x.dim] == n
			out[0] = along(a.f.Shape(in.Out[0]), x)
		}
		return ok
	},
	"slice": func(a *Analysis, in *ir.Instr, out []Value) bool {
		x, ok := a.axis(in.In[0])
		if !ok {
			return false
		}
		out[0] = along(a.f.Shape(in.Out[0]), x)
		start, limit, all := in.Attrs.Ints("start")[x.dim], in.Attrs.Ints("limit")[x.dim], x.inner*a.batch
		stride := in.Attrs.Ints("stride")
		return start%all == 0 && limit%all == 0 && (len(stride) == 0 || stride[x.dim] == 1)
	},
	"concatenate": func(a *Analysis, in *ir.Instr, out []Value) bool {
		images, none := axis{dim: -1}, false
		for _, v := range in.In {
			if a.Values[v].Kind == Free {
				none = true
				continue
			}
			x, ok := a.axis(v)
			if !ok || images.dim >= 0 && x != images {
				return false
			}
			images = x
		}
		out[0] = along(a.f.Shape(in.Out[0]), images)
		return !none || images.dim != in.Attrs.Int("dim", 0)
	},
	"pad":            within,
	"reverse":        func(a *Analysis, in *ir.Instr, out []Value) bool { return apart(a, in, out, in.Attrs.Ints("dims")) },
	"argmax":         alongDim,
	"cumulative_sum": alongDim,
	"sort":           alongDim,
	"top_k":          last,
	"layer_norm":     last,
	"softmax":        last,
	"log_softmax":    last,
	"reduce": func(a *Analysis, in *ir.Instr, out []Value) bool {
		if apart(a, in, out, in.Attrs.Ints("dims")) {
			if s := a.Values[in.In[0]].Scales; in.Attrs.Str("kind") == "add" {
				out[0].Scales = s
			}
			return true
		}
		out[0] = Value{Kind: Sum, Scales: []float64{1}}
		if s := a.Values[in.In[0]].Scales; len(s) == 1 {
			out[0].Scales = s
		}
		_, ok := a.axis(in.In[0])
		return ok && in.Attrs.Str("kind") == "add"
	},
	"scaled_dot_product_attention": first,
	"reduce_window":                first,
	"convolution":                  first,
	"conv_transpose":               first,
	"batch_norm_inference":         first,
	"batch_norm_training": func(a *Analysis, in *ir.Instr, out []Value) bool {
		if !first(a, in, out[:1]) {
			return false
		}
		out[0].Norm = true
		for j := range out[1:] {
			out[1+j] = Value{Kind: Statistic, At: in, Norm: true}
		}
		return true
	},
	"gather": func(a *Analysis, in *ir.Instr, out []Value) bool {
		x, y := &a.Values[in.In[0]], &a.Values[in.In[1]]
		at, shared := in.Attrs.Int("axis", 0), in.Attrs.Int("batch_dims", 0)
		switch {
		case x.Kind == Each && y.Kind == Each:
			i, ok := a.axis(in.In[0])
			j, also := a.axis(in.In[1])
			if !ok || !also || i != j || i.dim >= shared {
				return false
			}
			out[0] = along(a.f.Shape(in.Out[0]), i)
			return true
		case x.Kind == Each:
			i, ok := a.axis(in.In[0])
			if !ok || i.dim == at || i.dim < shared {
				return i.dim < shared && ok && keepDim(a, in, out, i)
			}
			if i.dim > at {
				i.dim += a.f.Shape(in.In[1]).Rank() - shared - 1
			}
			out[0] = along(a.f.Shape(in.Out[0]), i)
			return true
		}
		j, ok := a.axis(in.In[1])
		if !ok || j.dim < shared {
			return ok && keepDim(a, in, out, j)
		}
		j.dim += at - shared
		out[0] = along(a.f.Shape(in.Out[0]), j)
		return true
	},
	"dot_general": dot,
}

// keepDim leaves images along the dimension where they are.
func keepDim(a *Analysis, in *ir.Instr, out []Value, x axis) bool {
	out[0] = along(a.f.Shape(in.Out[0]), x)
	return true
}

// first is an op whose first operand has images along the first dimension, in
// whole, and no other has any; so do its results.
func first(a *Analysis, in *ir.Instr, out []Value) bool {
	x, ok := a.axis(in.In[0])
	if !ok || x.dim != 0 {
		return false
	}
	for _, v := range in.In[1:] {
		if a.Values[v].Kind != Free {
			return false
		}
	}
	for j := range out {
		out[j] = along(a.f.Shape(in.Out[j]), x)
	}
	return true
}

// apart is an op over dimensions among which the images' own is not. Results that
// have fewer dimensions lack those.
func apart(a *Analysis, in *ir.Instr, out []Value, over []int) bool {
	x, ok := a.axis(in.In[0])
	if !ok || slices.Contains(over, x.dim) || slices.ContainsFunc(in.In[1:], func(v ir.ID) bool { return a.Values[v].Kind != Free }) {
		return false
	}
	for j, v := range in.Out {
		y, s := x, a.f.Shape(v)
		if s.Rank() < a.f.Shape(in.In[0]).Rank() {
			for _, d := range over {
				if d < x.dim {
					y.dim--
				}
			}
		}
		out[j] = along(s, y)
	}
	return true
}

func within(a *Analysis, in *ir.Instr, out []Value) bool {
	var over []int
	for d := range a.f.Shape(in.In[0]).Dims {
		for _, name := range []string{"low", "high", "interior"} {
			if n := in.Attrs.Ints(name); len(n) > d && n[d] != 0 && !slices.Contains(over, d) {
				over = append(over, d)
			}
		}
	}
	return apart(a, in, out, over)
}

func alongDim(a *Analysis, in *ir.Instr, out []Value) bool {
	return apart(a, in, out, []int{in.Attrs.Int("dim", 0)})
}

func last(a *Analysis, in *ir.Instr, out []Value) bool {
	return apart(a, in, out, []int{a.f.Shape(in.In[0]).Rank() - 1})
}

// dot keeps images along a free dimension of one operand, or along a batch
// dimension of both.
func dot(a *Analysis, in *ir.Instr, out []Value) bool {
	batch := [2][]int{in.Attrs.Ints("lhs_batch"), in.Attrs.Ints("rhs_batch")}
	contract := [2][]int{in.Attrs.Ints("lhs_contract"), in.Attrs.Ints("rhs_contract")}
	at := [2]int{-1, -1} // dimension of the result
	inner := [2]int{}
	for side, v := range in.In {
		if a.Values[v].Kind == Free {
			continue
		}
		x, ok := a.axis(v)
		if !ok || slices.Contains(contract[side], x.dim) {
			return false
		}
		inner[side] = x.inner
		if at[side] = slices.Index(batch[side], x.dim); at[side] >= 0 {
			continue
		}
		at[side] = len(batch[0])
		if side == 1 {
			at[side] += a.f.Shape(in.In[0]).Rank() - len(batch[0]) - len(contract[0])
		}
		for d := range x.dim {
			if !slices.Contains(batch[side], d) && !slices.Contains(contract[side], d) {
				at[side]++
			}
		}
	}
	if at[0] >= 0 && at[1] >= 0 && (at[0] != at[1] || inner[0] != inner[1]) {
		return false
	}
	side := 0
	if at[0] < 0 {
		side = 1
	}
	out[0] = along(a.f.Shape(in.Out[0]), axis{at[side], inner[side]})
	return true
}

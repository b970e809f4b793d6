package autodiff

import (
	"math"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/trace"
)

// call is one application of an op: its operands, results and the results'
// cotangents, of which those that loss does not reach are invalid.
type call struct {
	b       *trace.Builder
	in, out []trace.Value
	ct      []trace.Value
	attrs   ir.Attrs
	need    []bool // operands whose gradient is wanted
}

// A rule returns the operands' cotangents; an invalid one means zero.
type rule func(c *call) []trace.Value

var none = trace.Value{}

func list(v ...trace.Value) []trace.Value { return v }

// flat is the rule of ops that are constant almost everywhere.
func flat(c *call) []trace.Value { return make([]trace.Value, len(c.in)) }

// unary makes a rule of ct, x and y = op(x).
func unary(f func(ct, x, y trace.Value) trace.Value) rule {
	return func(c *call) []trace.Value { return list(f(c.ct[0], c.in[0], c.out[0])) }
}

// binary makes a rule of ct, x1, x2 and y, with one function per operand.
func binary(dx, dy func(ct, x1, x2, y trace.Value) trace.Value) rule {
	return func(c *call) []trace.Value {
		out := make([]trace.Value, 2)
		if c.need[0] {
			out[0] = dx(c.ct[0], c.in[0], c.in[1], c.out[0])
		}
		if c.need[1] {
			out[1] = dy(c.ct[0], c.in[0], c.in[1], c.out[0])
		}
		return out
	}
}

// Value is shortened to keep the table readable.
type v = trace.Value

var table = map[string]rule{
	"abs":                   unary(func(ct, x, y v) v { return ct.Mul(x.Sign()) }),
	"negate":                unary(func(ct, x, y v) v { return ct.Neg() }),
	"exponential":           unary(func(ct, x, y v) v { return ct.Mul(y) }),
	"exponential_minus_one": unary(func(ct, x, y v) v { return ct.Mul(y.AddConst(1)) }),
	"log":                   unary(func(ct, x, y v) v { return ct.Div(x) }),
	"log_plus_one":          unary(func(ct, x, y v) v { return ct.Div(x.AddConst(1)) }),
	"sqrt":                  unary(func(ct, x, y v) v { return ct.Scale(0.5).Div(y) }),
	"rsqrt":                 unary(func(ct, x, y v) v { return ct.Mul(y.Square().Mul(y)).Scale(-0.5) }),
	"tanh":                  unary(func(ct, x, y v) v { return ct.Mul(y.Square().Neg().AddConst(1)) }),
	"logistic":              unary(func(ct, x, y v) v { return ct.Mul(y).Mul(y.Neg().AddConst(1)) }),
	"erf":                   unary(func(ct, x, y v) v { return ct.Mul(x.Square().Neg().Exp()).Scale(2 / math.Sqrt(math.Pi)) }),
	"sine":                  unary(func(ct, x, y v) v { return ct.Mul(x.Cos()) }),
	"cosine":                unary(func(ct, x, y v) v { return ct.Mul(x.Sin()).Neg() }),
	"sign":                  flat,
	"floor":                 flat,
	"ceil":                  flat,
	"round_nearest_even":    flat,
	"stop_gradient":         flat,

	"add":      binary(func(ct, _, _, _ v) v { return ct }, func(ct, _, _, _ v) v { return ct }),
	"subtract": binary(func(ct, _, _, _ v) v { return ct }, func(ct, _, _, _ v) v { return ct.Neg() }),
	"multiply": binary(func(ct, _, b, _ v) v { return ct.Mul(b) }, func(ct, a, _, _ v) v { return ct.Mul(a) }),
	"divide":   binary(func(ct, _, b, _ v) v { return ct.Div(b) }, func(ct, _, b, y v) v { return ct.Mul(y).Div(b).Neg() }),
	// At a tie the second operand has it, so that relu(0) has derivative 0, as PyTorch's.
	"maximum": binary(func(ct, a, b, _ v) v { return pick(a.Greater(b), ct) }, func(ct, a, b, _ v) v { return pick(a.LessEq(b), ct) }),
	"minimum": binary(func(ct, a, b, _ v) v { return pick(a.Less(b), ct) }, func(ct, a, b, _ v) v { return pick(a.GreaterEq(b), ct) }),
	"power": binary(func(ct, a, b, _ v) v { return ct.Mul(b).Mul(a.Pow(b.AddConst(-1))) },
		func(ct, a, _, y v) v { return ct.Mul(y).Mul(a.Log()) }),
	"remainder": binary(func(ct, _, _, _ v) v { return ct },
		func(ct, a, b, y v) v { return ct.Mul(a.Sub(y).Div(b)).Neg() }),
	"select": func(c *call) []trace.Value {
		zero := c.b.Fill(c.ct[0].Shape(), 0)
		return list(none, c.in[0].Where(c.ct[0], zero), c.in[0].Where(zero, c.ct[0]))
	},
	"clamp": func(c *call) []trace.Value {
		lo, x, hi := c.in[0], c.in[1], c.in[2]
		return list(pick(x.Less(lo), c.ct[0]), pick(x.GreaterEq(lo).And(x.LessEq(hi)), c.ct[0]), pick(x.Greater(hi), c.ct[0]))
	},
	"convert": func(c *call) []trace.Value { return list(c.ct[0].Convert(c.in[0].Shape().DType)) },

	"broadcast_in_dim": broadcastInDim,
	"reshape":          func(c *call) []trace.Value { return list(c.ct[0].Reshape(c.in[0].Shape().Dims...)) },
	"transpose": func(c *call) []trace.Value {
		perm := c.attrs.Ints("permutation")
		inverse := make([]int, len(perm))
		for i, p := range perm {
			inverse[p] = i
		}
		return list(c.ct[0].Transpose(inverse...))
	},
	"slice":                slice,
	"pad":                  pad,
	"concatenate":          concatenate,
	"reverse":              func(c *call) []trace.Value { return list(c.ct[0].Reverse(c.attrs.Ints("dims")...)) },
	"dynamic_slice":        dynamicSlice,
	"dynamic_update_slice": dynamicUpdateSlice,
	"gather":               gather,
	"scatter":              scatter,
	"reduce":               reduce,
	"cumulative_sum": func(c *call) []trace.Value {
		d := c.attrs.Int("dim", 0)
		return list(c.ct[0].Reverse(d).CumSum(d).Reverse(d))
	},
	"sort": func(c *call) []trace.Value {
		return list(unsort(c.ct[0], c.out[1], c.in[0].Dim(c.attrs.Int("dim", 0)), c.attrs.Int("dim", 0)))
	},
	"top_k": func(c *call) []trace.Value {
		return list(unsort(c.ct[0], c.out[1], c.in[0].Dim(-1), c.in[0].Rank()-1))
	},
	"dot_general": dotGeneral,

	"convolution":          convolution,
	"conv_transpose":       convTranspose,
	"reduce_window":        reduceWindow,
	"batch_norm_training":  batchNormTraining,
	"batch_norm_inference": batchNormInference,
	"layer_norm": func(c *call) []trace.Value {
		needFirst(c)
		return c.b.Emit("layer_norm_grad", list(c.in[0], c.in[1], c.out[1], c.out[2], c.ct[0]))
	},
	"scaled_dot_product_attention": func(c *call) []trace.Value {
		needFirst(c)
		return c.b.Emit("scaled_dot_product_attention_grad", list(c.in[0], c.out[0], c.out[1], c.ct[0]), ir.Float("scale", c.attrs.Float("scale", 0)))
	},
	"softmax":     func(c *call) []trace.Value { return c.b.Emit("softmax_grad", list(c.out[0], c.ct[0])) },
	"log_softmax": func(c *call) []trace.Value { return c.b.Emit("log_softmax_grad", list(c.out[0], c.ct[0])) },
	"eval":        evalCall,
}

// pick is ct where pred holds, else 0.
func pick(pred, ct trace.Value) trace.Value {
	return pred.Where(ct, ct.Builder().Fill(ct.Shape(), 0))
}

// needFirst refuses to differentiate through what an op returns beside its output: a
// normalisation its statistics, attention its rows' sums.
func needFirst(c *call) {
	for _, ct := range c.ct[1:] {
		if ct.Valid() {
			c.b.Fail("what an op returns beside its first result has no derivative; put StopGradient on it, or compute it otherwise, as statistics by Mean and Var")
		}
	}
}

// evalCall: the plugin returned the gradient of its value beside it.
func evalCall(c *call) []trace.Value {
	out := make([]trace.Value, len(c.in))
	next := 1
	for i, x := range c.in {
		if !x.Shape().DType.Float() {
			continue
		}
		g := c.out[next]
		next++
		out[i] = g.Mul(c.ct[0].BroadcastTo(g.Shape().Dims...))
	}
	return out
}

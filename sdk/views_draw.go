package sdk

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Draws, each with a key of its own. With dimensions there is a draw for each
// element, without a single one.

func (v *Views) draw(name string, d dtype.DType, dims []int, attrs ...ir.Attr) Value {
	if len(dims) > 0 {
		attrs = append(attrs, ir.OfShape("shape", shape.Of(d, dims...)))
	}
	if v.batch {
		attrs = append(attrs, ir.Int("batch", 1))
	}
	return v.Emit(name, nil, attrs...)[0]
}

// Uniform is in [lo, hi).
func (v *Views) Uniform(lo, hi float64, dims ...int) Value {
	return v.draw("draw_uniform", dtype.F32, dims, ir.Float("low", lo), ir.Float("high", hi))
}

// Normal is standard normal.
func (v *Views) Normal(dims ...int) Value { return v.draw("draw_normal", dtype.F32, dims) }

// Beta is Beta(a, b).
func (v *Views) Beta(a, b float64, dims ...int) Value {
	return v.draw("draw_beta", dtype.F32, dims, ir.Float("a", a), ir.Float("b", b))
}

// Bernoulli is true with probability p.
func (v *Views) Bernoulli(p float64, dims ...int) Value {
	return v.draw("draw_bernoulli", dtype.Bool, dims, ir.Float("p", p))
}

// Intn is 0 to n-1.
func (v *Views) Intn(n int, dims ...int) Value {
	return v.draw("draw_int", dtype.I32, dims, ir.Int("n", n))
}

// Permutation is 0 to n-1 in random order.
func (v *Views) Permutation(n int) Value {
	return v.draw("draw_permutation", dtype.I32, nil, ir.Int("n", n))
}

// ForBatch makes the draws within f the same for all samples of a batch.
func (v *Views) ForBatch(f func() Value) Value {
	outer := v.batch
	v.batch = true
	x := f()
	v.batch = outer
	return x
}

// Below is an integer i32[] of 0 to n-1 for a computed n i32[] of 1 or more.
func (v *Views) Below(n Value) Value {
	return v.Uniform(0, 1).Mul(n.Float()).Int().Min(n.AddConst(-1))
}

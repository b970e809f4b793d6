package trace

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

func (v Value) unary(name string) Value { return v.b.emit1(name, []Value{v}) }

func (v Value) Abs() Value     { return v.unary("abs") }
func (v Value) Neg() Value     { return v.unary("negate") }
func (v Value) Exp() Value     { return v.unary("exponential") }
func (v Value) Expm1() Value   { return v.unary("exponential_minus_one") }
func (v Value) Log() Value     { return v.unary("log") }
func (v Value) Log1p() Value   { return v.unary("log_plus_one") }
func (v Value) Sqrt() Value    { return v.unary("sqrt") }
func (v Value) Rsqrt() Value   { return v.unary("rsqrt") }
func (v Value) Tanh() Value    { return v.unary("tanh") }
func (v Value) Sigmoid() Value { return v.unary("logistic") }
func (v Value) Erf() Value     { return v.unary("erf") }
func (v Value) Sin() Value     { return v.unary("sine") }
func (v Value) Cos() Value     { return v.unary("cosine") }
func (v Value) Sign() Value    { return v.unary("sign") }
func (v Value) Floor() Value   { return v.unary("floor") }
func (v Value) Ceil() Value    { return v.unary("ceil") }
func (v Value) Round() Value   { return v.unary("round_nearest_even") }
func (v Value) Not() Value     { return v.unary("not") }

// IsFinite holds where v is neither infinite nor NaN.
func (v Value) IsFinite() Value { return v.unary("is_finite") }

// StopGradient is v with a zero derivative.
func (v Value) StopGradient() Value { return v.unary("stop_gradient") }

func (v Value) binary(name string, w Value, attrs ...ir.Attr) Value {
	x, y := v.b.broadcast(v, w)
	return v.b.emit1(name, []Value{x, y}, attrs...)
}

// Binary operations broadcast by NumPy's rule.

func (v Value) Add(w Value) Value     { return v.binary("add", w) }
func (v Value) Sub(w Value) Value     { return v.binary("subtract", w) }
func (v Value) Mul(w Value) Value     { return v.binary("multiply", w) }
func (v Value) Div(w Value) Value     { return v.binary("divide", w) }
func (v Value) Max(w Value) Value     { return v.binary("maximum", w) }
func (v Value) Min(w Value) Value     { return v.binary("minimum", w) }
func (v Value) Pow(w Value) Value     { return v.binary("power", w) }
func (v Value) Rem(w Value) Value     { return v.binary("remainder", w) }
func (v Value) And(w Value) Value     { return v.binary("and", w) }
func (v Value) Or(w Value) Value      { return v.binary("or", w) }
func (v Value) Xor(w Value) Value     { return v.binary("xor", w) }
func (v Value) Shl(w Value) Value     { return v.binary("shift_left", w) }
func (v Value) Shr(w Value) Value     { return v.binary("shift_right_logical", w) }
func (v Value) Eq(w Value) Value      { return v.compare("EQ", w) }
func (v Value) Ne(w Value) Value      { return v.compare("NE", w) }
func (v Value) Less(w Value) Value    { return v.compare("LT", w) }
func (v Value) LessEq(w Value) Value  { return v.compare("LE", w) }
func (v Value) Greater(w Value) Value { return v.compare("GT", w) }

// GreaterEq holds where v >= w.
func (v Value) GreaterEq(w Value) Value { return v.compare("GE", w) }

func (v Value) compare(direction string, w Value) Value {
	return v.binary("compare", w, ir.String("direction", direction))
}

// Forms with a constant of v's element type.

func (v Value) constant(x float64) Value  { return v.b.Fill(v.Shape(), x) }
func (v Value) Scale(x float64) Value     { return v.Mul(v.constant(x)) }
func (v Value) AddConst(x float64) Value  { return v.Add(v.constant(x)) }
func (v Value) MaxConst(x float64) Value  { return v.Max(v.constant(x)) }
func (v Value) MinConst(x float64) Value  { return v.Min(v.constant(x)) }
func (v Value) PowConst(x float64) Value  { return v.Pow(v.constant(x)) }
func (v Value) Mod(n int) Value           { return v.Rem(v.constant(float64(n))) }
func (v Value) EqConst(x float64) Value   { return v.Eq(v.constant(x)) }
func (v Value) MoreThan(x float64) Value  { return v.Greater(v.constant(x)) }
func (v Value) LessThan(x float64) Value  { return v.Less(v.constant(x)) }
func (v Value) Square() Value             { return v.Mul(v) }
func (v Value) Reciprocal() Value         { return v.constant(1).Div(v) }
func (v Value) Relu() Value               { return v.MaxConst(0) }
func (v Value) Clip(lo, hi float64) Value { return v.MaxConst(lo).MinConst(hi) }

// Gelu is the exact Gaussian error linear unit x*Phi(x) (Hendrycks & Gimpel 2016).
func (v Value) Gelu() Value {
	return v.Mul(v.Scale(0.7071067811865476).Erf().AddConst(1)).Scale(0.5)
}

// Where is v where pred holds, else w; v and w broadcast against pred.
func (pred Value) Where(v, w Value) Value {
	b := pred.b
	v, w = b.broadcast(v, w)
	if pred.Rank() > 0 {
		if d, ok := shape.Broadcast(pred.Shape().Dims, v.Shape().Dims); ok {
			pred, v, w = pred.BroadcastTo(d...), v.BroadcastTo(d...), w.BroadcastTo(d...)
		}
	} else if v.Shape().DType != dtype.U8 {
		pred = pred.BroadcastTo(v.Shape().Dims...)
	}
	return b.emit1("select", []Value{pred, v, w})
}

// Convert is v in another element type.
func (v Value) Convert(d dtype.DType) Value {
	if v.Shape().DType == d {
		return v
	}
	return v.b.emit1("convert", []Value{v}, ir.String("to", d.String()))
}

// Float is v as f32.
func (v Value) Float() Value { return v.Convert(dtype.F32) }

// Int is v as i32.
func (v Value) Int() Value { return v.Convert(dtype.I32) }

func (b *Builder) broadcast(v, w Value) (Value, Value) {
	x, y := v.Shape(), w.Shape()
	if shape.SameDims(x.Dims, y.Dims) {
		return v, w
	}
	d, ok := shape.Broadcast(x.Dims, y.Dims)
	if !ok {
		b.Fail("shapes do not broadcast: " + x.String() + " and " + y.String())
	}
	return v.BroadcastTo(d...), w.BroadcastTo(d...)
}

// BroadcastTo stretches v to dims by NumPy's rule.
func (v Value) BroadcastTo(dims ...int) Value {
	s := v.Shape()
	if shape.SameDims(s.Dims, dims) {
		return v
	}
	at := make([]int, s.Rank())
	for i := range at {
		at[i] = len(dims) - s.Rank() + i
	}
	return v.BroadcastInDim(dims, at)
}

// BroadcastInDim puts dimension i of v at dimension at[i] of the result, stretching size 1.
func (v Value) BroadcastInDim(dims, at []int) Value {
	return v.b.emit1("broadcast_in_dim", []Value{v}, ir.Ints("to", dims...), ir.Ints("dims", at...))
}

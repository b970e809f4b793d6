package op

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Operand types an elementwise op takes.
const (
	floats = 1 << iota
	integers
	bools
)

func admits(set int, d dtype.DType) bool {
	switch d {
	case dtype.F32:
		return set&floats != 0
	case dtype.I32, dtype.U32:
		return set&integers != 0
	case dtype.Bool:
		return set&bools != 0
	}
	return false
}

var elementwiseOps = []Def{
	unary("abs", "|x|", floats|integers),
	unary("negate", "-x", floats|integers),
	unary("exponential", "e^x", floats),
	unary("exponential_minus_one", "e^x - 1, exact near 0", floats),
	unary("log", "natural logarithm", floats),
	unary("log_plus_one", "ln(1+x), exact near 0", floats),
	unary("sqrt", "square root", floats),
	unary("rsqrt", "1/sqrt(x)", floats),
	unary("tanh", "hyperbolic tangent", floats),
	unary("logistic", "1/(1+e^-x), the sigmoid", floats),
	unary("erf", "Gauss error function (CHLO)", floats),
	unary("sine", "sine", floats),
	unary("cosine", "cosine", floats),
	unary("sign", "-1, 0 or 1", floats|integers),
	unary("floor", "round down", floats),
	unary("ceil", "round up", floats),
	unary("round_nearest_even", "round to nearest, ties to even", floats),
	unary("not", "logical or bitwise not", integers|bools),
	unary("stop_gradient", "x, with a zero derivative", floats),
	{Name: "is_finite", Doc: "neither infinite nor NaN", In: 1, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !admits(floats, in[0].DType) {
			return bad("expected f32, found ", in[0].String())
		}
		return dims(dtype.Bool, in[0].Dims...)
	}},
	binary("add", "x + y", floats|integers),
	binary("subtract", "x - y", floats|integers),
	binary("multiply", "x * y", floats|integers),
	binary("divide", "x / y; integers truncate", floats|integers),
	binary("maximum", "the larger; NaN if either is", floats|integers),
	binary("minimum", "the smaller; NaN if either is", floats|integers),
	binary("power", "x to the y", floats),
	binary("remainder", "x - y*trunc(x/y), the sign of x", floats|integers),
	binary("and", "logical or bitwise and", integers|bools),
	binary("or", "logical or bitwise or", integers|bools),
	binary("xor", "logical or bitwise exclusive or", integers|bools),
	binary("shift_left", "x << y; 0 for y beyond the width", integers),
	binary("shift_right_logical", "x >> y, filled with zeros", integers),
	{Name: "compare", Doc: "x direction y; direction is EQ, NE, LT, LE, GT or GE", In: 2, Attrs: []AttrDef{text("direction")},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			switch a.Str("direction") {
			case "EQ", "NE", "LT", "LE", "GT", "GE":
			default:
				return bad("direction: expected EQ, NE, LT, LE, GT or GE, found ", a.Str("direction"))
			}
			if !in[0].Equal(in[1]) || !admits(floats|integers|bools, in[0].DType) {
				return bad("expected two operands of one shape, found ", in[0].String(), " and ", in[1].String())
			}
			return dims(dtype.Bool, in[0].Dims...)
		}},
	{Name: "select", Doc: "y where x holds, else z", In: 3, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if in[0].DType != dtype.Bool || !in[1].Equal(in[2]) || !(shape.SameDims(in[0].Dims, in[1].Dims) || in[0].Rank() == 0) {
			return bad("expected a predicate and two operands of its dimensions, found ", in[0].String(), ", ", in[1].String(), " and ", in[2].String())
		}
		return one(in[1])
	}},
	{Name: "clamp", Doc: "y limited to [x, z]", In: 3, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !admits(floats|integers, in[1].DType) || !in[0].Equal(in[1]) || !in[1].Equal(in[2]) {
			return bad("expected three operands of one shape, found ", in[0].String(), ", ", in[1].String(), " and ", in[2].String())
		}
		return one(in[1])
	}},
	{Name: "convert", Doc: "the same values in another element type; floats truncate and saturate, NaN becomes 0", In: 1, Attrs: []AttrDef{text("to")},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			to, ok := dtype.Parse(a.Str("to"))
			if !ok || to.Size() == 0 {
				return bad("to: unknown element type ", a.Str("to"))
			}
			return dims(to, in[0].Dims...)
		}},
}

func unary(name, doc string, types int) Def {
	return Def{Name: name, Doc: doc, In: 1, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !admits(types, in[0].DType) {
			return bad("does not take ", in[0].String())
		}
		return one(in[0])
	}}
}

func binary(name, doc string, types int) Def {
	return Def{Name: name, Doc: doc, In: 2, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !in[0].Equal(in[1]) {
			return bad("expected two operands of one shape, found ", in[0].String(), " and ", in[1].String())
		}
		if !admits(types, in[0].DType) {
			return bad("does not take ", in[0].String())
		}
		return one(in[0])
	}}
}

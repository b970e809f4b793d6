package interp

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
)

type row func(a ir.Attrs, in, out []Tensor)

func unary(f func(x float64) float64) row {
	return func(_ ir.Attrs, in, out []Tensor) {
		for i, x := range in[0].V {
			out[0].V[i] = f(x)
		}
	}
}

func pairOf(f func(d dtype.DType, x, y float64) float64) row {
	return func(_ ir.Attrs, in, out []Tensor) {
		for i, x := range in[0].V {
			out[0].V[i] = f(in[0].Shape.DType, x, in[1].V[i])
		}
	}
}

func pair(f func(x, y float64) float64) row {
	return pairOf(func(_ dtype.DType, x, y float64) float64 { return f(x, y) })
}

// bits is an operation on the 32 bits of integers, or on predicates.
func bits(f func(x, y uint32) uint32) row {
	return pairOf(func(d dtype.DType, x, y float64) float64 {
		r := f(uint32(int64(x)), uint32(int64(y)))
		switch d {
		case dtype.I32:
			return float64(int32(r))
		case dtype.Bool:
			return float64(r & 1)
		}
		return float64(r)
	})
}

func truth(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func compare(direction string, x, y float64) bool {
	switch direction {
	case "EQ":
		return x == y
	case "NE":
		return x != y
	case "LT":
		return x < y
	case "LE":
		return x <= y
	case "GT":
		return x > y
	}
	return x >= y
}

func elementwise() map[string]row {
	return map[string]row{
		"abs":                   unary(math.Abs),
		"negate":                unary(func(x float64) float64 { return -x }),
		"exponential":           unary(math.Exp),
		"exponential_minus_one": unary(math.Expm1),
		"log":                   unary(math.Log),
		"log_plus_one":          unary(math.Log1p),
		"sqrt":                  unary(math.Sqrt),
		"rsqrt":                 unary(func(x float64) float64 { return 1 / math.Sqrt(x) }),
		"tanh":                  unary(math.Tanh),
		"logistic":              unary(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
		"erf":                   unary(math.Erf),
		"sine":                  unary(math.Sin),
		"cosine":                unary(math.Cos),
		"sign":                  unary(sign),
		"floor":                 unary(math.Floor),
		"ceil":                  unary(math.Ceil),
		"round_nearest_even":    unary(math.RoundToEven),
		"stop_gradient":         unary(func(x float64) float64 { return x }),
		"is_finite":             unary(func(x float64) float64 { return truth(x-x == 0) }),
		"not": func(_ ir.Attrs, in, out []Tensor) {
			for i, x := range in[0].V {
				if in[0].Shape.DType == dtype.Bool {
					out[0].V[i] = 1 - x
				} else {
					out[0].V[i] = float64(^int64(x))
				}
			}
		},
		"add":      pair(func(x, y float64) float64 { return x + y }),
		"subtract": pair(func(x, y float64) float64 { return x - y }),
		"multiply": pairOf(func(d dtype.DType, x, y float64) float64 {
			if d.Float() {
				return x * y
			}
			return float64(int64(x) * int64(y) << 32 >> 32)
		}),
		"divide": pairOf(func(d dtype.DType, x, y float64) float64 {
			switch d {
			case dtype.I32:
				return float64(divI32(int32(x), int32(y)))
			case dtype.U32:
				return float64(divU32(uint32(x), uint32(y)))
			}
			return x / y
		}),
		"remainder": pairOf(func(d dtype.DType, x, y float64) float64 {
			switch d {
			case dtype.I32:
				return float64(remI32(int32(x), int32(y)))
			case dtype.U32:
				return float64(remU32(uint32(x), uint32(y)))
			}
			return math.Mod(x, y)
		}),
		"maximum":             pair(func(x, y float64) float64 { return max(x, y) }),
		"minimum":             pair(func(x, y float64) float64 { return min(x, y) }),
		"power":               pair(math.Pow),
		"and":                 bits(func(x, y uint32) uint32 { return x & y }),
		"or":                  bits(func(x, y uint32) uint32 { return x | y }),
		"xor":                 bits(func(x, y uint32) uint32 { return x ^ y }),
		"shift_left":          bits(func(x, y uint32) uint32 { return x << y }),
		"shift_right_logical": bits(func(x, y uint32) uint32 { return x >> y }),
		"compare": func(a ir.Attrs, in, out []Tensor) {
			for i, x := range in[0].V {
				out[0].V[i] = truth(compare(a.Str("direction"), x, in[1].V[i]))
			}
		},
		"select": func(_ ir.Attrs, in, out []Tensor) {
			for i := range out[0].V {
				p := in[0].V[0]
				if in[0].Shape.Rank() > 0 {
					p = in[0].V[i]
				}
				if p != 0 {
					out[0].V[i] = in[1].V[i]
				} else {
					out[0].V[i] = in[2].V[i]
				}
			}
		},
		"clamp": func(_ ir.Attrs, in, out []Tensor) {
			for i, x := range in[1].V {
				out[0].V[i] = max(in[0].V[i], min(in[2].V[i], x))
			}
		},
		"convert": func(_ ir.Attrs, in, out []Tensor) {
			for i, x := range in[0].V {
				switch out[0].Shape.DType {
				case dtype.I32:
					x = float64(toI32(x))
				case dtype.U32:
					x = float64(toU32(x))
				case dtype.U8:
					x = float64(min(toU32(x), 255))
				case dtype.Bool:
					x = truth(x != 0)
				}
				out[0].V[i] = x
			}
		},
	}
}

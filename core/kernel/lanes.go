package kernel

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/dtype"
)

func un(f func(dst, a []float32)) laneFunc    { return func(dst, a, _, _ []float32) { f(dst, a) } }
func bi(f func(dst, a, b []float32)) laneFunc { return func(dst, a, b, _ []float32) { f(dst, a, b) } }

// swapped makes a > b of b < a.
func swapped(f func(dst, a, b []float32)) laneFunc {
	return func(dst, a, b, _ []float32) { f(dst, b, a) }
}

// each applies a function of float64 to every lane; the slow ops share it.
func each(f func(float64) float64) laneFunc {
	return func(dst, a, _, _ []float32) {
		for i, x := range a {
			dst[i] = float32(f(float64(x)))
		}
	}
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

var floatLanes = map[string]laneFunc{
	"abs":    un(func(d, a []float32) { unaryVec(d, a, avxAbs, abs32) }),
	"negate": un(func(d, a []float32) { unaryVec(d, a, avxNeg, neg32) }),
	"sqrt":   un(func(d, a []float32) { unaryVec(d, a, avxSqrt, sqrt32) }),
	"rsqrt":  un(func(d, a []float32) { unaryVec(d, a, avxRsqrt, rsqrt32) }),

	"exponential":           un(vExp),
	"exponential_minus_one": each(math.Expm1),
	"log":                   each(math.Log),
	"log_plus_one":          each(math.Log1p),
	"tanh":                  each(math.Tanh),
	"logistic":              each(logistic),
	"erf":                   each(math.Erf),
	"sine":                  each(math.Sin),
	"cosine":                each(math.Cos),
	"sign":                  each(sign),
	"floor":                 each(math.Floor),
	"ceil":                  each(math.Ceil),
	"round_nearest_even":    each(math.RoundToEven),
	"stop_gradient":         un(func(d, a []float32) { copy(d, a) }),
	"is_finite": un(func(d, a []float32) {
		for i, x := range a {
			d[i] = mask(x-x == 0)
		}
	}),

	"add":      bi(vAdd),
	"subtract": bi(vSub),
	"multiply": bi(vMul),
	"divide":   bi(vDiv),
	"maximum":  bi(vMax),
	"minimum":  bi(vMin),
	"power": bi(func(d, a, b []float32) {
		for i, x := range a {
			d[i] = float32(math.Pow(float64(x), float64(b[i])))
		}
	}),
	"remainder": bi(func(d, a, b []float32) {
		for i, x := range a {
			d[i] = float32(math.Mod(float64(x), float64(b[i])))
		}
	}),
	"clamp": func(d, lo, x, hi []float32) { vMin(d, hi, x); vMax(d, lo, d) },
	"EQ":    bi(vEQ), "NE": bi(vNE), "LT": bi(vLT), "LE": bi(vLE), "GT": swapped(vLT), "GE": swapped(vLE),
}

func ints(f func(x, y int32) int32) laneFunc {
	return func(dst, a, b, _ []float32) {
		d, x, y := asI32(dst), asI32(a), asI32(b)
		for i := range d {
			d[i] = f(x[i], y[i])
		}
	}
}

func uints(f func(x, y uint32) uint32) laneFunc {
	return func(dst, a, b, _ []float32) {
		d, x, y := asU32(dst), asU32(a), asU32(b)
		for i := range d {
			d[i] = f(x[i], y[i])
		}
	}
}

func intMask(ok bool) int32 {
	if ok {
		return -1
	}
	return 0
}

var intLanes = map[string]laneFunc{
	"abs":                 ints(func(x, _ int32) int32 { return max(x, -x) }),
	"negate":              ints(func(x, _ int32) int32 { return -x }),
	"sign":                ints(func(x, _ int32) int32 { return min(max(x, -1), 1) }),
	"not":                 ints(func(x, _ int32) int32 { return ^x }),
	"add":                 ints(func(x, y int32) int32 { return x + y }),
	"subtract":            ints(func(x, y int32) int32 { return x - y }),
	"multiply":            ints(func(x, y int32) int32 { return x * y }),
	"divide":              ints(DivI32),
	"remainder":           ints(RemI32),
	"maximum":             ints(func(x, y int32) int32 { return max(x, y) }),
	"minimum":             ints(func(x, y int32) int32 { return min(x, y) }),
	"and":                 ints(func(x, y int32) int32 { return x & y }),
	"or":                  ints(func(x, y int32) int32 { return x | y }),
	"xor":                 ints(func(x, y int32) int32 { return x ^ y }),
	"shift_left":          uints(func(x, y uint32) uint32 { return x << y }),
	"shift_right_logical": uints(func(x, y uint32) uint32 { return x >> y }),
	"clamp": func(dst, lo, x, hi []float32) {
		d, l, v, h := asI32(dst), asI32(lo), asI32(x), asI32(hi)
		for i := range d {
			d[i] = max(l[i], min(h[i], v[i]))
		}
	},
	"EQ": ints(func(x, y int32) int32 { return intMask(x == y) }),
	"NE": ints(func(x, y int32) int32 { return intMask(x != y) }),
	"LT": ints(func(x, y int32) int32 { return intMask(x < y) }),
	"LE": ints(func(x, y int32) int32 { return intMask(x <= y) }),
	"GT": ints(func(x, y int32) int32 { return intMask(x > y) }),
	"GE": ints(func(x, y int32) int32 { return intMask(x >= y) }),
}

var uintLanes = map[string]laneFunc{
	"abs":                 uints(func(x, _ uint32) uint32 { return x }),
	"negate":              uints(func(x, _ uint32) uint32 { return -x }),
	"sign":                uints(func(x, _ uint32) uint32 { return min(x, 1) }),
	"not":                 uints(func(x, _ uint32) uint32 { return ^x }),
	"add":                 uints(func(x, y uint32) uint32 { return x + y }),
	"subtract":            uints(func(x, y uint32) uint32 { return x - y }),
	"multiply":            uints(func(x, y uint32) uint32 { return x * y }),
	"divide":              uints(DivU32),
	"remainder":           uints(RemU32),
	"maximum":             uints(func(x, y uint32) uint32 { return max(x, y) }),
	"minimum":             uints(func(x, y uint32) uint32 { return min(x, y) }),
	"and":                 uints(func(x, y uint32) uint32 { return x & y }),
	"or":                  uints(func(x, y uint32) uint32 { return x | y }),
	"xor":                 uints(func(x, y uint32) uint32 { return x ^ y }),
	"shift_left":          uints(func(x, y uint32) uint32 { return x << y }),
	"shift_right_logical": uints(func(x, y uint32) uint32 { return x >> y }),
	"clamp": func(dst, lo, x, hi []float32) {
		d, l, v, h := asU32(dst), asU32(lo), asU32(x), asU32(hi)
		for i := range d {
			d[i] = max(l[i], min(h[i], v[i]))
		}
	},
	"EQ": uints(func(x, y uint32) uint32 { return uint32(intMask(x == y)) }),
	"NE": uints(func(x, y uint32) uint32 { return uint32(intMask(x != y)) }),
	"LT": uints(func(x, y uint32) uint32 { return uint32(intMask(x < y)) }),
	"LE": uints(func(x, y uint32) uint32 { return uint32(intMask(x <= y)) }),
	"GT": uints(func(x, y uint32) uint32 { return uint32(intMask(x > y)) }),
	"GE": uints(func(x, y uint32) uint32 { return uint32(intMask(x >= y)) }),
}

var boolLanes = map[string]laneFunc{
	"not": uints(func(x, _ uint32) uint32 { return ^x }),
	"and": bi(vAnd),
	"or":  bi(vOr),
	"xor": bi(vXor),
	"EQ":  uints(func(x, y uint32) uint32 { return ^(x ^ y) }),
	"NE":  bi(vXor),
	"LT":  uints(func(x, y uint32) uint32 { return ^x & y }),
	"LE":  uints(func(x, y uint32) uint32 { return ^x | y }),
	"GT":  uints(func(x, y uint32) uint32 { return x & ^y }),
	"GE":  uints(func(x, y uint32) uint32 { return x | ^y }),
}

// DivI32 is StableHLO's integer division: by zero gives -1, overflow the dividend.
func DivI32(x, y int32) int32 {
	if y == 0 {
		return -1
	}
	return x / y
}

// RemI32 is StableHLO's integer remainder: by zero gives the dividend.
func RemI32(x, y int32) int32 {
	if y == 0 {
		return x
	}
	return x % y
}

// DivU32 is unsigned division: by zero gives all ones.
func DivU32(x, y uint32) uint32 {
	if y == 0 {
		return math.MaxUint32
	}
	return x / y
}

// RemU32 is the unsigned remainder: by zero gives the dividend.
func RemU32(x, y uint32) uint32 {
	if y == 0 {
		return x
	}
	return x % y
}

// ToI32 truncates and saturates; NaN gives 0.
func ToI32(x float64) int32 {
	if x != x {
		return 0
	}
	return int32(max(math.MinInt32, min(math.MaxInt32, x)))
}

// ToU32 truncates and saturates; NaN gives 0.
func ToU32(x float64) uint32 {
	if x != x {
		return 0
	}
	return uint32(max(0, min(math.MaxUint32, x)))
}

// convertLanes goes through float64, where no 32-bit type loses anything.
func convertLanes(from, to dtype.DType) (laneFunc, error) {
	read := map[dtype.DType]func(x float32) float64{
		dtype.F32:  func(x float32) float64 { return float64(x) },
		dtype.I32:  func(x float32) float64 { return float64(int32(math.Float32bits(x))) },
		dtype.U32:  func(x float32) float64 { return float64(math.Float32bits(x)) },
		dtype.U8:   func(x float32) float64 { return float64(math.Float32bits(x)) },
		dtype.Bool: func(x float32) float64 { return float64(math.Float32bits(x) & 1) },
	}[from]
	write := map[dtype.DType]func(x float64) float32{
		dtype.F32:  func(x float64) float32 { return float32(x) },
		dtype.I32:  func(x float64) float32 { return math.Float32frombits(uint32(ToI32(x))) },
		dtype.U32:  func(x float64) float32 { return math.Float32frombits(ToU32(x)) },
		dtype.U8:   func(x float64) float32 { return math.Float32frombits(min(ToU32(x), 255)) },
		dtype.Bool: func(x float64) float32 { return mask(x != 0) },
	}[to]
	if read == nil || write == nil {
		return nil, fmt.Errorf("kernel: no conversion from %s to %s", from, to)
	}
	return func(dst, a, _, _ []float32) {
		for i, x := range a {
			dst[i] = write(read(x))
		}
	}, nil
}

package fuse

import (
	"math"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/vec"
)

// A prim is one pass over a block: d[i] = f(a[i], b[i], c[i]); d may be an operand.
// Registers are slices of float32 whatever they hold.
type prim func(d, a, b, c []float32)

func words(x []float32) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func ints(x []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

var floatPrims = [numOps]prim{
	Abs:                 func(d, a, _, _ []float32) { vec.Abs(d, a) },
	Negate:              func(d, a, _, _ []float32) { vec.Neg(d, a) },
	Exponential:         func(d, a, _, _ []float32) { vec.Exp(d, a) },
	ExponentialMinusOne: func(d, a, _, _ []float32) { vec.Expm1(d, a) },
	Log:                 func(d, a, _, _ []float32) { vec.Log(d, a) },
	LogPlusOne:          func(d, a, _, _ []float32) { vec.Log1p(d, a) },
	Sqrt:                func(d, a, _, _ []float32) { vec.Sqrt(d, a) },
	Rsqrt:               func(d, a, _, _ []float32) { vec.Rsqrt(d, a) },
	Tanh:                func(d, a, _, _ []float32) { vec.Tanh(d, a) },
	Logistic:            func(d, a, _, _ []float32) { vec.Logistic(d, a) },
	Erf:                 func(d, a, _, _ []float32) { vec.Erf(d, a) },
	Sine:                func(d, a, _, _ []float32) { vec.Sin(d, a) },
	Cosine:              func(d, a, _, _ []float32) { vec.Cos(d, a) },
	Sign:                func(d, a, _, _ []float32) { signFloat(d, a) },
	Floor:               func(d, a, _, _ []float32) { vec.Floor(d, a) },
	Ceil:                func(d, a, _, _ []float32) { vec.Ceil(d, a) },
	RoundNearestEven:    func(d, a, _, _ []float32) { vec.RoundEven(d, a) },
	Add:                 func(d, a, b, _ []float32) { vec.Add(d, a, b) },
	Subtract:            func(d, a, b, _ []float32) { vec.Sub(d, a, b) },
	Multiply:            func(d, a, b, _ []float32) { vec.Mul(d, a, b) },
	Divide:              func(d, a, b, _ []float32) { vec.Div(d, a, b) },
	Maximum:             func(d, a, b, _ []float32) { vec.Max(d, a, b) },
	Minimum:             func(d, a, b, _ []float32) { vec.Min(d, a, b) },
	Power:               func(d, a, b, _ []float32) { vec.Pow(d, a, b) },
	Remainder:           func(d, a, b, _ []float32) { vec.Rem(d, a, b) },
	EQ:                  func(d, a, b, _ []float32) { vec.EQ(words(d), a, b) },
	NE:                  func(d, a, b, _ []float32) { vec.NE(words(d), a, b) },
	LT:                  func(d, a, b, _ []float32) { vec.LT(words(d), a, b) },
	LE:                  func(d, a, b, _ []float32) { vec.LE(words(d), a, b) },
}

// Predicates are masks, so that logic on them is logic on bits.
var bitPrims = [numOps]prim{
	Not:    func(d, a, _, _ []float32) { vec.Not(words(d), words(a)) },
	And:    func(d, a, b, _ []float32) { vec.And(words(d), words(a), words(b)) },
	Or:     func(d, a, b, _ []float32) { vec.Or(words(d), words(a), words(b)) },
	Xor:    func(d, a, b, _ []float32) { vec.Xor(words(d), words(a), words(b)) },
	Select: func(d, a, b, c []float32) { vec.Select(d, words(a), b, c) },
}

// signFloat is -1 or 1; zeros and NaN stay.
func signFloat(d, a []float32) {
	for i, x := range a[:len(d)] {
		if x != 0 && x == x {
			x = float32(math.Copysign(1, float64(x)))
		}
		d[i] = x
	}
}

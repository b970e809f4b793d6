package fuse

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
)

// scalar is a value of the twin: its bits and its type; a predicate is 0 or 1, a
// bfloat16 has the bits of the float32 that it is.
type scalar struct {
	bits uint32
	t    dtype.DType
}

func (s scalar) f() float32 { return math.Float32frombits(s.bits) }
func ofF(v float32) scalar  { return scalar{math.Float32bits(v), dtype.F32} }
func ofB(v bool) scalar {
	if v {
		return scalar{1, dtype.Bool}
	}
	return scalar{0, dtype.Bool}
}

// number is the value as a float64, which holds every element type exactly.
func (s scalar) number() float64 {
	switch s.t {
	case dtype.F32, dtype.BF16:
		return float64(s.f())
	case dtype.I32:
		return float64(int32(s.bits))
	}
	return float64(s.bits)
}

// twin runs a program one element at a time.
func twin(s Spec, in []buf.Buf, outTypes []dtype.DType, n int) [][]scalar {
	outs := make([][]scalar, len(s.Outputs))
	for e := range n {
		values := make([]scalar, 0, len(s.Code))
		arg := func(a Arg) scalar {
			switch a.kind {
			case argValue:
				return values[a.index]
			case argInput:
				return element(s, in, a.index, e)
			case argImmediate:
				if a.dtype == dtype.Bool {
					return ofB(a.bits != 0)
				}
				return scalar{a.bits, a.dtype}
			}
			return scalar{}
		}
		for _, c := range s.Code {
			values = append(values, eval(c, arg(c.A), arg(c.B), arg(c.C)))
		}
		for o, a := range s.Outputs {
			outs[o] = append(outs[o], arg(a))
		}
	}
	return outs
}

func element(s Spec, in []buf.Buf, i, e int) scalar {
	at := 0
	for d := len(s.Dims) - 1; d >= 0; d-- {
		at += e % s.Dims[d] * s.Inputs[i].Strides[d]
		e /= s.Dims[d]
	}
	t := s.Inputs[i].DType
	return load(in[i], t, at)
}

func load(b buf.Buf, t dtype.DType, at int) scalar {
	switch {
	case t == dtype.BF16:
		return scalar{uint32(b.BF16[at]) << 16, t}
	case t.Size() == 1:
		return scalar{uint32(b.U8[at]), t}
	}
	return scalar{b.U32[at], t}
}

func eval(in Instr, a, b, c scalar) scalar {
	isF, signed := a.t == dtype.F32, a.t == dtype.I32
	x, y := a.number(), b.number()
	word := func(v uint32) scalar { return scalar{v, a.t} }
	float := func(v float64) scalar { return ofF(float32(v)) }
	through := func(f func(d, a []float32)) scalar {
		d := []float32{0}
		f(d, []float32{a.f()})
		return ofF(d[0])
	}
	switch in.Op {
	case Abs:
		if isF {
			return float(math.Abs(x))
		}
		if signed && int32(a.bits) < 0 {
			return word(-a.bits)
		}
		return a
	case Negate:
		if isF {
			return word(a.bits ^ 1<<31)
		}
		return word(-a.bits)
	case Exponential:
		return through(vec.Exp)
	case ExponentialMinusOne:
		return through(vec.Expm1)
	case Log:
		return through(vec.Log)
	case LogPlusOne:
		return through(vec.Log1p)
	case Sqrt:
		return float(math.Sqrt(x))
	case Rsqrt:
		return ofF(1 / float32(math.Sqrt(x)))
	case Tanh:
		return through(vec.Tanh)
	case Logistic:
		return through(vec.Logistic)
	case Erf:
		return through(vec.Erf)
	case Sine:
		return float(math.Sin(x))
	case Cosine:
		return float(math.Cos(x))
	case Sign:
		switch {
		case isF && (x != x || x == 0):
			return a
		case isF:
			return float(math.Copysign(1, x))
		case x > 0:
			return word(1)
		case x < 0:
			return word(^uint32(0))
		}
		return word(0)
	case Floor:
		return float(math.Floor(x))
	case Ceil:
		return float(math.Ceil(x))
	case RoundNearestEven:
		return float(math.RoundToEven(x))
	case Not:
		if a.t == dtype.Bool {
			return word(1 - a.bits)
		}
		return word(^a.bits)
	case IsFinite:
		return ofB(!math.IsNaN(x) && !math.IsInf(x, 0))
	case Convert:
		return convertTo(in.DType, a)
	case Add:
		if isF {
			return ofF(a.f() + b.f())
		}
		return word(a.bits + b.bits)
	case Subtract:
		if isF {
			return ofF(a.f() - b.f())
		}
		return word(a.bits - b.bits)
	case Multiply:
		if isF {
			return ofF(a.f() * b.f())
		}
		return word(a.bits * b.bits)
	case Divide:
		switch {
		case isF:
			return ofF(a.f() / b.f())
		case b.bits == 0:
			return word(^uint32(0))
		case signed:
			return word(uint32(int64(int32(a.bits)) / int64(int32(b.bits))))
		}
		return word(a.bits / b.bits)
	case Remainder:
		switch {
		case isF:
			return float(math.Mod(x, y))
		case b.bits == 0:
			return a
		case signed:
			return word(uint32(int64(int32(a.bits)) % int64(int32(b.bits))))
		}
		return word(a.bits % b.bits)
	case Maximum:
		if isF && (x != x || y != y) {
			return float(math.NaN())
		}
		if x > y {
			return a
		}
		return b
	case Minimum:
		if isF && (x != x || y != y) {
			return float(math.NaN())
		}
		if x < y {
			return a
		}
		return b
	case Power:
		return float(math.Pow(x, y))
	case And:
		return word(a.bits & b.bits)
	case Or:
		return word(a.bits | b.bits)
	case Xor:
		return word(a.bits ^ b.bits)
	case ShiftLeft:
		return word(uint32(uint64(a.bits) << min(b.bits, 40)))
	case ShiftRightLogical:
		return word(uint32(uint64(a.bits) >> min(b.bits, 40)))
	case EQ:
		return ofB(x == y)
	case NE:
		return ofB(x != y)
	case LT:
		return ofB(x < y)
	case LE:
		return ofB(x <= y)
	case GT:
		return ofB(x > y)
	case GE:
		return ofB(x >= y)
	case Select:
		if a.bits != 0 {
			return b
		}
		return c
	case Clamp:
		z := c.number()
		if isF && (x != x || y != y || z != z) {
			return float(math.NaN())
		}
		r := b
		if x > y {
			r = a
		}
		if r.number() > z {
			r = c
		}
		return r
	}
	panic("twin: " + in.Op.String())
}

func convertTo(to dtype.DType, a scalar) scalar {
	x := a.number()
	clamp := func(lo, hi float64) float64 {
		if x != x {
			return 0
		}
		return math.Trunc(max(lo, min(hi, x)))
	}
	switch {
	case to == a.t:
		return a
	case to == dtype.Bool:
		return ofB(x != 0)
	case to == dtype.F32:
		return ofF(float32(x))
	case to == dtype.BF16:
		return scalar{uint32(dtype.BF16FromF32(math.Float32bits(float32(x)))) << 16, to}
	case a.t == dtype.BF16:
		return convertTo(to, scalar{a.bits, dtype.F32})
	case a.t != dtype.F32 && to == dtype.U8:
		return scalar{a.bits & 0xff, to}
	case a.t != dtype.F32:
		return scalar{a.bits, to}
	case to == dtype.I32:
		return scalar{uint32(int32(clamp(math.MinInt32, math.MaxInt32))), to}
	case to == dtype.U32:
		return scalar{uint32(clamp(0, math.MaxUint32)), to}
	}
	return scalar{uint32(clamp(0, 255)), to}
}

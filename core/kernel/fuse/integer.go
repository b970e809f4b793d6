package fuse

import "math"

var unsignedPrims = [numOps]prim{
	Abs:               func(d, a, _, _ []float32) { copy(d, a) },
	Negate:            func(d, a, _, _ []float32) { unary(words(d), words(a), func(x uint32) uint32 { return -x }) },
	Sign:              func(d, a, _, _ []float32) { unary(words(d), words(a), func(x uint32) uint32 { return min(x, 1) }) },
	Add:               func(d, a, b, _ []float32) { addWords(words(d), words(a), words(b)) },
	Subtract:          func(d, a, b, _ []float32) { subWords(words(d), words(a), words(b)) },
	Multiply:          func(d, a, b, _ []float32) { mulWords(words(d), words(a), words(b)) },
	Divide:            func(d, a, b, _ []float32) { binary(words(d), words(a), words(b), divUnsigned) },
	Remainder:         func(d, a, b, _ []float32) { binary(words(d), words(a), words(b), remUnsigned) },
	Maximum:           func(d, a, b, _ []float32) { maxOf(words(d), words(a), words(b)) },
	Minimum:           func(d, a, b, _ []float32) { minOf(words(d), words(a), words(b)) },
	ShiftLeft:         shiftLeft,
	ShiftRightLogical: shiftRight,
	EQ:                equal,
	LT:                func(d, a, b, _ []float32) { less(words(d), words(a), words(b)) },
}

var signedPrims = [numOps]prim{
	Abs:               func(d, a, _, _ []float32) { unary(ints(d), ints(a), absSigned) },
	Negate:            unsignedPrims[Negate],
	Sign:              func(d, a, _, _ []float32) { unary(ints(d), ints(a), func(x int32) int32 { return max(min(x, 1), -1) }) },
	Add:               unsignedPrims[Add],
	Subtract:          unsignedPrims[Subtract],
	Multiply:          unsignedPrims[Multiply],
	Divide:            func(d, a, b, _ []float32) { binary(ints(d), ints(a), ints(b), divSigned) },
	Remainder:         func(d, a, b, _ []float32) { binary(ints(d), ints(a), ints(b), remSigned) },
	Maximum:           func(d, a, b, _ []float32) { maxOf(ints(d), ints(a), ints(b)) },
	Minimum:           func(d, a, b, _ []float32) { minOf(ints(d), ints(a), ints(b)) },
	ShiftLeft:         shiftLeft,
	ShiftRightLogical: shiftRight,
	EQ:                equal,
	LT:                func(d, a, b, _ []float32) { less(words(d), ints(a), ints(b)) },
}

type integer interface{ int32 | uint32 }

func unary[T integer](d, a []T, f func(T) T) {
	for i, x := range a[:len(d)] {
		d[i] = f(x)
	}
}

func binary[T integer](d, a, b []T, f func(x, y T) T) {
	b = b[:len(d)]
	for i, x := range a[:len(d)] {
		d[i] = f(x, b[i])
	}
}

func addWords(d, a, b []uint32) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] + b[i]
	}
}

func subWords(d, a, b []uint32) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

func mulWords(d, a, b []uint32) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] * b[i]
	}
}

func maxOf[T integer](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = max(a[i], b[i])
	}
}

func minOf[T integer](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = min(a[i], b[i])
	}
}

func less[T integer](d []uint32, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		m := uint32(0)
		if a[i] < b[i] {
			m = ^uint32(0)
		}
		d[i] = m
	}
}

func equal(d, a, b, _ []float32) {
	x, y, m := words(a)[:len(d)], words(b)[:len(d)], words(d)
	for i := range m {
		v := uint32(0)
		if x[i] == y[i] {
			v = ^uint32(0)
		}
		m[i] = v
	}
}

// Shifts by the width or more give 0, as StableHLO's do.
func shiftLeft(d, a, b, _ []float32) {
	x, y, r := words(a)[:len(d)], words(b)[:len(d)], words(d)
	for i := range r {
		r[i] = x[i] << y[i]
	}
}

func shiftRight(d, a, b, _ []float32) {
	x, y, r := words(a)[:len(d)], words(b)[:len(d)], words(d)
	for i := range r {
		r[i] = x[i] >> y[i]
	}
}

func absSigned(x int32) int32 { return max(x, -x) }

// Division by zero gives all ones and its remainder the dividend, as XLA's does.
func divUnsigned(x, y uint32) uint32 {
	if y == 0 {
		return ^uint32(0)
	}
	return x / y
}

func remUnsigned(x, y uint32) uint32 {
	if y == 0 {
		return x
	}
	return x % y
}

func divSigned(x, y int32) int32 {
	switch y {
	case 0:
		return -1
	case -1:
		return -x // the smallest integer stays, where the processor would trap
	}
	return x / y
}

func remSigned(x, y int32) int32 {
	switch y {
	case 0:
		return x
	case -1:
		return 0
	}
	return x % y
}

func f32FromU32(d, a, _, _ []float32) {
	for i, x := range words(a)[:len(d)] {
		d[i] = float32(x)
	}
}

func u32FromF32(d, a, _, _ []float32) { saturate(words(d), a, math.MaxUint32) }

func u8FromF32(d, a, _, _ []float32) { saturate(words(d), a, math.MaxUint8) }

// saturate truncates to [0, most]; NaN becomes 0.
func saturate(d []uint32, a []float32, most uint32) {
	for i, x := range a[:len(d)] {
		switch {
		case x >= float32(most):
			d[i] = most
		case x > 0:
			d[i] = uint32(x)
		default:
			d[i] = 0
		}
	}
}

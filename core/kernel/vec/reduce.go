package vec

import "math"

// Sums of more than leaf elements are the sum of two halves, so that the error
// grows with the logarithm of the length.
const leaf = 1024

// half is the cut of a slice of n > leaf elements, a multiple of leaf.
func half(n int) int { return (n/2 + leaf - 1) / leaf * leaf }

// Sum is the sum of x in an order that depends on the length alone.
func Sum(x []float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return Sum(x[:h]) + Sum(x[h:])
	}
	var s float32
	i := eights(len(x))
	if i > 0 {
		s = avxSum(&x[0], i)
	}
	for ; i < len(x); i++ {
		s += x[i]
	}
	return s
}

// Dot is the sum of a[i]*b[i] in an order that depends on the length alone.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) > leaf {
		h := half(len(a))
		return Dot(a[:h], b[:h]) + Dot(a[h:], b[h:])
	}
	var s float32
	i := eights(len(a))
	if i > 0 {
		s = avxDot(&a[0], &b[0], i)
	}
	for ; i < len(a); i++ {
		s += float32(a[i] * b[i])
	}
	return s
}

// SumSquares is the sum of (x[i]-c)^2 in an order that depends on the length alone.
func SumSquares(x []float32, c float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return SumSquares(x[:h], c) + SumSquares(x[h:], c)
	}
	var s float32
	i := eights(len(x))
	if i > 0 {
		s = avxSumSquares(&x[0], c, i)
	}
	for ; i < len(x); i++ {
		d := x[i] - c
		s += float32(d * d)
	}
	return s
}

// MaxOf is the largest element, NaN if any is NaN, and -Inf of nothing.
func MaxOf(x []float32) float32 {
	m := float32(math.Inf(-1))
	i := eights(len(x))
	if i > 0 {
		m = avxMaxOf(&x[0], i)
	}
	for ; i < len(x); i++ {
		m = max(m, x[i])
	}
	return m
}

// MinOf is the smallest element, NaN if any is NaN, and +Inf of nothing.
func MinOf(x []float32) float32 {
	m := float32(math.Inf(1))
	i := eights(len(x))
	if i > 0 {
		m = avxMinOf(&x[0], i)
	}
	for ; i < len(x); i++ {
		m = min(m, x[i])
	}
	return m
}

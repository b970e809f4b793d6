package vec

import "math"

// Add: dst[i] = a[i] + b[i].
func Add(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxAdd(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] + b[i]
	}
}

// Sub: dst[i] = a[i] - b[i].
func Sub(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxSub(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] - b[i]
	}
}

// Mul: dst[i] = a[i] * b[i].
func Mul(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxMul(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] * b[i]
	}
}

// Div: dst[i] = a[i] / b[i].
func Div(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxDiv(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] / b[i]
	}
}

// Max: dst[i] = max(a[i], b[i]), NaN if either is.
func Max(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxMax(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = max(a[i], b[i])
	}
}

// Min: dst[i] = min(a[i], b[i]), NaN if either is.
func Min(dst, a, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxMin(&dst[0], &a[0], &b[0], i)
	}
	for ; i < n; i++ {
		dst[i] = min(a[i], b[i])
	}
}

// AddScalar: dst[i] = a[i] + s.
func AddScalar(dst, a []float32, s float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxAddS(&dst[0], &a[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] + s
	}
}

// MulScalar: dst[i] = a[i] * s.
func MulScalar(dst, a []float32, s float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxMulS(&dst[0], &a[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] * s
	}
}

// DivScalar: dst[i] = a[i] / s.
func DivScalar(dst, a []float32, s float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxDivS(&dst[0], &a[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = a[i] / s
	}
}

// MaxScalar: dst[i] = max(a[i], s), NaN if either is.
func MaxScalar(dst, a []float32, s float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxMaxS(&dst[0], &a[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = max(a[i], s)
	}
}

// MinScalar: dst[i] = min(a[i], s), NaN if either is.
func MinScalar(dst, a []float32, s float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxMinS(&dst[0], &a[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = min(a[i], s)
	}
}

// Abs: dst[i] = |a[i]|.
func Abs(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxAbs(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = math.Float32frombits(math.Float32bits(a[i]) &^ (1 << 31))
	}
}

// Neg: dst[i] = -a[i].
func Neg(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxNeg(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = math.Float32frombits(math.Float32bits(a[i]) ^ (1 << 31))
	}
}

// Sqrt: dst[i] = sqrt(a[i]).
func Sqrt(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxSqrt(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = sqrt32(a[i])
	}
}

// Rsqrt: dst[i] = 1 / sqrt(a[i]), both rounded.
func Rsqrt(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxRsqrt(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = 1 / sqrt32(a[i])
	}
}

// Floor: dst[i] = a[i] rounded down.
func Floor(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxFloor(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = float32(math.Floor(float64(a[i])))
	}
}

// Ceil: dst[i] = a[i] rounded up.
func Ceil(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxCeil(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = float32(math.Ceil(float64(a[i])))
	}
}

// RoundEven: dst[i] = a[i] rounded to nearest, ties to even.
func RoundEven(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	i := whole(n)
	if i > 0 {
		avxRoundEven(&dst[0], &a[0], i)
	}
	for ; i < n; i++ {
		dst[i] = float32(math.RoundToEven(float64(a[i])))
	}
}

// FMA: dst[i] = a[i]*b[i] + c[i], rounded once by the assembly, twice by the loop.
func FMA(dst, a, b, c []float32) {
	n := len(dst)
	a, b, c = a[:n], b[:n], c[:n]
	if m := whole(n); m > 0 {
		avxFMA(&dst[0], &a[0], &b[0], &c[0], m)
	}
	for i := whole(n); i < n; i++ {
		dst[i] = fma(a[i], b[i], c[i])
	}
}

// Axpy: dst[i] += s*a[i], rounded once by the assembly, twice by the loop.
func Axpy(dst []float32, s float32, a []float32) {
	n := len(dst)
	a = a[:n]
	if m := whole(n); m > 0 {
		avxAxpy(&dst[0], &a[0], s, m)
	}
	for i := whole(n); i < n; i++ {
		dst[i] = fma(a[i], s, dst[i])
	}
}

// fma is x*y + z as the assembly rounds it where there is assembly, so that the
// last elements of a slice are no different from the others.
func fma(x, y, z float32) float32 {
	if useAVX2 {
		return fmaOnce(x, y, z)
	}
	return float32(x*y) + z
}

// fmaOnce rounds x*y + z once: the product is exact in float64, and the sum is
// rounded to odd there, so that rounding again to float32 does no harm.
func fmaOnce(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	if t := s - p; !math.IsInf(s, 0) && s == s {
		if err := (p - (s - t)) + (c - t); err != 0 && math.Float64bits(s)&1 == 0 {
			if (err > 0) == (s > 0) {
				s = math.Float64frombits(math.Float64bits(s) + 1)
			} else {
				s = math.Float64frombits(math.Float64bits(s) - 1)
			}
		}
	}
	return float32(s)
}

package vec

import "math"

// The assembly of the functions here is within 2.5 ulp (exp, log and erf 1.1) of the exact value for
// every input, denormals, infinities and NaN included; the Go loops round
// float64's functions. What AVX2 leaves over takes the assembly too, by way of a
// padded copy.

// Exp: dst[i] = e^a[i].
func Exp(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	if !useAVX2 {
		for i, x := range a {
			dst[i] = exp32(x)
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxExp(&dst[0], &a[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], a[m:])
		avxExp(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// Log: dst[i] = the natural logarithm of a[i].
func Log(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	if !useAVX2 {
		for i, x := range a {
			dst[i] = float32(math.Log(float64(x)))
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxLog(&dst[0], &a[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], a[m:])
		avxLog(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// Tanh: dst[i] = the hyperbolic tangent of a[i].
func Tanh(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	if !useAVX2 {
		for i, x := range a {
			dst[i] = float32(math.Tanh(float64(x)))
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxTanh(&dst[0], &a[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], a[m:])
		avxTanh(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// Logistic: dst[i] = 1 / (1 + e^-a[i]).
func Logistic(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	if !useAVX2 {
		for i, x := range a {
			dst[i] = float32(1 / (1 + math.Exp(-float64(x))))
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxLogistic(&dst[0], &a[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], a[m:])
		avxLogistic(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// Erf: dst[i] = the error function of a[i].
func Erf(dst, a []float32) {
	n := len(dst)
	a = a[:n]
	if !useAVX2 {
		for i, x := range a {
			dst[i] = float32(math.Erf(float64(x)))
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxErf(&dst[0], &a[0], m)
	}
	if m < n {
		var t [8]float32
		copy(t[:], a[m:])
		avxErf(&t[0], &t[0], 8)
		copy(dst[m:], t[:])
	}
}

// Log1p: dst[i] = ln(1 + a[i]).
func Log1p(dst, a []float32) {
	for i := range dst {
		dst[i] = float32(math.Log1p(float64(a[i])))
	}
}

// Expm1: dst[i] = e^a[i] - 1.
func Expm1(dst, a []float32) {
	for i := range dst {
		dst[i] = float32(math.Expm1(float64(a[i])))
	}
}

// Sin: dst[i] = sin(a[i]).
func Sin(dst, a []float32) {
	for i := range dst {
		dst[i] = float32(math.Sin(float64(a[i])))
	}
}

// Cos: dst[i] = cos(a[i]).
func Cos(dst, a []float32) {
	for i := range dst {
		dst[i] = float32(math.Cos(float64(a[i])))
	}
}

// Pow: dst[i] = a[i] to the power b[i].
func Pow(dst, a, b []float32) {
	for i := range dst {
		dst[i] = float32(math.Pow(float64(a[i]), float64(b[i])))
	}
}

// Rem: dst[i] = a[i] - b[i]*trunc(a[i]/b[i]), with the sign of a[i].
func Rem(dst, a, b []float32) {
	for i := range dst {
		dst[i] = float32(math.Mod(float64(a[i]), float64(b[i])))
	}
}

func exp32(x float32) float32 { return float32(math.Exp(float64(x))) }

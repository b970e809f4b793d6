package rng

import "math"

// log and sincos are Go's math.Log and math.Sincos (after FreeBSD's e_log.c and
// Cephes' sin.c) with each product rounded: the math package's own may be fused, and
// then differ in the last bit from machine to machine.

// log is the natural logarithm of a normal x above 0.
func log(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		l1    = 6.666666666666735130e-01
		l2    = 3.999999999940941908e-01
		l3    = 2.857142874366239149e-01
		l4    = 2.222219843214978396e-01
		l5    = 1.818357216161805012e-01
		l6    = 1.531383769920937332e-01
		l7    = 1.479819860511658591e-01
	)
	f1, ki := math.Frexp(x)
	if f1 < math.Sqrt2/2 {
		f1 *= 2
		ki--
	}
	f, k := f1-1, float64(ki)
	s := f / (2 + f)
	s2 := s * s
	s4 := s2 * s2
	odd := float64(s2 * polynomial(s4, l7, l5, l3, l1))
	even := float64(s4 * polynomial(s4, l6, l4, l2))
	half := float64(0.5 * f * f)
	return float64(k*ln2Hi) - ((half - (float64(s*(half+(odd+even))) + float64(k*ln2Lo))) - f)
}

// sincos is the sine and cosine of x in (0, 8).
func sincos(x float64) (sin, cos float64) {
	const ( // a quarter of pi in three parts
		a = 7.85398125648498535156e-1
		b = 3.77489470793079817668e-8
		c = 2.69515142907905952645e-15
	)
	octant := uint64(x * (4 / math.Pi))
	octant += octant & 1
	y := float64(octant)
	z := ((x - float64(y*a)) - float64(y*b)) - float64(y*c)
	zz := float64(z * z)
	cos = 1 - float64(0.5*zz) + float64(float64(zz*zz)*polynomial(zz, -1.13585365213876817300e-11, 2.08757008419747316778e-9,
		-2.75573141792967388112e-7, 2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2))
	sin = z + float64(float64(z*zz)*polynomial(zz, 1.58962301576546568060e-10, -2.50507477628578072866e-8,
		2.75573136213857245213e-6, -1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1))
	switch octant & 7 {
	case 2:
		return cos, -sin
	case 4:
		return -sin, -cos
	case 6:
		return -cos, sin
	}
	return sin, cos
}

// polynomial is Horner's rule, the highest power's coefficient first.
func polynomial(x float64, coefficients ...float64) (y float64) {
	for _, c := range coefficients {
		y = float64(y*x) + c
	}
	return y
}

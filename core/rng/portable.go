package rng

import "math"

// log, exp, sine and cosine are Go's math.Log, math.Exp and math.Sincos (after FreeBSD's
// e_log.c and e_exp.c and Cephes' sin.c) with each product rounded: the math package's
// own may be fused or assembly, and then differ in the last bit from machine to machine.

// log is the natural logarithm of an x above 0.
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
	w, exponent := math.Float64bits(x), -1022
	if w>>52 == 0 { // a denormal
		w, exponent = math.Float64bits(x*(1<<52)), -1022-52
	}
	exponent += int(w >> 52)
	f1 := math.Float64frombits(w&(1<<52-1) | 1022<<52) // in [1/2,1)
	if f1 < math.Sqrt2/2 {
		f1 *= 2
		exponent--
	}
	f, k := f1-1, float64(exponent)
	s := f / (2 + f)
	s2 := s * s
	s4 := s2 * s2
	odd := float64(s2 * (l1 + float64(s4*(l3+float64(s4*(l5+float64(s4*l7)))))))
	even := float64(s4 * (l2 + float64(s4*(l4+float64(s4*l6)))))
	half := float64(0.5 * f * f)
	return float64(k*ln2Hi) - ((half - (float64(s*(half+(odd+even))) + float64(k*ln2Lo))) - f)
}

// exp is e to the power of a finite x.
func exp(x float64) float64 {
	const (
		ln2Hi     = 6.93147180369123816490e-01
		ln2Lo     = 1.90821492927058770002e-10
		log2e     = 1.44269504088896338700e+00
		overflow  = 7.09782712893383973096e+02
		underflow = -7.45133219101941108420e+02
		p1        = 1.66666666666666657415e-01
		p2        = -2.77777777770155933842e-03
		p3        = 6.61375632143793436117e-05
		p4        = -1.65339022054652515390e-06
		p5        = 4.13813679705723846039e-08
	)
	switch {
	case x > overflow:
		return math.Inf(1)
	case x < underflow:
		return 0
	}
	k := int(float64(log2e*x) + math.Copysign(0.5, x))
	hi, lo := x-float64(float64(k)*ln2Hi), float64(float64(k)*ln2Lo)
	r := hi - lo // |r| is at most ln(2)/2
	t := float64(r * r)
	c := r - float64(t*(p1+float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))))
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return y * power2(k/2) * power2(k-k/2) // in two steps, of which only the last rounds
}

// power2 is 2 to the power of k, from -1022 to 1023.
func power2(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// octant is the even eighth of the circle that is nearest to x in (0, 8), and how far x
// is beyond it.
func octant(x float64) (n uint32, z float64) {
	const ( // a quarter of pi in three parts
		a = 7.85398125648498535156e-1
		b = 3.77489470793079817668e-8
		c = 2.69515142907905952645e-15
	)
	n = uint32(x * (4 / math.Pi))
	n += n & 1
	y := float64(n)
	return n, ((x - float64(y*a)) - float64(y*b)) - float64(y*c)
}

// sineNear0 and cosineNear0 are for z within a quarter of pi of 0.

func sineNear0(z float64) float64 {
	const (
		p1 = -1.66666666666666307295e-1
		p2 = 8.33333333332211858878e-3
		p3 = -1.98412698295895385996e-4
		p4 = 2.75573136213857245213e-6
		p5 = -2.50507477628578072866e-8
		p6 = 1.58962301576546568060e-10
	)
	zz := float64(z * z)
	return z + float64(float64(z*zz)*(p1+float64(zz*(p2+float64(zz*(p3+float64(zz*(p4+float64(zz*(p5+float64(zz*p6)))))))))))
}

func cosineNear0(z float64) float64 {
	const (
		p1 = 4.16666666666665929218e-2
		p2 = -1.38888888888730564116e-3
		p3 = 2.48015872888517045348e-5
		p4 = -2.75573141792967388112e-7
		p5 = 2.08757008419747316778e-9
		p6 = -1.13585365213876817300e-11
	)
	zz := float64(z * z)
	return 1 - float64(0.5*zz) + float64(float64(zz*zz)*(p1+float64(zz*(p2+float64(zz*(p3+float64(zz*(p4+float64(zz*(p5+float64(zz*p6)))))))))))
}

// sine and cosine of x in (0, 8).

func sine(x float64) float64 {
	n, z := octant(x)
	y := 0.0
	if n&2 != 0 {
		y = cosineNear0(z)
	} else {
		y = sineNear0(z)
	}
	if n&4 != 0 {
		return -y
	}
	return y
}

func cosine(x float64) float64 {
	n, z := octant(x)
	y := 0.0
	if n&2 != 0 {
		y = -sineNear0(z)
	} else {
		y = cosineNear0(z)
	}
	if n&4 != 0 {
		return -y
	}
	return y
}

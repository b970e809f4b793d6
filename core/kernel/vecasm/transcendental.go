package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	expHigh = 89.5   // e^89.5 overflows float32
	expLow  = -104.0 // e^-104 is below half of the smallest denormal
)

// expBounds loads the range of exp into v[15] and v[14], where exp expects them.
func expBounds() {
	VMOVUPS(num(expHigh), v[15])
	VMOVUPS(num(expLow), v[14])
}

// exp leaves e^x in res: x = n ln2 + r, e^r by a polynomial of degree 7, scaled
// by 2^n in two steps, so that the ends of the range come out as infinity,
// denormals and 0. Where narrow, -87 <= x <= 88 is known and one step does.
// It uses a, b, c; res may be x.
func exp(x, res, a, b, c VecPhysical, narrow bool) {
	r, n, p := a, b, c
	if narrow {
		VMOVAPS(x, r)
	} else {
		VMINPS(x, v[15], r) // NaN stays: the second source is returned
		VMAXPS(r, v[14], r)
	}
	VMULPS(num(1.44269504088896341), r, n)
	round(8, n, n)
	VFNMADD231PS(num(0.693359375), n, r)
	VFNMADD231PS(num(-2.12194440e-4), n, r)
	horner(p, r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	VMULPS(r, r, res)
	VFMADD213PS(r, res, p) // p = p r^2 + r
	VADDPS(num(1), p, p)
	if on == wide {
		VSCALEFPS(n, p, res)
		return
	}
	VCVTPS2DQ(n, n)
	if narrow {
		VPADDD(word(127), n, n)
		VPSLLD(U8(23), n, n)
		VMULPS(n, p, res)
		return
	}
	VPSRAD(U8(1), n, r)
	VPSUBD(r, n, n)
	VPADDD(word(127), r, r)
	VPADDD(word(127), n, n)
	VPSLLD(U8(23), r, r)
	VPSLLD(U8(23), n, n)
	VMULPS(r, p, p)
	VMULPS(n, p, res)
}

func transcendentals() {
	const from = "dst[i] = "
	one := func(name, doc string, before func(), op func()) {
		function(name, from+doc, any, []string{"dst", "a"}, nil, "", func(r []GPPhysical) {
			before()
			stream(1, floats(r...), func(int) {
				load(at(r[1], 0), v[0])
				op()
				store(v[0], at(r[0], 0))
			})
		})
	}
	one("avxExp", "e^a[i] (Cephes expf)", expBounds, func() { exp(v[0], v[0], v[1], v[2], v[3], false) })
	one("avxLog", "the natural logarithm of a[i] (Cephes logf)", func() {}, log)
	one("avxTanh", "the hyperbolic tangent of a[i] (Cephes tanhf)", func() { VMOVUPS(num(9.2), v[13]) }, tanh)
	one("avxLogistic", "1 / (1 + e^-a[i])", expBounds, logistic)
	one("avxErf", "the error function of a[i] (N. Juffa's erff)", func() { VMOVUPS(num(4.2), v[13]) }, erf)
}

// log of v[0]: x = 2^e (1+f) with 1+f in [sqrt(1/2), sqrt(2)).
func log() {
	x, e, f, z, p, t := v[0], v[1], v[2], v[3], v[4], v[5]
	c := flag(t, 0)
	compare(0x11, num(0x1p-126), x, c) // denormal: times 2^23
	VMULPS(num(1<<23), x, f)
	choose(c, f, x, f)
	keep(c, num(23), v[6])
	VPSUBD(word(0x3f3504f3), f, e)
	VPSRAD(U8(23), e, e)
	VPSLLD(U8(23), e, t)
	VPSUBD(t, f, f)
	VCVTDQ2PS(e, e)
	VSUBPS(v[6], e, e)
	VSUBPS(num(1), f, f)
	VMULPS(f, f, z)
	horner(p, f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	VMULPS(f, p, p)
	VMULPS(z, p, p)
	VFMADD231PS(num(-2.12194440e-4), e, p)
	VFNMADD231PS(num(0.5), z, p)
	VADDPS(p, f, f)
	VFMADD231PS(num(0.693359375), e, f)
	compare(0, word(0x7f800000), x, c)
	choose(c, x, f, f) // +Inf stays
	compare(0, word(0), x, c)
	choose(c, word(0xff800000), f, f) // log 0 = -Inf
	compare(0x19, word(0), x, c)
	ones(c, f) // NaN where x >= 0 does not hold
	VMOVAPS(f, x)
}

// tanh of v[0]: a polynomial below 0.625, else 1 - 2/(e^2x + 1).
func tanh() {
	x, ax, big := v[0], v[1], v[2]
	VANDPS(word(0x7fffffff), x, ax)
	VMINPS(ax, v[13], v[4]) // NaN stays
	VADDPS(v[4], v[4], v[4])
	exp(v[4], big, v[5], v[6], v[7], true)
	VMOVUPS(num(1), v[8])
	VADDPS(v[8], big, big)
	VMOVUPS(num(2), v[9])
	VDIVPS(big, v[9], big)
	VSUBPS(big, v[8], big)
	VMULPS(x, x, v[3])
	horner(v[4], v[3], -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	VMULPS(v[3], v[4], v[4])
	VFMADD213PS(ax, ax, v[4])
	c := flag(v[5], 0)
	compare(0x11, num(0.625), ax, c)
	choose(c, v[4], big, big)
	VANDPS(word(0x80000000), x, x)
	VORPS(big, x, x)
}

// logistic of v[0]: t = e^-|x|, then 1/(1+t), or t/(1+t) below zero.
func logistic() {
	x, t, d := v[0], v[1], v[2]
	VORPS(word(0x80000000), x, t)
	exp(t, t, v[3], v[4], v[5], false)
	VMOVUPS(num(1), v[6])
	VADDPS(v[6], t, d)
	choose(sign(x, 0), t, v[6], t)
	VDIVPS(d, t, x)
}

// erf of v[0]: two minimax polynomials that meet at 475/512.
func erf() {
	x, t, s, r := v[0], v[1], v[2], v[3]
	VANDPS(word(0x7fffffff), x, t)
	VMINPS(t, v[13], t) // NaN stays
	VMULPS(t, t, s)
	VMOVUPS(num(-1.72853470e-5), r)
	VFMADD213PS(num(3.83197126e-4), t, r)
	VMOVUPS(num(-3.88396438e-3), v[4])
	VFMADD213PS(num(2.42546219e-2), t, v[4])
	VFMADD213PS(v[4], s, r)
	for _, c := range []float64{-1.06777877e-1, -6.34846687e-1, -1.28717512e-1} {
		VFMADD213PS(num(c), t, r)
	}
	VFMSUB213PS(t, t, r) // r t - t
	exp(r, r, v[4], v[5], v[6], true)
	VMOVUPS(num(1), v[4])
	VSUBPS(r, v[4], r)
	horner(v[5], s, -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
	VFMADD213PS(t, t, v[5])
	c := flag(v[6], 0)
	compare(0x1e, num(0.927734375), t, c)
	choose(c, r, v[5], r)
	VANDPS(word(0x80000000), x, x)
	VORPS(r, x, x)
}

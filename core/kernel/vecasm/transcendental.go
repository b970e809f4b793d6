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

// expBounds loads the range of exp into Y15 and Y14, where exp expects them.
func expBounds() {
	VMOVUPS(num(expHigh), Y15)
	VMOVUPS(num(expLow), Y14)
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
		VMINPS(x, Y15, r) // NaN stays: the second source is returned
		VMAXPS(r, Y14, r)
	}
	VMULPS(num(1.44269504088896341), r, n)
	VROUNDPS(U8(8), n, n)
	VFNMADD231PS(num(0.693359375), n, r)
	VFNMADD231PS(num(-2.12194440e-4), n, r)
	horner(p, r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	VMULPS(r, r, res)
	VFMADD213PS(r, res, p) // p = p r^2 + r
	VADDPS(num(1), p, p)
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
		r := start(name, from+doc, []string{"dst", "a"}, nil, "")
		before()
		stream(1, floats(r...), func(int) {
			VMOVUPS(at(r[1], 0), Y0)
			op()
			VMOVUPS(Y0, at(r[0], 0))
		})
		finish()
	}
	one("avxExp", "e^a[i] (Cephes expf)", expBounds, func() { exp(Y0, Y0, Y1, Y2, Y3, false) })
	one("avxLog", "the natural logarithm of a[i] (Cephes logf)", func() {}, log)
	one("avxTanh", "the hyperbolic tangent of a[i] (Cephes tanhf)", func() { VMOVUPS(num(9.2), Y13) }, tanh)
	one("avxLogistic", "1 / (1 + e^-a[i])", expBounds, logistic)
	one("avxErf", "the error function of a[i] (N. Juffa's erff)", func() { VMOVUPS(num(4.2), Y13) }, erf)
}

// log of Y0: x = 2^e (1+f) with 1+f in [sqrt(1/2), sqrt(2)).
func log() {
	x, e, f, z, p, t := Y0, Y1, Y2, Y3, Y4, Y5
	VCMPPS(U8(0x11), num(0x1p-126), x, t) // denormal: times 2^23
	VMULPS(num(1<<23), x, f)
	VBLENDVPS(t, f, x, f)
	VANDPS(num(23), t, Y6)
	VPSUBD(word(0x3f3504f3), f, e)
	VPSRAD(U8(23), e, e)
	VPSLLD(U8(23), e, t)
	VPSUBD(t, f, f)
	VCVTDQ2PS(e, e)
	VSUBPS(Y6, e, e)
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
	VXORPS(z, z, z)
	VCMPPS(U8(0), word(0x7f800000), x, t)
	VBLENDVPS(t, x, f, f) // +Inf stays
	VCMPPS(U8(0), z, x, t)
	VBLENDVPS(t, word(0xff800000), f, f) // log 0 = -Inf
	VCMPPS(U8(0x19), z, x, t)
	VORPS(t, f, x) // NaN where x >= 0 does not hold
}

// tanh of Y0: a polynomial below 0.625, else 1 - 2/(e^2x + 1).
func tanh() {
	x, ax, big := Y0, Y1, Y2
	VANDPS(word(0x7fffffff), x, ax)
	VMINPS(ax, Y13, Y4) // NaN stays
	VADDPS(Y4, Y4, Y4)
	exp(Y4, big, Y5, Y6, Y7, true)
	VMOVUPS(num(1), Y8)
	VADDPS(Y8, big, big)
	VMOVUPS(num(2), Y9)
	VDIVPS(big, Y9, big)
	VSUBPS(big, Y8, big)
	VMULPS(x, x, Y3)
	horner(Y4, Y3, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	VMULPS(Y3, Y4, Y4)
	VFMADD213PS(ax, ax, Y4)
	VCMPPS(U8(0x11), num(0.625), ax, Y5)
	VBLENDVPS(Y5, Y4, big, big)
	VANDPS(word(0x80000000), x, x)
	VORPS(big, x, x)
}

// logistic of Y0: t = e^-|x|, then 1/(1+t), or t/(1+t) below zero.
func logistic() {
	x, t, d := Y0, Y1, Y2
	VORPS(word(0x80000000), x, t)
	exp(t, t, Y3, Y4, Y5, false)
	VMOVUPS(num(1), Y6)
	VADDPS(Y6, t, d)
	VBLENDVPS(x, t, Y6, t)
	VDIVPS(d, t, x)
}

// erf of Y0: two minimax polynomials that meet at 475/512.
func erf() {
	x, t, s, r := Y0, Y1, Y2, Y3
	VANDPS(word(0x7fffffff), x, t)
	VMINPS(t, Y13, t) // NaN stays
	VMULPS(t, t, s)
	VMOVUPS(num(-1.72853470e-5), r)
	VFMADD213PS(num(3.83197126e-4), t, r)
	VMOVUPS(num(-3.88396438e-3), Y4)
	VFMADD213PS(num(2.42546219e-2), t, Y4)
	VFMADD213PS(Y4, s, r)
	for _, c := range []float64{-1.06777877e-1, -6.34846687e-1, -1.28717512e-1} {
		VFMADD213PS(num(c), t, r)
	}
	VFMSUB213PS(t, t, r) // r t - t
	exp(r, r, Y4, Y5, Y6, true)
	VMOVUPS(num(1), Y4)
	VSUBPS(r, Y4, r)
	horner(Y5, s, -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
	VFMADD213PS(t, t, Y5)
	VCMPPS(U8(0x1e), num(0.927734375), t, Y6)
	VBLENDVPS(Y6, r, Y5, r)
	VANDPS(word(0x80000000), x, x)
	VORPS(r, x, x)
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	expHigh = 89.5   // e^89.5 overflows float32
	expLow  = -104.0 // e^-104 is below half of the smallest denormal
	erfHigh = 4.2    // erf is 1 from here on
)

// expBounds loads the range of exp into v[15] and v[14], where exp expects them.
func expBounds() {
	set(num(expHigh), v[15])
	set(num(expLow), v[14])
}

// exp leaves e^x in res: x = n ln2 + r, e^r by a polynomial of degree 7, scaled
// by 2^n in two steps, so that the ends of the range come out as infinity,
// denormals and 0. Where narrow, -87 <= x <= 88 is known and one step does.
// It uses r, n, p; res may be x. Each operand is a register for each vector.
func exp(x, res, r, n, p bank, narrow bool) {
	if narrow {
		x.each(func(i int) { VMOVAPS(x[i], r[i]) })
	} else {
		x.each(func(i int) { VMINPS(x[i], v[15], r[i]) }) // NaN stays: the second source is returned
		x.each(func(i int) { VMAXPS(r[i], v[14], r[i]) })
	}
	x.each(func(i int) { mul(num(1.44269504088896341), r[i], n[i]) })
	x.each(func(i int) { round(8, n[i], n[i]) })
	x.each(func(i int) { fnma231(num(0.693359375), n[i], r[i]) })
	x.each(func(i int) { fnma231(num(-2.12194440e-4), n[i], r[i]) })
	horner(p, r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	x.each(func(i int) { VMULPS(r[i], r[i], res[i]) })
	x.each(func(i int) { VFMADD213PS(r[i], res[i], p[i]) }) // p = p r^2 + r
	x.each(func(i int) { add(num(1), p[i], p[i]) })
	x.each(func(i int) { scale(p[i], n[i], r[i], res[i], narrow) })
}

// scale leaves p 2^n in res; AVX2 uses t.
func scale(p, n, t, res VecPhysical, narrow bool) {
	if on == wide {
		VSCALEFPS(n, p, res)
		return
	}
	VCVTPS2DQ(n, n)
	if narrow {
		addWords(word(127), n, n)
		VPSLLD(U8(23), n, n)
		VMULPS(n, p, res)
		return
	}
	VPSRAD(U8(1), n, t)
	VPSUBD(t, n, n)
	addWords(word(127), t, t)
	addWords(word(127), n, n)
	VPSLLD(U8(23), t, t)
	VPSLLD(U8(23), n, n)
	VMULPS(t, p, p)
	VMULPS(n, p, res)
}

// transcendentals are functions of the first bank, in place.
func transcendentals() {
	for _, f := range []struct {
		name, doc string
		banks     int
		constants func()
		body      func(b []bank)
	}{
		{"avxExp", "e^a[i] (Cephes expf)", 4, expBounds, func(b []bank) { exp(b[0], b[0], b[1], b[2], b[3], false) }},
		{"avxLog", "the natural logarithm of a[i] (Cephes logf)", 7, func() {}, log},
		{"avxTanh", "the hyperbolic tangent of a[i] (Cephes tanhf)", 7, tanhConstants, tanh},
		{"avxLogistic", "1 / (1 + e^-a[i])", 6, logisticConstants, logistic},
		{"avxErf", "the error function of a[i] (N. Juffa's erff)", 7, erfConstants, erf},
	} {
		function(f.name, "dst[i] = "+f.doc, any, []string{"dst", "a"}, nil, "", func(r []GPPhysical) {
			f.constants()
			streamBanks(f.banks, floats(r...), func(b []bank) {
				b[0].each(func(i int) { load(at(r[1], i), b[0][i]) })
				f.body(b)
				b[0].each(func(i int) { store(b[0][i], at(r[0], i)) })
			})
		})
	}
}

// log: x = 2^e (1+f) with 1+f in [sqrt(1/2), sqrt(2)).
func log(b []bank) {
	x, e, f, z, p, t, s := b[0], b[1], b[2], b[3], b[4], b[5], b[6]
	c := func(i int) cond { return flag(t[i], i) }
	x.each(func(i int) { compare(0x11, num(0x1p-126), x[i], c(i)) }) // denormal: times 2^23
	x.each(func(i int) { mul(num(1<<23), x[i], f[i]) })
	x.each(func(i int) { choose(c(i), f[i], x[i], f[i]) })
	x.each(func(i int) { keep(c(i), num(23), s[i]) })
	x.each(func(i int) { subWords(word(0x3f3504f3), f[i], e[i]) })
	x.each(func(i int) { VPSRAD(U8(23), e[i], e[i]) })
	x.each(func(i int) { VPSLLD(U8(23), e[i], t[i]) })
	x.each(func(i int) { VPSUBD(t[i], f[i], f[i]) })
	x.each(func(i int) { VCVTDQ2PS(e[i], e[i]) })
	x.each(func(i int) { VSUBPS(s[i], e[i], e[i]) })
	x.each(func(i int) { sub(num(1), f[i], f[i]) })
	x.each(func(i int) { VMULPS(f[i], f[i], z[i]) })
	horner(p, f, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	x.each(func(i int) { VMULPS(f[i], p[i], p[i]) })
	x.each(func(i int) { VMULPS(z[i], p[i], p[i]) })
	x.each(func(i int) { fma231(num(-2.12194440e-4), e[i], p[i]) })
	x.each(func(i int) { fnma231(num(0.5), z[i], p[i]) })
	x.each(func(i int) { VADDPS(p[i], f[i], f[i]) })
	x.each(func(i int) { fma231(num(0.693359375), e[i], f[i]) })
	x.each(func(i int) {
		compare(0, word(0x7f800000), x[i], c(i))
		choose(c(i), x[i], f[i], f[i]) // +Inf stays
		compare(0, word(0), x[i], c(i))
		choose(c(i), word(0xff800000), f[i], f[i]) // log 0 = -Inf
		compare(0x19, word(0), x[i], c(i))
		ones(c(i), f[i]) // NaN where x >= 0 does not hold
		VMOVAPS(f[i], x[i])
	})
}

func tanhConstants() {
	set(num(9.2), v[13])
	set(num(1), v[14])
	set(num(2), v[15])
}

// tanh: a polynomial below 0.625, else 1 - 2/(e^2x + 1).
func tanh(b []bank) {
	x, ax, big, t, r, n, p := b[0], b[1], b[2], b[3], b[4], b[5], b[6]
	x.each(func(i int) { andBits(word(0x7fffffff), x[i], ax[i]) })
	x.each(func(i int) { VMINPS(ax[i], v[13], t[i]) }) // NaN stays
	x.each(func(i int) { VADDPS(t[i], t[i], t[i]) })
	exp(t, big, r, n, p, true)
	x.each(func(i int) { VADDPS(v[14], big[i], big[i]) })
	x.each(func(i int) { VDIVPS(big[i], v[15], big[i]) })
	x.each(func(i int) { VSUBPS(big[i], v[14], big[i]) })
	x.each(func(i int) { VMULPS(x[i], x[i], t[i]) })
	horner(p, t, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	x.each(func(i int) { VMULPS(t[i], p[i], p[i]) })
	x.each(func(i int) { VFMADD213PS(ax[i], ax[i], p[i]) })
	x.each(func(i int) {
		c := flag(n[i], i)
		compare(0x11, num(0.625), ax[i], c)
		choose(c, p[i], big[i], big[i])
		andBits(word(0x80000000), x[i], x[i])
		VORPS(big[i], x[i], x[i])
	})
}

func logisticConstants() {
	expBounds()
	set(num(1), v[13])
}

// logistic: t = e^-|x|, then 1/(1+t), or t/(1+t) below zero.
func logistic(b []bank) {
	x, t, d := b[0], b[1], b[2]
	x.each(func(i int) { orBits(word(0x80000000), x[i], t[i]) })
	exp(t, t, b[3], b[4], b[5], false)
	x.each(func(i int) { VADDPS(v[13], t[i], d[i]) })
	x.each(func(i int) { choose(sign(x[i], i), t[i], v[13], t[i]) })
	x.each(func(i int) { VDIVPS(d[i], t[i], x[i]) })
}

func erfConstants() { set(num(erfHigh), v[13]) }

// erf: two minimax polynomials that meet at 475/512.
func erf(b []bank) {
	x, t, s, r, p, q, m := b[0], b[1], b[2], b[3], b[4], b[5], b[6]
	x.each(func(i int) { andBits(word(0x7fffffff), x[i], t[i]) })
	x.each(func(i int) { VMINPS(t[i], v[13], t[i]) }) // NaN stays
	x.each(func(i int) { VMULPS(t[i], t[i], s[i]) })
	x.each(func(i int) { set(num(-1.72853470e-5), r[i]) })
	x.each(func(i int) { fma213(num(3.83197126e-4), t[i], r[i]) })
	x.each(func(i int) { set(num(-3.88396438e-3), p[i]) })
	x.each(func(i int) { fma213(num(2.42546219e-2), t[i], p[i]) })
	x.each(func(i int) { VFMADD213PS(p[i], s[i], r[i]) })
	for _, c := range []float64{-1.06777877e-1, -6.34846687e-1, -1.28717512e-1} {
		x.each(func(i int) { fma213(num(c), t[i], r[i]) })
	}
	x.each(func(i int) { VFMSUB213PS(t[i], t[i], r[i]) }) // r t - t
	exp(r, r, p, q, m, true)
	x.each(func(i int) { set(num(1), p[i]) })
	x.each(func(i int) { VSUBPS(r[i], p[i], r[i]) })
	horner(q, s, -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1)
	x.each(func(i int) { VFMADD213PS(t[i], t[i], q[i]) })
	x.each(func(i int) {
		c := flag(m[i], i)
		compare(0x1e, num(0.927734375), t[i], c)
		choose(c, r[i], q[i], r[i])
		andBits(word(0x80000000), x[i], x[i])
		VORPS(r[i], x[i], x[i])
	})
}

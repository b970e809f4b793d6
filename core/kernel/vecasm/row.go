package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions here are single passes over one row of a normalisation or softmax.
func rows() {
	expSum := func(name, doc string, pointers []string, keep bool) {
		function(name, doc, eights, pointers, []string{"s"}, " float32", func(r []GPPhysical) {
			x := r[len(r)-1]
			VMOVAPS(v[15], v[13]) // exp wants its bounds there
			expBounds()
			zero(v[8])
			streamEights(16, floats(r...), func(k int) {
				load(at(x, k), v[0])
				VSUBPS(v[13], v[0], v[0])
				exp(bank{v[0]}, bank{v[0]}, bank{v[1]}, bank{v[2]}, bank{v[3]}, false)
				if keep {
					store(v[0], at(r[0], k))
				}
				VADDPS(v[0].AsY(), Y8, Y8)
				if on == wide && !tailing {
					upper(v[0], v[0])
					VADDPS(v[0].AsY(), Y8, Y8)
				}
			})
			foldEight(v[8], v[1], VADDPS)
			Store(X8, ReturnIndex(0))
		})
	}
	expSum("avxExpSum", "dst[i] = e^(x[i]-s); the result is their sum", []string{"dst", "x"}, true)
	expSum("avxSumExp", "the sum of e^(x[i]-s)", []string{"x"}, false)

	function("avxSubMul", "dst[i] = (a[i]-s)*b[i]", any, []string{"dst", "a", "b"}, []string{"s"}, "", func(r []GPPhysical) {
		stream(4, floats(r...), func(k int) {
			load(at(r[1], k), v[k])
			load(at(r[2], k), v[4+k])
			VSUBPS(v[15], v[k], v[k])
			VMULPS(v[4+k], v[k], v[k])
			store(v[k], at(r[0], k))
		})
	})
	function("avxSubExpMul", "dst[i] = a[i] - s*e^b[i]", any, []string{"dst", "a", "b"}, []string{"s"}, "", func(r []GPPhysical) {
		VMOVAPS(v[15], v[13])
		expBounds()
		stream(1, floats(r...), func(int) {
			load(at(r[2], 0), v[0])
			exp(bank{v[0]}, bank{v[0]}, bank{v[1]}, bank{v[2]}, bank{v[3]}, false)
			load(at(r[1], 0), v[4])
			VFNMADD231PS(v[0], v[13], v[4])
			store(v[4], at(r[0], 0))
		})
	})
	function("avxRowAffine", "dst[i] = (x[i]-mean)*rstd*a[i] + b[i]", any, []string{"dst", "x", "a", "b"}, []string{"mean", "rstd"}, "", func(r []GPPhysical) {
		stream(4, floats(r...), func(k int) { rowAffine(r[0], r[1], r[2], r[3], v[15], v[14], k) })
	})
	rowDotsFunction()

	// With p = -rstd*dot/n * rstd and q = -rstd*sum/n the gradient of a row is one expression.
	function("avxRowGrad", "dst[i] = dy[i]*scale[i]*rstd + ((x[i]-mean)*p + q)", any, []string{"dst", "dy", "x", "scale"}, []string{"mean", "rstd", "p", "q"}, "", func(r []GPPhysical) {
		stream(2, floats(r...), func(k int) { rowGrad(r[0], r[1], r[2], r[3], v[15], v[14], v[13], v[12], k) })
	})
}

func rowAffine(dst, x, a, b GPPhysical, mean, rstd VecPhysical, k int) {
	load(at(x, k), v[k])
	load(at(a, k), v[4+k])
	load(at(b, k), v[8+k])
	VSUBPS(mean, v[k], v[k])
	VMULPS(rstd, v[k], v[k])
	VFMADD213PS(v[8+k], v[4+k], v[k])
	store(v[k], at(dst, k))
}

func rowGrad(dst, dy, x, scale GPPhysical, mean, rstd, p, q VecPhysical, k int) {
	h, d, s := v[k], v[2+k], v[4+k]
	load(at(x, k), h)
	load(at(dy, k), d)
	load(at(scale, k), s)
	VSUBPS(mean, h, h)
	VFMADD213PS(q, p, h)
	VMULPS(s, d, d)
	VFMADD231PS(d, rstd, h)
	store(h, at(dst, k))
}

func rowDotsFunction() {
	TEXT("avxRowDots", NOSPLIT, "func(dscale, doffset, dy, x, scale *float32, mean, rstd float32, n int) (sum, dot float32)")
	Pragma("noescape")
	Doc("avxRowDots: with h = (x[i]-mean)*rstd: dscale[i] += dy[i]*h, doffset[i] += dy[i];",
		"the results are the sums of dy[i]*scale[i] and dy[i]*scale[i]*h, n a multiple of 8.")
	both(func() {
		r := loadArguments([]string{"dscale", "doffset", "dy", "x", "scale"}, []string{"mean", "rstd"})
		rowDots(r[0], r[1], r[2], r[3], r[4], v[15], v[14])
		Store(X8, Return("sum"))
		Store(X10, Return("dot"))
	})
}

// rowDots leaves the sums in X8 and X10.
func rowDots(dscale, doffset, dy, x, scale GPPhysical, mean, rstd VecPhysical) {
	sums, dots := v[8:10], v[10:12] // sixteen partial results each
	zero(sums...)
	zero(dots...)
	streamEights(16, floats(dscale, doffset, dy, x, scale), func(k int) {
		h, d, t := v[k], v[2+k], v[4+k]
		load(at(x, k), h)
		VSUBPS(mean, h, h)
		VMULPS(rstd, h, h)
		load(at(dy, k), d)
		load(at(dscale, k), t)
		VFMADD231PS(d, h, t)
		store(t, at(dscale, k))
		load(at(doffset, k), t)
		VADDPS(t, d, t)
		store(t, at(doffset, k))
		load(at(scale, k), t)
		VMULPS(t, d, d)
		into(VADDPS, d, sums[k], sums[k])
		into(VFMADD231PS, d, h, dots[k])
	})
	foldSixteen(sums[0], sums[1], v[0], VADDPS)
	foldSixteen(dots[0], dots[1], v[0], VADDPS)
}

// route is the inner loop of max pooling's gradient.
func route() {
	function("avxRoute", "where x[i] == best[i] and free[i] is all ones, dx[i] += dy[i] and free[i] = 0", any,
		[]string{"dx", "dy", "x", "best", "free"}, nil, "", func(r []GPPhysical) {
			stream(2, floats(r...), func(k int) {
				e, f, t := v[k], v[2+k], v[4+k]
				load(at(r[2], k), e)
				load(at(r[3], k), t)
				c := flag(e, k)
				compare(0, t, e, c)
				load(at(r[4], k), f)
				keep(c, f, e)
				xor(e, f, f)
				store(f, at(r[4], k))
				load(at(r[1], k), t)
				VANDPS(t, e, e)
				load(at(r[0], k), t)
				VADDPS(t, e, e)
				store(e, at(r[0], k))
			})
		})
}

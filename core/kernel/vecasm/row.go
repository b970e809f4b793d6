package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The functions here are single passes over one row of a normalisation or softmax.
func rows() {
	r := start("avxExpSum", "dst[i] = e^(x[i]-s); the result is their sum", []string{"dst", "x"}, []string{"s"}, " float32")
	VMOVAPS(Y15, Y13) // exp wants its bounds there
	expBounds()
	zero(Y8)
	stream(1, floats(r...), func(int) {
		VMOVUPS(at(r[1], 0), Y0)
		VSUBPS(Y13, Y0, Y0)
		exp(Y0, Y0, Y1, Y2, Y3, false)
		VADDPS(Y0, Y8, Y8)
		VMOVUPS(Y0, at(r[0], 0))
	})
	foldLanes(Y8, Y1, VADDPS)
	Store(X8, ReturnIndex(0))
	finish()

	r = start("avxSumExp", "the sum of e^(x[i]-s)", []string{"x"}, []string{"s"}, " float32")
	VMOVAPS(Y15, Y13)
	expBounds()
	zero(Y8)
	stream(1, floats(r...), func(int) {
		VMOVUPS(at(r[0], 0), Y0)
		VSUBPS(Y13, Y0, Y0)
		exp(Y0, Y0, Y1, Y2, Y3, false)
		VADDPS(Y0, Y8, Y8)
	})
	foldLanes(Y8, Y1, VADDPS)
	Store(X8, ReturnIndex(0))
	finish()

	r = start("avxSubMul", "dst[i] = (a[i]-s)*b[i]", []string{"dst", "a", "b"}, []string{"s"}, "")
	stream(4, floats(r...), func(k int) {
		VMOVUPS(at(r[1], k), y[k])
		VSUBPS(Y15, y[k], y[k])
		VMULPS(at(r[2], k), y[k], y[k])
		VMOVUPS(y[k], at(r[0], k))
	})
	finish()

	r = start("avxSubExpMul", "dst[i] = a[i] - s*e^b[i]", []string{"dst", "a", "b"}, []string{"s"}, "")
	VMOVAPS(Y15, Y13)
	expBounds()
	stream(1, floats(r...), func(int) {
		VMOVUPS(at(r[2], 0), Y0)
		exp(Y0, Y0, Y1, Y2, Y3, false)
		VMOVUPS(at(r[1], 0), Y4)
		VFNMADD231PS(Y0, Y13, Y4)
		VMOVUPS(Y4, at(r[0], 0))
	})
	finish()

	r = start("avxRowAffine", "dst[i] = (x[i]-mean)*rstd*a[i] + b[i]", []string{"dst", "x", "a", "b"}, []string{"mean", "rstd"}, "")
	stream(4, floats(r...), func(k int) {
		VMOVUPS(at(r[1], k), y[k])
		VSUBPS(Y15, y[k], y[k])
		VMULPS(Y14, y[k], y[k])
		VMOVUPS(at(r[2], k), y[4+k])
		VFMADD213PS(at(r[3], k), y[4+k], y[k])
		VMOVUPS(y[k], at(r[0], k))
	})
	finish()

	TEXT("avxRowDots", NOSPLIT, "func(dscale, doffset, dy, x, scale *float32, mean, rstd float32, n int) (sum, dot float32)")
	Pragma("noescape")
	Doc("avxRowDots: with h = (x[i]-mean)*rstd: dscale[i] += dy[i]*h, doffset[i] += dy[i];",
		"the results are the sums of dy[i]*scale[i] and dy[i]*scale[i]*h, n a multiple of 8.")
	r = pointerRegs[:5]
	for i, p := range []string{"dscale", "doffset", "dy", "x", "scale"} {
		Load(Param(p), r[i])
	}
	for i, s := range []string{"mean", "rstd"} {
		a, err := Param(s).Resolve()
		if err != nil {
			panic(err)
		}
		VBROADCASTSS(a.Addr, y[15-i])
	}
	Load(Param("n"), RCX)
	zero(Y8, Y9, Y10, Y11)
	stream(2, floats(r...), func(k int) {
		h, d, t := y[k], y[2+k], y[4+k]
		VMOVUPS(at(r[3], k), h)
		VSUBPS(Y15, h, h)
		VMULPS(Y14, h, h)
		VMOVUPS(at(r[2], k), d)
		VMOVUPS(at(r[0], k), t)
		VFMADD231PS(d, h, t)
		VMOVUPS(t, at(r[0], k))
		VADDPS(at(r[1], k), d, t)
		VMOVUPS(t, at(r[1], k))
		VMULPS(at(r[4], k), d, d)
		VADDPS(d, y[8+k], y[8+k])
		VFMADD231PS(d, h, y[10+k])
	})
	VADDPS(Y9, Y8, Y8)
	VADDPS(Y11, Y10, Y10)
	foldLanes(Y8, Y0, VADDPS)
	foldLanes(Y10, Y0, VADDPS)
	Store(X8, Return("sum"))
	Store(X10, Return("dot"))
	finish()

	// With p = -rstd*dot/n * rstd and q = -rstd*sum/n the gradient of a row is one expression.
	r = start("avxRowGrad", "dst[i] = dy[i]*scale[i]*rstd + ((x[i]-mean)*p + q)", []string{"dst", "dy", "x", "scale"}, []string{"mean", "rstd", "p", "q"}, "")
	mean, rstd, p, q := Y15, Y14, Y13, Y12
	stream(2, floats(r...), func(k int) {
		h, d := y[k], y[2+k]
		VMOVUPS(at(r[2], k), h)
		VSUBPS(mean, h, h)
		VFMADD213PS(q, p, h)
		VMOVUPS(at(r[1], k), d)
		VMULPS(at(r[3], k), d, d)
		VFMADD231PS(d, rstd, h)
		VMOVUPS(h, at(r[0], k))
	})
	finish()
}

// route is the inner loop of max pooling's gradient.
func route() {
	r := start("avxRoute", "where x[i] == best[i] and free[i] is set, dx[i] += dy[i] and free[i] is cleared", []string{"dx", "dy", "x", "best", "free"}, nil, "")
	stream(2, floats(r...), func(k int) {
		e, f := y[k], y[2+k]
		VMOVUPS(at(r[2], k), e)
		VCMPPS(U8(0), at(r[3], k), e, e)
		VMOVUPS(at(r[4], k), f)
		VANDPS(f, e, e)
		VXORPS(e, f, f)
		VMOVUPS(f, at(r[4], k))
		VANDPS(at(r[1], k), e, e)
		VADDPS(at(r[0], k), e, e)
		VMOVUPS(e, at(r[0], k))
	})
	finish()
}

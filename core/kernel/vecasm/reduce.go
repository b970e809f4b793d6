package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// fold combines the lanes of Y0..Y3 into the result: ((0+1)+(2+3)), then halves.
func fold(op func(...Op)) {
	op(Y1, Y0, Y0)
	op(Y3, Y2, Y2)
	op(Y2, Y0, Y0)
	foldLanes(Y0, Y1, op)
}

// foldLanes combines the eight lanes of v into its first.
func foldLanes(v, t VecPhysical, op func(...Op)) {
	x, u := v.AsX(), t.AsX()
	VEXTRACTF128(U8(1), v, u)
	op(u, x, x)
	VMOVHLPS(x, x, u)
	op(u, x, x)
	VPSHUFD(U8(1), x, u)
	op(u, x, x)
}

func zero(regs ...VecPhysical) {
	for _, r := range regs {
		VXORPS(r, r, r)
	}
}

func reductions() {
	sum := func(name, doc string, pointers, scalars []string, body func(r []GPPhysical, k int)) {
		r := start(name, doc, pointers, scalars, " float32")
		zero(Y0, Y1, Y2, Y3)
		stream(4, floats(r...), func(k int) { body(r, k) })
		fold(VADDPS)
		Store(X0, ReturnIndex(0))
		finish()
	}
	sum("avxSum", "the sum of x[i]", []string{"x"}, nil, func(r []GPPhysical, k int) {
		VADDPS(at(r[0], k), y[k], y[k])
	})
	sum("avxDot", "the sum of a[i]*b[i]", []string{"a", "b"}, nil, func(r []GPPhysical, k int) {
		VMOVUPS(at(r[0], k), y[4+k])
		VFMADD231PS(at(r[1], k), y[4+k], y[k])
	})
	sum("avxSumSquares", "the sum of (x[i]-s)^2", []string{"x"}, []string{"s"}, func(r []GPPhysical, k int) {
		VMOVUPS(at(r[0], k), y[4+k])
		VSUBPS(Y15, y[4+k], y[4+k])
		VFMADD231PS(y[4+k], y[4+k], y[k])
	})

	for _, o := range []struct {
		name, doc string
		op        func(...Op)
	}{{"avxMaxOf", "the largest x[i]", VMAXPS}, {"avxMinOf", "the smallest x[i]", VMINPS}} {
		r := start(o.name, o.doc+", NaN if any is, n above 0", []string{"x"}, nil, " float32")
		for k := range 4 {
			VMOVUPS(at(r[0], 0), y[k])
		}
		zero(Y8)
		stream(4, floats(r...), func(k int) {
			VMOVUPS(at(r[0], k), y[4+k])
			VCMPPS(U8(3), y[4+k], y[4+k], y[9+k])
			VORPS(y[9+k], Y8, Y8)
			o.op(y[4+k], y[k], y[k])
		})
		fold(o.op)
		foldLanes(Y8, Y9, VORPS)
		VORPS(X8, X0, X0)
		Store(X0, ReturnIndex(0))
		finish()
	}
}

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	halfRoot   = 0.7071067811865476 // sqrt(1/2)
	twoByRoot  = 1.1283791670955126 // 2/sqrt(pi)
	geluResult = "x[i] (1 + erf(x[i] sqrt(1/2))) / 2"
)

// gelu is the exact GELU and its gradient, rounded as the operations one by one
// are.
func gelu() {
	function("avxGelu", "dst[i] = "+geluResult, any, []string{"dst", "x"}, nil, "", func(r []GPPhysical) {
		erfConstants()
		streamBanks(7, floats(r...), func(b []bank) {
			e, x := b[0], b[1]
			e.each(func(i int) { load(at(r[1], i), e[i]) })
			e.each(func(i int) { mul(num(halfRoot), e[i], e[i]) })
			erf(b)
			e.each(func(i int) { load(at(r[1], i), x[i]) })
			e.each(func(i int) { add(num(1), e[i], e[i]) })
			e.each(func(i int) { VMULPS(e[i], x[i], e[i]) })
			e.each(func(i int) { mul(num(0.5), e[i], e[i]) })
			e.each(func(i int) { store(e[i], at(r[0], i)) })
		})
	})
	// With u = x sqrt(1/2) the derivative is (1 + erf u)/2 + x/2 e^(-u^2) 2/sqrt(pi) sqrt(1/2).
	function("avxGeluGrad", "dst[i] = dy[i] times the derivative of "+geluResult, any, []string{"dst", "dy", "x"}, nil, "", func(r []GPPhysical) {
		expBounds()
		erfConstants()
		streamBanks(7, floats(r...), func(b []bank) {
			e, x, u, g := b[0], b[1], b[2], b[3]
			half := func(i int) { // half of dy
				load(at(r[1], i), g[i])
				mul(num(0.5), g[i], g[i])
			}
			e.each(func(i int) { load(at(r[2], i), e[i]) })
			e.each(func(i int) { mul(num(halfRoot), e[i], e[i]) })
			erf(b)
			e.each(func(i int) { add(num(1), e[i], e[i]) })
			e.each(half)
			e.each(func(i int) { VMULPS(e[i], g[i], e[i]) }) // the first term
			e.each(func(i int) { load(at(r[2], i), x[i]) })
			e.each(func(i int) { mul(num(halfRoot), x[i], u[i]) })
			e.each(func(i int) { VMULPS(u[i], u[i], u[i]) })
			e.each(func(i int) { xorBits(word(0x80000000), u[i], u[i]) })
			exp(u, u, b[4], b[5], b[6], false)
			e.each(func(i int) { VMULPS(x[i], g[i], g[i]) })
			e.each(func(i int) { VMULPS(u[i], g[i], g[i]) })
			e.each(func(i int) { mul(num(twoByRoot), g[i], g[i]) })
			e.each(func(i int) { mul(num(halfRoot), g[i], g[i]) })
			e.each(func(i int) { VADDPS(g[i], e[i], e[i]) })
			e.each(func(i int) { store(e[i], at(r[0], i)) })
		})
	})
}

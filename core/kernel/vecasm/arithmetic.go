package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A binaryOp of vector k may use v[12] and opmask k.
type binaryOp func(b Op, a, dst VecPhysical, k int)

func plain(op func(...Op)) binaryOp {
	return func(b Op, a, dst VecPhysical, _ int) { op(b, a, dst) }
}

func comparison(predicate uint8) binaryOp {
	return func(b Op, a, dst VecPhysical, k int) {
		c := flag(dst, k)
		compare(predicate, b, a, c)
		if on == wide {
			spread(c, dst)
		}
	}
}

// extreme is a maximum or minimum that is NaN where either operand is. Of two
// zeros op returns the second, so join takes both orders: the maximum's bits
// are those of both, the minimum's those of either.
func extreme(op, join func(...Op)) binaryOp {
	return func(b Op, a, dst VecPhysical, k int) {
		nan := flag(v[12], k)
		compare(3, b, a, nan)
		op(b, a, dst)
		op(a, b, a)
		join(a, dst, dst)
		ones(nan, dst)
	}
}

func arithmetic() {
	const from = "dst[i] = "
	for _, o := range []struct {
		name, doc string
		op        binaryOp
	}{
		{"avxAdd", "a[i] + b[i]", plain(VADDPS)},
		{"avxSub", "a[i] - b[i]", plain(VSUBPS)},
		{"avxMul", "a[i] * b[i]", plain(VMULPS)},
		{"avxDiv", "a[i] / b[i]", plain(VDIVPS)},
		{"avxMax", "max(a[i], b[i]), NaN if either is", extreme(VMAXPS, VANDPS)},
		{"avxMin", "min(a[i], b[i]), NaN if either is", extreme(VMINPS, VORPS)},
		{"avxAnd", "the bits of a[i] & b[i]", plain(VANDPS)},
		{"avxOr", "the bits of a[i] | b[i]", plain(VORPS)},
		{"avxXor", "the bits of a[i] ^ b[i]", plain(VXORPS)},
		{"avxEQ", "all ones where a[i] == b[i], else 0", comparison(0x00)},
		{"avxNE", "all ones where a[i] != b[i], else 0", comparison(0x04)},
		{"avxLT", "all ones where a[i] < b[i], else 0", comparison(0x11)},
		{"avxLE", "all ones where a[i] <= b[i], else 0", comparison(0x12)},
	} {
		function(o.name, from+o.doc, any, []string{"dst", "a", "b"}, nil, "", func(r []GPPhysical) {
			stream(4, floats(r...), func(k int) {
				load(at(r[1], k), v[k])
				load(at(r[2], k), v[4+k])
				o.op(v[4+k], v[k], v[8+k], k)
				store(v[8+k], at(r[0], k))
			})
		})
	}
	for _, o := range []struct {
		name, doc string
		op        binaryOp
	}{
		{"avxAddS", "a[i] + s", plain(VADDPS)},
		{"avxMulS", "a[i] * s", plain(VMULPS)},
		{"avxDivS", "a[i] / s", plain(VDIVPS)},
		{"avxMaxS", "max(a[i], s), NaN if either is", extreme(VMAXPS, VANDPS)},
		{"avxMinS", "min(a[i], s), NaN if either is", extreme(VMINPS, VORPS)},
	} {
		function(o.name, from+o.doc, any, []string{"dst", "a"}, []string{"s"}, "", func(r []GPPhysical) {
			stream(4, floats(r...), func(k int) {
				load(at(r[1], k), v[k])
				o.op(v[15], v[k], v[8+k], k)
				store(v[8+k], at(r[0], k))
			})
		})
	}
	for _, o := range []struct {
		name, doc string
		op        func(a, dst VecPhysical)
	}{
		{"avxAbs", "|a[i]|", func(a, dst VecPhysical) { andBits(word(0x7fffffff), a, dst) }},
		{"avxNeg", "-a[i]", func(a, dst VecPhysical) { xorBits(word(0x80000000), a, dst) }},
		{"avxNot", "the bits of ^a[i]", func(a, dst VecPhysical) { xorBits(word(0xffffffff), a, dst) }},
		{"avxSqrt", "sqrt(a[i])", func(a, dst VecPhysical) { VSQRTPS(a, dst) }},
		{"avxRsqrt", "1 / sqrt(a[i])", func(a, dst VecPhysical) {
			VSQRTPS(a, a)
			set(num(1), dst)
			VDIVPS(a, dst, dst)
		}},
		{"avxFloor", "floor(a[i])", func(a, dst VecPhysical) { round(9, a, dst) }},
		{"avxCeil", "ceil(a[i])", func(a, dst VecPhysical) { round(10, a, dst) }},
		{"avxRoundEven", "a[i] rounded to nearest, ties to even", func(a, dst VecPhysical) { round(8, a, dst) }},
	} {
		function(o.name, from+o.doc, any, []string{"dst", "a"}, nil, "", func(r []GPPhysical) {
			stream(4, floats(r...), func(k int) {
				load(at(r[1], k), v[k])
				o.op(v[k], v[8+k])
				store(v[8+k], at(r[0], k))
			})
		})
	}

	function("avxSelect", from+"a[i] where the sign bit of mask[i] is set, else b[i]", any, []string{"dst", "mask", "a", "b"}, nil, "", func(r []GPPhysical) {
		stream(4, floats(r...), func(k int) {
			load(at(r[1], k), v[k])
			load(at(r[3], k), v[4+k])
			load(at(r[2], k), v[8+k])
			choose(sign(v[k], k), v[8+k], v[4+k], v[8+k])
			store(v[8+k], at(r[0], k))
		})
	})
	function("avxFMA", from+"a[i]*b[i] + c[i], rounded once", any, []string{"dst", "a", "b", "c"}, nil, "", func(r []GPPhysical) {
		stream(4, floats(r...), func(k int) {
			load(at(r[1], k), v[k])
			load(at(r[2], k), v[4+k])
			load(at(r[3], k), v[8+k])
			VFMADD213PS(v[8+k], v[4+k], v[k])
			store(v[k], at(r[0], k))
		})
	})
	function("avxAxpy", "dst[i] += s*a[i], rounded once", any, []string{"dst", "a"}, []string{"s"}, "", func(r []GPPhysical) {
		stream(4, floats(r...), func(k int) {
			load(at(r[0], k), v[k])
			load(at(r[1], k), v[4+k])
			VFMADD231PS(v[4+k], v[15], v[k])
			store(v[k], at(r[0], k))
		})
	})
}

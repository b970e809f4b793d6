package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

type binaryOp func(b Op, a, dst VecPhysical)

func compare(predicate uint8) binaryOp {
	return func(b Op, a, dst VecPhysical) { VCMPPS(U8(predicate), b, a, dst) }
}

// extreme is a maximum or minimum that is NaN where either operand is.
func extreme(op func(...Op)) binaryOp {
	return func(b Op, a, dst VecPhysical) {
		VCMPPS(U8(3), b, a, Y12)
		op(b, a, dst)
		VORPS(Y12, dst, dst)
	}
}

func arithmetic() {
	const from = "dst[i] = "
	for _, o := range []struct {
		name, doc string
		op        binaryOp
	}{
		{"avxAdd", "a[i] + b[i]", func(b Op, a, dst VecPhysical) { VADDPS(b, a, dst) }},
		{"avxSub", "a[i] - b[i]", func(b Op, a, dst VecPhysical) { VSUBPS(b, a, dst) }},
		{"avxMul", "a[i] * b[i]", func(b Op, a, dst VecPhysical) { VMULPS(b, a, dst) }},
		{"avxDiv", "a[i] / b[i]", func(b Op, a, dst VecPhysical) { VDIVPS(b, a, dst) }},
		{"avxMax", "max(a[i], b[i]), NaN if either is", extreme(VMAXPS)},
		{"avxMin", "min(a[i], b[i]), NaN if either is", extreme(VMINPS)},
		{"avxAnd", "the bits of a[i] & b[i]", func(b Op, a, dst VecPhysical) { VANDPS(b, a, dst) }},
		{"avxOr", "the bits of a[i] | b[i]", func(b Op, a, dst VecPhysical) { VORPS(b, a, dst) }},
		{"avxXor", "the bits of a[i] ^ b[i]", func(b Op, a, dst VecPhysical) { VXORPS(b, a, dst) }},
		{"avxEQ", "all ones where a[i] == b[i], else 0", compare(0x00)},
		{"avxNE", "all ones where a[i] != b[i], else 0", compare(0x04)},
		{"avxLT", "all ones where a[i] < b[i], else 0", compare(0x11)},
		{"avxLE", "all ones where a[i] <= b[i], else 0", compare(0x12)},
	} {
		r := start(o.name, from+o.doc, []string{"dst", "a", "b"}, nil, "")
		stream(4, floats(r...), func(k int) {
			VMOVUPS(at(r[1], k), y[k])
			VMOVUPS(at(r[2], k), y[4+k])
			o.op(y[4+k], y[k], y[8+k])
			VMOVUPS(y[8+k], at(r[0], k))
		})
		finish()
	}
	for _, o := range []struct {
		name, doc string
		op        func(a, s, dst VecPhysical)
	}{
		{"avxAddS", "a[i] + s", func(a, s, dst VecPhysical) { VADDPS(s, a, dst) }},
		{"avxMulS", "a[i] * s", func(a, s, dst VecPhysical) { VMULPS(s, a, dst) }},
		{"avxDivS", "a[i] / s", func(a, s, dst VecPhysical) { VDIVPS(s, a, dst) }},
		{"avxMaxS", "max(a[i], s), NaN if either is", func(a, s, dst VecPhysical) { extreme(VMAXPS)(s, a, dst) }},
		{"avxMinS", "min(a[i], s), NaN if either is", func(a, s, dst VecPhysical) { extreme(VMINPS)(s, a, dst) }},
	} {
		r := start(o.name, from+o.doc, []string{"dst", "a"}, []string{"s"}, "")
		stream(4, floats(r...), func(k int) {
			VMOVUPS(at(r[1], k), y[k])
			o.op(y[k], Y15, y[8+k])
			VMOVUPS(y[8+k], at(r[0], k))
		})
		finish()
	}
	for _, o := range []struct {
		name, doc string
		op        func(a, dst VecPhysical)
	}{
		{"avxAbs", "|a[i]|", func(a, dst VecPhysical) { VANDPS(word(0x7fffffff), a, dst) }},
		{"avxNeg", "-a[i]", func(a, dst VecPhysical) { VXORPS(word(0x80000000), a, dst) }},
		{"avxNot", "the bits of ^a[i]", func(a, dst VecPhysical) { VXORPS(word(0xffffffff), a, dst) }},
		{"avxSqrt", "sqrt(a[i])", func(a, dst VecPhysical) { VSQRTPS(a, dst) }},
		{"avxRsqrt", "1 / sqrt(a[i])", func(a, dst VecPhysical) {
			VSQRTPS(a, a)
			VMOVUPS(num(1), dst)
			VDIVPS(a, dst, dst)
		}},
		{"avxFloor", "floor(a[i])", func(a, dst VecPhysical) { VROUNDPS(U8(9), a, dst) }},
		{"avxCeil", "ceil(a[i])", func(a, dst VecPhysical) { VROUNDPS(U8(10), a, dst) }},
		{"avxRoundEven", "a[i] rounded to nearest, ties to even", func(a, dst VecPhysical) { VROUNDPS(U8(8), a, dst) }},
	} {
		r := start(o.name, from+o.doc, []string{"dst", "a"}, nil, "")
		stream(4, floats(r...), func(k int) {
			VMOVUPS(at(r[1], k), y[k])
			o.op(y[k], y[8+k])
			VMOVUPS(y[8+k], at(r[0], k))
		})
		finish()
	}

	r := start("avxSelect", from+"a[i] where the sign bit of mask[i] is set, else b[i]", []string{"dst", "mask", "a", "b"}, nil, "")
	stream(4, floats(r...), func(k int) {
		VMOVUPS(at(r[1], k), y[k])
		VMOVUPS(at(r[3], k), y[4+k])
		VBLENDVPS(y[k], at(r[2], k), y[4+k], y[8+k])
		VMOVUPS(y[8+k], at(r[0], k))
	})
	finish()

	r = start("avxFMA", from+"a[i]*b[i] + c[i], rounded once", []string{"dst", "a", "b", "c"}, nil, "")
	stream(4, floats(r...), func(k int) {
		VMOVUPS(at(r[1], k), y[k])
		VMOVUPS(at(r[2], k), y[4+k])
		VFMADD213PS(at(r[3], k), y[4+k], y[k])
		VMOVUPS(y[k], at(r[0], k))
	})
	finish()

	r = start("avxAxpy", "dst[i] += s*a[i], rounded once", []string{"dst", "a"}, []string{"s"}, "")
	stream(4, floats(r...), func(k int) {
		VMOVUPS(at(r[0], k), y[k])
		VFMADD231PS(at(r[1], k), Y15, y[k])
		VMOVUPS(y[k], at(r[0], k))
	})
	finish()
}

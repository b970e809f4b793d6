package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// typed opens a conversion between slices of different element types.
func typed(name, doc, dst, src string) {
	TEXT(name, NOSPLIT, "func(dst *"+dst+", src *"+src+", n int)")
	Pragma("noescape")
	Doc(name + ": " + doc + ", n a multiple of 8.")
	Load(Param("dst"), RDI)
	Load(Param("src"), RSI)
	Load(Param("n"), RCX)
}

func bytesAt(r GPPhysical, k int) Mem { return Mem{Base: r, Disp: 8 * k} }

func conversions() {
	typed("avxF32FromI32", "dst[i] = float32(src[i])", "float32", "int32")
	stream(4, floats(RDI, RSI), func(k int) {
		VCVTDQ2PS(at(RSI, k), y[k])
		VMOVUPS(y[k], at(RDI, k))
	})
	finish()

	typed("avxI32FromF32", "dst[i] = src[i] truncated and saturated, 0 for NaN", "int32", "float32")
	stream(2, floats(RDI, RSI), func(k int) {
		x, r, t := y[k], y[4+k], y[8+k]
		VMOVUPS(at(RSI, k), x)
		VCVTTPS2DQ(x, r) // the smallest integer where it does not fit
		VCMPPS(U8(0x1d), num(1<<31), x, t)
		VPXOR(t, r, r)
		VCMPPS(U8(7), x, x, t)
		VPAND(t, r, r)
		VMOVDQU(r, at(RDI, k))
	})
	finish()

	typed("avxMaskFromBool", "dst[i] = all ones where src[i] != 0, else 0", "uint32", "uint8")
	VPXOR(Y15, Y15, Y15)
	stream(4, []step{{RDI, 32}, {RSI, 8}}, func(k int) {
		VPMOVZXBD(bytesAt(RSI, k), y[k])
		VPCMPGTD(Y15, y[k], y[k])
		VMOVDQU(y[k], at(RDI, k))
	})
	finish()

	typed("avxBoolFromMask", "dst[i] = 1 where src[i] is all ones, 0 where it is 0", "uint8", "uint32")
	stream(4, []step{{RDI, 8}, {RSI, 32}}, func(k int) {
		x := y[k].AsX()
		VMOVDQU(at(RSI, k), x)
		VPACKSSDW(Mem{Base: RSI, Disp: 32*k + 16}, x, x)
		VPACKSSWB(x, x, x)
		VPAND(word(0x01010101), x, x)
		VMOVQ(x, bytesAt(RDI, k))
	})
	finish()

	typed("avxU32FromU8", "dst[i] = uint32(src[i])", "uint32", "uint8")
	stream(4, []step{{RDI, 32}, {RSI, 8}}, func(k int) {
		VPMOVZXBD(bytesAt(RSI, k), y[k])
		VMOVDQU(y[k], at(RDI, k))
	})
	finish()

	typed("avxU8FromU32", "dst[i] = uint8(src[i])", "uint8", "uint32")
	stream(4, []step{{RDI, 8}, {RSI, 32}}, func(k int) {
		x, t := y[k].AsX(), y[4+k].AsX()
		VMOVDQU(at(RSI, k), x)
		VMOVDQU(Mem{Base: RSI, Disp: 32*k + 16}, t)
		VPAND(word(0xff), x, x)
		VPAND(word(0xff), t, t)
		VPACKUSDW(t, x, x)
		VPACKUSWB(x, x, x)
		VMOVQ(x, bytesAt(RDI, k))
	})
	finish()
}

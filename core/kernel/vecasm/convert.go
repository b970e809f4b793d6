package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// typed emits a conversion between slices of different element types, with dst
// in RDI and src in RSI.
func typed(name, doc, dst, src string, body func()) {
	TEXT(name, NOSPLIT, "func(dst *"+dst+", src *"+src+", n int)")
	Pragma("noescape")
	Doc(name + ": " + doc + ", " + any + ".")
	both(func() {
		Load(Param("dst"), RDI)
		Load(Param("src"), RSI)
		Load(Param("n"), RCX)
		body()
	})
}

// bytesAt is vector k of bytes.
func bytesAt(r GPPhysical, k int) Mem { return Mem{Base: r, Disp: on.lanes * k} }

// widen loads bytes into the words of r, narrow stores the low bytes of words of
// at most 255.
func widen(m Mem, r VecPhysical) {
	if tailing {
		VPMOVZXBD_Z(m, tailMask, r)
		return
	}
	VPMOVZXBD(m, r)
}

func narrow(r, t VecPhysical, m Mem) {
	switch {
	case tailing:
		VPMOVDB(r, tailMask, m)
	case on == wide:
		VPMOVDB(r, m)
	default:
		VEXTRACTI128(U8(1), r, t.AsX())
		VPACKUSDW(t.AsX(), r.AsX(), r.AsX())
		VPACKUSWB(r.AsX(), r.AsX(), r.AsX())
		VMOVQ(r.AsX(), m)
	}
}

func conversions() {
	typed("avxF32FromI32", "dst[i] = float32(src[i])", "float32", "int32", func() {
		stream(4, floats(RDI, RSI), func(k int) {
			load(at(RSI, k), v[k])
			VCVTDQ2PS(v[k], v[k])
			store(v[k], at(RDI, k))
		})
	})
	typed("avxI32FromF32", "dst[i] = src[i] truncated and saturated, 0 for NaN", "int32", "float32", func() {
		stream(2, floats(RDI, RSI), func(k int) {
			x, r, t := v[k], v[4+k], v[8+k]
			load(at(RSI, k), x)
			VCVTTPS2DQ(x, r) // the smallest integer where it does not fit
			c := flag(t, k)
			compare(0x1d, num(1<<31), x, c)
			spread(c, t)
			xor(t, r, r)
			compare(7, x, x, c)
			keep(c, r, r)
			store(r, at(RDI, k))
		})
	})
	typed("avxMaskFromBool", "dst[i] = all ones where src[i] != 0, else 0", "uint32", "uint8", func() {
		zero(v[15])
		stream(4, []step{{RDI, 4}, {RSI, 1}}, func(k int) {
			widen(bytesAt(RSI, k), v[k])
			if on == wide {
				VPTESTMD(v[k], v[k], masks[k])
				spread(flag(v[k], k), v[k])
			} else {
				VPCMPGTD(v[15], v[k], v[k])
			}
			store(v[k], at(RDI, k))
		})
	})
	typed("avxBoolFromMask", "dst[i] = 1 where src[i] is all ones, 0 where it is 0", "uint8", "uint32", func() {
		stream(4, []step{{RDI, 1}, {RSI, 4}}, func(k int) {
			load(at(RSI, k), v[k])
			and(word(1), v[k], v[k])
			narrow(v[k], v[4+k], bytesAt(RDI, k))
		})
	})
	typed("avxU32FromU8", "dst[i] = uint32(src[i])", "uint32", "uint8", func() {
		stream(4, []step{{RDI, 4}, {RSI, 1}}, func(k int) {
			widen(bytesAt(RSI, k), v[k])
			store(v[k], at(RDI, k))
		})
	})
	typed("avxU8FromU32", "dst[i] = uint8(src[i])", "uint8", "uint32", func() {
		stream(4, []step{{RDI, 1}, {RSI, 4}}, func(k int) {
			load(at(RSI, k), v[k])
			and(word(0xff), v[k], v[k])
			narrow(v[k], v[4+k], bytesAt(RDI, k))
		})
	})
}

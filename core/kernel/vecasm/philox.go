package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// philox runs eight counters of Philox4x32-10 side by side.
func philox() {
	TEXT("avxPhilox", NOSPLIT, "func(dst *uint32, k0, k1, counter uint32, n int)")
	Pragma("noescape")
	Doc("avxPhilox: dst[i] = word i%4 of the Philox4x32-10 block of counter + i/4 under key k0, k1, i < n, n a multiple of 32; counter + n/4 is at most 2^32.")
	lanes := GLOBL("lanes", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(uint32(i)))
	}
	broadcast := func(name string, r VecPhysical) {
		Load(Param(name), EAX)
		VMOVD(EAX, r.AsX())
		VPBROADCASTD(r.AsX(), r)
	}
	Load(Param("dst"), RDI)
	broadcast("k0", Y13)
	broadcast("k1", Y14)
	broadcast("counter", Y15)
	VPADDD(lanes, Y15, Y15)
	Load(Param("n"), RCX)
	VMOVDQU(word(0xD2511F53), Y11)
	VMOVDQU(word(0xCD9E8D57), Y12)
	SHRQ(U8(5), RCX)
	JZ(LabelRef("done"))
	Label("blocks")
	c0, c1, c2, c3 := Y0, Y1, Y2, Y3
	k0, k1 := Y9, Y10
	VMOVDQA(Y15, c0)
	VPXOR(c1, c1, c1)
	VPXOR(c2, c2, c2)
	VPXOR(c3, c3, c3)
	VMOVDQA(Y13, k0)
	VMOVDQA(Y14, k1)
	for round := range 10 {
		if round > 0 {
			VPADDD(word(0x9E3779B9), k0, k0)
			VPADDD(word(0xBB67AE85), k1, k1)
		}
		high := func(c, m, dst VecPhysical) { // the upper halves of the products
			VPSRLQ(U8(32), c, Y4)
			VPMULUDQ(m, Y4, Y4)
			VPMULUDQ(m, c, dst)
			VPSRLQ(U8(32), dst, dst)
			VPBLENDD(U8(0xaa), Y4, dst, dst)
		}
		high(c0, Y11, Y5)
		high(c2, Y12, Y6)
		VPMULLD(Y11, c0, Y7)
		VPMULLD(Y12, c2, Y8)
		VPXOR(Y6, c1, c0)
		VPXOR(k0, c0, c0)
		VPXOR(Y5, c3, c2)
		VPXOR(k1, c2, c2)
		VMOVDQA(Y8, c1)
		VMOVDQA(Y7, c3)
	}
	VPUNPCKLDQ(c1, c0, Y4)
	VPUNPCKLDQ(c3, c2, Y5)
	VPUNPCKHDQ(c1, c0, Y6)
	VPUNPCKHDQ(c3, c2, Y7)
	VPUNPCKLQDQ(Y5, Y4, Y0) // blocks 0 and 4
	VPUNPCKHQDQ(Y5, Y4, Y1) // 1 and 5
	VPUNPCKLQDQ(Y7, Y6, Y2) // 2 and 6
	VPUNPCKHQDQ(Y7, Y6, Y3) // 3 and 7
	for i, p := range []struct {
		half uint8
		a, b VecPhysical
	}{{0x20, Y0, Y1}, {0x20, Y2, Y3}, {0x31, Y0, Y1}, {0x31, Y2, Y3}} {
		VPERM2I128(U8(p.half), p.b, p.a, Y4)
		VMOVDQU(Y4, at(RDI, i))
	}
	ADDQ(U32(128), RDI)
	VPADDD(word(8), Y15, Y15)
	DECQ(RCX)
	JNZ(LabelRef("blocks"))
	Label("done")
	finish()
}

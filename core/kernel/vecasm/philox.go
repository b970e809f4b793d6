package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// philox runs as many counters of Philox4x32-10 side by side as a vector has lanes.
func philox() {
	TEXT("avxPhilox", NOSPLIT, "func(dst *uint32, k0, k1, counter uint32, n int)")
	Pragma("noescape")
	Doc("avxPhilox: dst[i] = word i%4 of the Philox4x32-10 block of counter + i/4 under key k0, k1, i < n,",
		"n a multiple of four vectors; counter + n/4 is at most 2^32.")
	lanes := GLOBL("lanes", RODATA|NOPTR)
	for i := range wide.lanes {
		DATA(4*i, U32(uint32(i)))
	}
	both(func() {
		broadcast := func(name string, r VecPhysical) {
			Load(Param(name), EAX)
			VMOVD(EAX, r.AsX())
			VPBROADCASTD(r.AsX(), r)
		}
		Load(Param("dst"), RDI)
		broadcast("k0", v[13])
		broadcast("k1", v[14])
		broadcast("counter", v[15])
		VPADDD(lanes, v[15], v[15])
		Load(Param("n"), RCX)
		set(word(0xD2511F53), v[11])
		set(word(0xCD9E8D57), v[12])
		repeat("blocks", 4*on.lanes, floats(RDI), func() {
			philoxRounds()
			philoxStore()
			addWords(word(uint32(on.lanes)), v[15], v[15])
		})
	})
}

// philoxRounds leaves word i of the blocks in v[i]: c0 = counter, c1 = c2 = c3 = 0.
func philoxRounds() {
	c0, c1, c2, c3, k0, k1 := v[0], v[1], v[2], v[3], v[9], v[10]
	VMOVAPS(v[15], c0)
	zero(c1, c2, c3)
	VMOVAPS(v[13], k0)
	VMOVAPS(v[14], k1)
	for round := range 10 {
		if round > 0 {
			addWords(word(0x9E3779B9), k0, k0)
			addWords(word(0xBB67AE85), k1, k1)
		}
		high := func(c, m, dst VecPhysical) { // the upper halves of the products
			VPSRLQ(U8(32), c, v[4])
			VPMULUDQ(m, v[4], v[4])
			VPMULUDQ(m, c, dst)
			VPSRLQ(U8(32), dst, dst)
			oddWords(v[4], dst)
		}
		high(c0, v[11], v[5])
		high(c2, v[12], v[6])
		VPMULLD(v[11], c0, v[7])
		VPMULLD(v[12], c2, v[8])
		xor(v[6], c1, c0)
		xor(k0, c0, c0)
		xor(v[5], c3, c2)
		xor(k1, c2, c2)
		VMOVAPS(v[8], c1)
		VMOVAPS(v[7], c3)
	}
}

// oddWords copies every second word of a.
func oddWords(a, dst VecPhysical) {
	if on == wide {
		MOVL(U32(0xaaaa), EAX)
		KMOVW(EAX, K1)
		VMOVDQU32(a, K1, dst)
		return
	}
	VPBLENDD(U8(0xaa), a, dst, dst)
}

// philoxStore turns the words of v[0] to v[3] into blocks.
func philoxStore() {
	VPUNPCKLDQ(v[1], v[0], v[4])
	VPUNPCKLDQ(v[3], v[2], v[5])
	VPUNPCKHDQ(v[1], v[0], v[6])
	VPUNPCKHDQ(v[3], v[2], v[7])
	VPUNPCKLQDQ(v[5], v[4], v[0]) // blocks 0, 4, ...
	VPUNPCKHQDQ(v[5], v[4], v[1]) // 1, 5
	VPUNPCKLQDQ(v[7], v[6], v[2]) // 2, 6
	VPUNPCKHQDQ(v[7], v[6], v[3]) // 3, 7
	if on == wide {
		for half, pick := range []uint8{0x88, 0xdd} { // quarters 0 and 2, or 1 and 3
			VSHUFI32X4(U8(pick), v[1], v[0], v[4])
			VSHUFI32X4(U8(pick), v[3], v[2], v[5])
			VSHUFI32X4(U8(0x88), v[5], v[4], v[6])
			VSHUFI32X4(U8(0xdd), v[5], v[4], v[7])
			store(v[6], at(RDI, half))
			store(v[7], at(RDI, half+2))
		}
		return
	}
	for i, p := range []struct {
		half uint8
		a, b VecPhysical
	}{{0x20, v[0], v[1]}, {0x20, v[2], v[3]}, {0x31, v[0], v[1]}, {0x31, v[2], v[3]}} {
		VPERM2I128(U8(p.half), p.b, p.a, v[4])
		store(v[4], at(RDI, i))
	}
}

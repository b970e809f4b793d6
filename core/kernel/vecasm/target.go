package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A target is an instruction set. Every function is written once and emitted
// for each target; what differs between them is in this file.
type target struct {
	name  string // prefix of labels
	lanes int    // floats of a vector
	v     []VecPhysical
}

var (
	avx2 = &target{"y", 8, []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}}
	wide = &target{"z", 16, []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
		Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}}
)

// What the code now written is for.
var (
	on *target
	v  []VecPhysical // on.v
	// part names the loops of a function that has several.
	part string
	// tailing holds while the code works on the lanes of tailMask alone.
	tailing bool
)

var (
	tailMask = K7
	masks    = []OpmaskPhysical{K1, K2, K3, K4, K5, K6}
)

// both emits body for each target; the variable useAVX512 of package vec decides
// which of them runs.
func both(body func()) {
	CMPB(NewDataAddr(Symbol{Name: "·useAVX512"}, 0), U8(0))
	JE(LabelRef("avx2"))
	for _, t := range []*target{wide, avx2} {
		on, v = t, t.v
		if t == avx2 {
			Label("avx2")
		}
		body()
		part = ""
		VZEROUPPER()
		RET()
	}
}

// label is a name of its own for each target and part.
func label(name string) string { return on.name + part + name }

func size() int { return 4 * on.lanes }

func at(r GPPhysical, k int) Mem { return Mem{Base: r, Disp: size() * k} }

// load and store move a vector, or the tail's lanes of it; other lanes become 0.
func load(m Mem, r VecPhysical) {
	if tailing {
		VMOVUPS_Z(m, tailMask, r)
		return
	}
	VMOVUPS(m, r)
}

func store(r VecPhysical, m Mem) {
	if tailing {
		VMOVUPS(r, tailMask, m)
		return
	}
	VMOVUPS(r, m)
}

// into applies op, leaving the other lanes of an accumulator alone in a tail.
func into(op func(...Op), ops ...Op) {
	if tailing {
		ops = append(ops[:len(ops)-1:len(ops)-1], tailMask, ops[len(ops)-1])
	}
	op(ops...)
}

// setTail makes the first CL lanes the tail; it uses scratch.
func setTail(scratch GPPhysical) {
	MOVQ(U32(1), scratch)
	SHLQ(CL, scratch)
	DECQ(scratch)
	KMOVW(scratch.As32(), tailMask)
}

// onTail emits body for the lanes of tailMask.
func onTail(body func()) {
	tailing = true
	body()
	tailing = false
}

// A cond is a condition for each lane: all ones or zeros in a vector, or an opmask.
type cond struct {
	y VecPhysical
	k OpmaskPhysical
}

// flag is a condition to be kept in vector y or in opmask number k.
func flag(y VecPhysical, k int) cond { return cond{y, masks[k]} }

func (c cond) reg() Op {
	if on == wide {
		return c.k
	}
	return c.y
}

// compare sets c to a <predicate> b.
func compare(predicate uint8, b Op, a VecPhysical, c cond) {
	if broadcast(b) {
		VCMPPS_BCST(U8(predicate), b, a, c.reg())
		return
	}
	VCMPPS(U8(predicate), b, a, c.reg())
}

// sign is the condition that x has its sign bit set; y is x itself for AVX2.
func sign(x VecPhysical, k int) cond {
	if on == wide {
		VPMOVD2M(x, masks[k])
	}
	return flag(x, k)
}

// choose: dst = c ? yes : no.
func choose(c cond, yes Op, no, dst VecPhysical) {
	switch {
	case broadcast(yes):
		VBLENDMPS_BCST(yes, no, c.k, dst)
		return
	case on == wide:
		VBLENDMPS(yes, no, c.k, dst)
		return
	}
	VBLENDVPS(c.y, yes, no, dst)
}

// keep: dst = c ? x : 0.
func keep(c cond, x Op, dst VecPhysical) {
	switch {
	case broadcast(x):
		VBROADCASTSS_Z(x, c.k, dst)
		return
	case on == wide:
		VMOVUPS_Z(x, c.k, dst)
		return
	}
	VANDPS(x, c.y, dst)
}

// ones: dst = c ? all ones : dst.
func ones(c cond, dst VecPhysical) {
	if on == wide {
		VPTERNLOGD(U8(0xff), dst, dst, c.k, dst)
		return
	}
	VORPS(c.y, dst, dst)
}

// spread: dst = c ? all ones : 0.
func spread(c cond, dst VecPhysical) {
	if on == wide {
		VPMOVM2D(c.k, dst)
		return
	}
	if c.y != dst {
		VMOVAPS(c.y, dst)
	}
}

// round rounds to an integer: 8 to the nearest even, 9 down, 10 up.
func round(mode uint8, a Op, dst VecPhysical) {
	if on == wide {
		VRNDSCALEPS(U8(mode), a, dst)
		return
	}
	VROUNDPS(U8(mode), a, dst)
}

func and(b Op, a, dst VecPhysical) {
	switch {
	case broadcast(b):
		VPANDD_BCST(b, a, dst)
	case on == wide:
		VPANDD(b, a, dst)
	default:
		VPAND(b, a, dst)
	}
}

func xor(b Op, a, dst VecPhysical) {
	if on == wide {
		VPXORD(b, a, dst)
		return
	}
	VPXOR(b, a, dst)
}

// broadcast is whether an operand is a constant that the instruction spreads over
// the lanes by itself. The linker aligns a constant to 32 bytes at most, so one of
// 64 would often lie across two cache lines.
func broadcast(o Op) bool {
	m, ok := o.(Mem)
	return ok && on == wide && m.Symbol.Name != ""
}

// withConstants is an instruction whose first operand may be a constant.
func withConstants(plain, spread func(...Op)) func(b Op, a, dst VecPhysical) {
	return func(b Op, a, dst VecPhysical) {
		if broadcast(b) {
			spread(b, a, dst)
			return
		}
		plain(b, a, dst)
	}
}

var (
	add      = withConstants(VADDPS, VADDPS_BCST)
	sub      = withConstants(VSUBPS, VSUBPS_BCST)
	mul      = withConstants(VMULPS, VMULPS_BCST)
	andBits  = withConstants(VANDPS, VANDPS_BCST)
	orBits   = withConstants(VORPS, VORPS_BCST)
	xorBits  = withConstants(VXORPS, VXORPS_BCST)
	fma213   = withConstants(VFMADD213PS, VFMADD213PS_BCST)
	fma231   = withConstants(VFMADD231PS, VFMADD231PS_BCST)
	fnma231  = withConstants(VFNMADD231PS, VFNMADD231PS_BCST)
	addWords = withConstants(VPADDD, VPADDD_BCST)
	subWords = withConstants(VPSUBD, VPSUBD_BCST)
)

// set fills a vector with a constant.
func set(c Mem, r VecPhysical) {
	if on == wide {
		VBROADCASTSS(c, r)
		return
	}
	VMOVUPS(c, r)
}

func zero(regs ...VecPhysical) {
	for _, r := range regs {
		xor(r, r, r)
	}
}

// upper leaves the upper half of the lanes of a wide vector in the lower half of dst.
func upper(a, dst VecPhysical) { VEXTRACTF32X8(U8(1), a, dst.AsY()) }

package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Two rows of numbers become one of words: the lower halves from lo, the upper
// ones from hi, or zeros where mask is 0.
const (
	pairsParams = "groups, rows, from, to, panel, mask int"
	pairsDoc    = " for rows of groups of 16, both above 0; from, to and panel are bytes between rows of lo and hi, rows of dst and groups of dst. Where mask is 0, hi is zeros."
)

var lo, hi, rowLo, rowHi, rowDst = reg.RSI, reg.RDX, reg.R8, reg.R9, reg.R10

func pairs(name, doc, srcType string, srcStep int, before, body func()) {
	build.TEXT(name, build.NOSPLIT, "func(dst *float32, lo, hi *"+srcType+", "+pairsParams+")")
	build.Pragma("noescape")
	build.Doc(name + ": " + doc + pairsDoc)
	build.Load(build.Param("dst"), rowDst)
	build.Load(build.Param("lo"), rowLo)
	build.Load(build.Param("hi"), rowHi)
	from := build.Load(build.Param("from"), reg.R11)
	to := build.Load(build.Param("to"), reg.R12)
	panel := build.Load(build.Param("panel"), reg.R13)
	rows := build.Load(build.Param("rows"), reg.RBX)
	groups := build.Load(build.Param("groups"), reg.RAX)
	build.Load(build.Param("mask"), reg.RCX)
	build.KMOVW(reg.ECX, reg.K1)
	before()
	build.Label("row")
	build.MOVQ(rowDst, dst)
	build.MOVQ(rowLo, lo)
	build.MOVQ(rowHi, hi)
	build.MOVQ(groups, count)
	build.Label("group")
	body()
	build.VMOVDQU32(reg.Z0, at(dst, 0))
	build.ADDQ(operand.U8(srcStep), lo)
	build.ADDQ(operand.U8(srcStep), hi)
	build.ADDQ(panel, dst)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("group"))
	build.ADDQ(from, rowLo)
	build.ADDQ(from, rowHi)
	build.ADDQ(to, rowDst)
	build.DECQ(rows)
	build.JNZ(operand.LabelRef("row"))
	build.VZEROUPPER()
	build.RET()
}

func zip() {
	pairs("avx512Zip", "words of lo's and hi's bfloat16s", "uint16", 2*block, nothing, func() {
		build.VPMOVZXWD(at(lo, 0), reg.Z0)
		build.VPMOVZXWD_Z(at(hi, 0), reg.K1, reg.Z1)
		build.VPSLLD(operand.U8(16), reg.Z1, reg.Z1)
		build.VPORD(reg.Z1, reg.Z0, reg.Z0)
	})
}

func pair() {
	pairs("avx512Pair", "words of the bfloat16s nearest to lo's and hi's float32s", "float32", 4*block, func() {
		order := build.GLOBL("interleaved", build.RODATA|build.NOPTR)
		for i := range block {
			build.DATA(4*i, operand.U32(i|(i+block)<<16))
		}
		build.VMOVDQU32(order, reg.Z3)
	}, func() {
		build.VMOVUPS(at(lo, 0), reg.Z0)
		build.VMOVUPS_Z(at(hi, 0), reg.K1, reg.Z1)
		// VCVTNE2PS2BF16 Z0, Z1, Z2: EVEX.512.F2.0F38.W0 72 /r.
		for _, b := range []uint64{0x62, 0xf2, 0x77, 0x48, 0x72, 0xd0} {
			raw(b)
		}
		build.VPERMW(reg.Z2, reg.Z3, reg.Z0)
	})
}

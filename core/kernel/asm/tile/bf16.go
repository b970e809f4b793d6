package main

import (
	"encoding/binary"
	"slices"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Instructions of AVX512_BF16, which Go's assembler does not know.

// dpbf16 is VDPBF16PS dst, a, b: each float32 of dst gets the products of two
// pairs of bfloat16 added. EVEX.512.F3.0F38.W0 52 /r.
func (t target) dpbf16(b, a, dst reg.VecPhysical) {
	t.evex(0x52, dst, a, b)
}

// narrow is VCVTNEPS2BF16 r, r: sixteen float32 become bfloat16 in the lower half.
// EVEX.512.F3.0F38.W0 72 /r.
func (t target) narrow(r reg.VecPhysical) {
	t.evex(0x72, r, t.registers[0], r)
}

func (t target) evex(opcode byte, dst, s1, s2 reg.VecPhysical) {
	number := func(r reg.VecPhysical) int { return slices.Index(t.registers, r) }
	not := func(v, bit int) byte { return byte(v>>bit&1) ^ 1 }
	d, a, b := number(dst), number(s1), number(s2)
	code := []byte{
		0x62,
		not(d, 3)<<7 | not(b, 4)<<6 | not(b, 3)<<5 | not(d, 4)<<4 | 0x02,
		byte(^a&0xf)<<3 | 0x06,
		0x40 | not(a, 4)<<3,
		opcode,
		0xc0 | byte(d&7)<<3 | byte(b&7),
	}
	raw := func(opcode string, value operand.Op) {
		build.Instruction(&ir.Instruction{Opcode: opcode, Operands: []operand.Op{value}})
	}
	raw("LONG", operand.U32(binary.LittleEndian.Uint32(code)))
	raw("WORD", operand.U16(binary.LittleEndian.Uint16(code[4:])))
}

// zip makes words of two rows of sixteen bfloat16, n times.
func (t target) zip() {
	text(t.prefix+"Zip", "dst *float32, lo, hi *uint16, step, stride, n int",
		"sets word x at dst + p*stride to lo[x] + hi[x]<<16 at p*step, for x < 16, p < n; step and stride in bytes.")
	dst := build.Load(build.Param("dst"), reg.RDI)
	lo := build.Load(build.Param("lo"), reg.RSI)
	hi := build.Load(build.Param("hi"), reg.RDX)
	step := build.Load(build.Param("step"), reg.RAX)
	stride := build.Load(build.Param("stride"), reg.RBX)
	n := build.Load(build.Param("n"), reg.RCX)
	a, b := t.registers[0], t.registers[1]
	build.Label("row")
	build.VPMOVZXWD(at(lo, 0), a)
	build.VPMOVZXWD(at(hi, 0), b)
	build.VPSLLD(operand.U8(16), b, b)
	build.VPORD(a, b, b)
	build.VMOVUPS(b, at(dst, 0))
	build.ADDQ(step, lo)
	build.ADDQ(step, hi)
	build.ADDQ(stride, dst)
	build.DECQ(n)
	build.JNZ(operand.LabelRef("row"))
	end()
}

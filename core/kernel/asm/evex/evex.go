// Package evex emits the instructions of AVX512_BF16, which Go's assembler does
// not know, as encoded bytes. Start from [DotPairs].
package evex

import (
	"encoding/binary"
	"slices"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var z = []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

// DotPairs is VDPBF16PS dst, a, b: each float32 of dst gets the products of two
// pairs of bfloat16 added. EVEX.512.F3.0F38.W0 52 /r.
func DotPairs(b, a, dst reg.VecPhysical) { emit(0x52, dst, a, b) }

// Narrow is VCVTNEPS2BF16 r, r: sixteen float32 become bfloat16 in the lower half.
// EVEX.512.F3.0F38.W0 72 /r.
func Narrow(r reg.VecPhysical) { emit(0x72, r, z[0], r) }

func emit(opcode byte, dst, s1, s2 reg.VecPhysical) {
	not := func(v, bit int) byte { return byte(v>>bit&1) ^ 1 }
	d, a, b := slices.Index(z, dst), slices.Index(z, s1), slices.Index(z, s2)
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

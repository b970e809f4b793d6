package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs is the channelwise product of depthwise convolutions.
func (t target) pairs(vecs int) {
	text(fmt.Sprintf("%sPairs%d", t.prefix, vecs*t.bytes/4), "args *byte",
		"is tile.Pairs for this many channels; args is a *tile.GatherArgs.")
	args := build.Load(build.Param("args"), reg.R15)
	pairs, n, a, b := reg.RDI, reg.RCX, reg.RSI, reg.RDX
	build.MOVQ(at(args, gatherPairs), pairs)
	build.MOVQ(at(args, gatherN), n)
	build.MOVQ(at(args, gatherA), a)
	build.MOVQ(at(args, gatherB), b)
	acc, x := t.registers[:vecs], t.registers[vecs:2*vecs]
	for _, r := range acc {
		build.VXORPS(r, r, r)
	}
	counted(n, func() {
		build.MOVL(at(pairs, 0), reg.EAX)
		build.MOVL(at(pairs, 4), reg.EBX)
		for v := range acc {
			build.VMOVUPS(operand.Mem{Base: a, Index: reg.RAX, Scale: 1, Disp: v * t.bytes}, x[v])
			build.VFMADD231PS(operand.Mem{Base: b, Index: reg.RBX, Scale: 1, Disp: v * t.bytes}, x[v], acc[v])
		}
		build.ADDQ(operand.U8(8), pairs)
	})
	c, add := reg.RAX, reg.RBX
	build.MOVQ(at(args, gatherC), c)
	build.MOVQ(at(args, gathAd), add)
	build.TESTQ(add, add)
	build.JZ(operand.LabelRef("store"))
	for v, r := range acc {
		build.VADDPS(at(add, v*t.bytes), r, r)
	}
	build.Label("store")
	for v, r := range acc {
		build.VMOVUPS(r, at(c, v*t.bytes))
	}
	end()
}

// transpose writes 8 rows as 8 columns, 8x8 elements a round, into a panel.
func (t target) transpose() {
	text(t.prefix+"Transpose8", "dst, src *float32, stride, rounds int",
		"sets dst[16*c + r] = src[r*stride/4 + c] for r < 8, c < 8*rounds; stride in bytes.")
	dst := build.Load(build.Param("dst"), reg.RDI)
	src := build.Load(build.Param("src"), reg.RSI)
	stride := build.Load(build.Param("stride"), reg.RAX)
	n := build.Load(build.Param("rounds"), reg.RCX)
	stride3, low := reg.RBX, reg.RDX
	build.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	row := func(base reg.Register, i int) operand.Mem {
		return []operand.Mem{
			{Base: base}, {Base: base, Index: stride, Scale: 1},
			{Base: base, Index: stride, Scale: 2}, {Base: base, Index: stride3, Scale: 1},
		}[i]
	}
	r, s := t.registers[:8], t.registers[8:16]
	build.Label("round")
	build.LEAQ(operand.Mem{Base: src, Index: stride, Scale: 4}, low)
	for i := range 4 {
		build.VMOVUPS(row(src, i), r[i])
		build.VMOVUPS(row(low, i), r[4+i])
	}
	for i := 0; i < 8; i += 2 {
		build.VUNPCKLPS(r[i+1], r[i], s[i])
		build.VUNPCKHPS(r[i+1], r[i], s[i+1])
	}
	for _, h := range []int{0, 4} {
		for i := range 2 {
			build.VSHUFPS(operand.U8(0x44), s[h+2+i], s[h+i], r[h+2*i])
			build.VSHUFPS(operand.U8(0xee), s[h+2+i], s[h+i], r[h+2*i+1])
		}
	}
	for i := range 4 {
		build.VPERM2F128(operand.U8(0x20), r[4+i], r[i], s[i])
		build.VPERM2F128(operand.U8(0x31), r[4+i], r[i], s[4+i])
	}
	for c := range 8 {
		build.VMOVUPS(s[c], at(dst, 64*c))
	}
	build.ADDQ(operand.U32(512), dst)
	build.ADDQ(operand.U8(32), src)
	build.DECQ(n)
	build.JNZ(operand.LabelRef("round"))
	end()
}

// spin is the machine's peak: multiply-adds that touch no memory.
func (t target) spin() {
	text(t.prefix+"Spin", "rounds int", "runs 4*12 independent vector multiply-adds a round.")
	n := build.Load(build.Param("rounds"), reg.RCX)
	for _, r := range t.registers {
		build.VXORPS(r, r, r)
	}
	last := len(t.registers) - 1
	build.Label("round")
	for range 4 {
		for i := range t.rows * t.vecs {
			build.VFMADD231PS(t.registers[last], t.registers[last-1], t.registers[i])
		}
	}
	build.DECQ(n)
	build.JNZ(operand.LabelRef("round"))
	end()
}

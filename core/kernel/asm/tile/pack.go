package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

// strips copies rows of four strips side by side into four panels. Where a
// strip is no whole number of vectors, what is copied too much is the next
// strip's, in the source and in the panel.
func (t target) strips(floats int) {
	name := fmt.Sprintf("%sStrips%d", t.prefix, floats)
	text(name, "dst, src *float32, stride, panel, n int",
		fmt.Sprintf("sets dst[q*panel/4 + %d*p + x] = src[p*stride/4 + %d*q + x] for p < n, q < 4, x < %d, and may write x up to the next multiple of %d; stride and panel in bytes.",
			floats, floats, floats, t.bytes/4))
	dst := build.Load(build.Param("dst"), reg.RDI)
	src := build.Load(build.Param("src"), reg.RSI)
	stride := build.Load(build.Param("stride"), reg.RAX)
	panel := build.Load(build.Param("panel"), reg.RBX)
	n := build.Load(build.Param("n"), reg.RCX)
	panel3 := reg.RDX
	build.LEAQ(operand.Mem{Base: panel, Index: panel, Scale: 2}, panel3)
	to := []operand.Mem{
		{Base: dst}, {Base: dst, Index: panel, Scale: 1}, {Base: dst, Index: panel, Scale: 2}, {Base: dst, Index: panel3, Scale: 1},
	}
	vecs := (4*floats + t.bytes - 1) / t.bytes
	build.Label("row")
	for q := range 4 {
		for v := range vecs {
			r := t.registers[q*vecs+v]
			build.VMOVUPS(at(src, 4*floats*q+v*t.bytes), r)
			build.VMOVUPS(r, to[q].Offset(v*t.bytes))
		}
	}
	build.ADDQ(stride, src)
	build.ADDQ(operand.U8(4*floats), dst)
	build.DECQ(n)
	build.JNZ(operand.LabelRef("row"))
	end()
}

package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairs is the channelwise product of depthwise convolutions.
func (t target) channelwise(vecs int) {
	text(fmt.Sprintf("%sPairs%d", t.prefix, vecs*t.bytes/4), "args *byte",
		"is tile.Pairs for this many channels; args is a *tile.GatherArgs.")
	build.Load(build.Param("args"), args)
	pairs, n, a, b := reg.RDI, reg.RCX, reg.RSI, reg.RDX
	build.MOVQ(at(args, gatherPairs), pairs)
	build.MOVQ(at(args, gatherN), n)
	build.MOVQ(at(args, gatherA), a)
	build.MOVQ(at(args, gatherB), b)
	acc, x := t.registers[:vecs], t.registers[vecs:2*vecs]
	for _, r := range acc {
		build.VXORPS(r, r, r)
	}
	t.counted("", n, func() {
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
	build.MOVQ(at(args, gatherAdd), add)
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

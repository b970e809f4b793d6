package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// resident is the product of many rows of A with so small a B that it stays in
// the registers: depth rows of one panel.
func (t target) resident(depth int) {
	text(t.prefix+"Resident", "rows int, a, b, c *float32",
		"is tile.Resident or tile.ResidentPairs.")
	n := build.Load(build.Param("rows"), reg.RCX)
	a, b, c := build.Load(build.Param("a"), reg.RSI), build.Load(build.Param("b"), reg.RDX), build.Load(build.Param("c"), reg.RDI)
	acc, held, x := t.registers[:t.rows], t.registers[t.rows:t.rows+depth], t.registers[t.rows+depth:]
	for k, r := range held {
		build.VMOVUPS(at(b, k*panelBytes), r)
	}
	rows := func(count int) {
		for _, r := range acc[:count] {
			t.zero(r)
		}
		for k, r := range held {
			for i, sum := range acc[:count] {
				build.VBROADCASTSS(at(a, 4*(i*depth+k)), x[i%len(x)])
				t.add(r, x[i%len(x)], sum)
			}
		}
		for i, r := range acc[:count] {
			build.VMOVUPS(r, at(c, i*panelBytes))
		}
		build.ADDQ(operand.U32(4*count*depth), a)
		build.ADDQ(operand.U32(count*panelBytes), c)
	}
	build.SUBQ(operand.U8(t.rows), n)
	build.JLT(operand.LabelRef("rest"))
	build.Label("many")
	rows(t.rows)
	build.SUBQ(operand.U8(t.rows), n)
	build.JGE(operand.LabelRef("many"))
	build.Label("rest")
	build.ADDQ(operand.U8(t.rows), n)
	build.JZ(operand.LabelRef("done"))
	build.Label("one")
	rows(1)
	build.DECQ(n)
	build.JNZ(operand.LabelRef("one"))
	build.Label("done")
	end()
}

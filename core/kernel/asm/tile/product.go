package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of tile.Args, tile.Seg and tile.GatherArgs, in bytes.
const (
	argSegs, argCount, argDepth, argA, argKS, argZero       = 0, 8, 16, 24, 32, 40
	argB, argBS, argC, argCOff, argAdd, argAddOff           = 48, 56, 64, 72, 80, 88
	segB, segSize                                           = 24, 32
	gatherPairs, gatherN, gatherA, gatherB, gatherC, gathAd = 0, 8, 16, 24, 32, 40
)

func (t target) tile(rows, vecs int) {
	name := t.name("Tile", rows, vecs)
	text(name, "args *byte", "is tile.Mul for this many rows and columns; args is a *tile.Args.")
	args := build.Load(build.Param("args"), reg.R15)
	row := []reg.Register{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}
	k := t.block(rows, vecs)

	segs, count := reg.RDI, reg.R14
	build.MOVQ(at(args, argSegs), segs)
	build.MOVQ(at(args, argCount), count)
	build.TESTQ(count, count)
	build.JZ(operand.LabelRef("epilogue"))

	build.Label("segment")
	base, zero, off := reg.RAX, reg.RBX, reg.RCX
	build.MOVQ(at(args, argA), base)
	build.MOVQ(at(args, argZero), zero)
	for i := range rows {
		build.MOVLQSX(at(segs, 4*i), off)
		build.LEAQ(operand.Mem{Base: base, Index: off, Scale: 1}, row[i])
		build.TESTQ(off, off)
		build.CMOVQLT(zero, row[i])
	}
	b, bs := reg.RSI, reg.RDX
	build.MOVLQSX(at(segs, segB), b)
	build.ADDQ(at(args, argB), b)
	build.MOVQ(at(args, argBS), bs)
	ks, depth, index := reg.RBX, reg.RCX, reg.RAX
	build.MOVQ(at(args, argKS), ks)
	build.MOVQ(at(args, argDepth), depth)
	build.XORL(reg.EAX, reg.EAX)
	var a []operand.Mem
	for i := range rows {
		a = append(a, operand.Mem{Base: row[i], Index: index, Scale: 1})
	}
	counted(depth, func() {
		t.step(k, a, at(b, 0))
		build.ADDQ(ks, index)
		build.ADDQ(bs, b)
	})
	build.ADDQ(operand.U8(segSize), segs)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("segment"))

	build.Label("epilogue")
	p, table, o := reg.RAX, reg.RBX, reg.RCX
	build.MOVQ(at(args, argAdd), p)
	build.TESTQ(p, p)
	build.JZ(operand.LabelRef("store"))
	build.MOVQ(at(args, argAddOff), table)
	for i, r := range k.acc {
		build.MOVLQSX(at(table, 4*i), o)
		for v := range r {
			build.VADDPS(operand.Mem{Base: p, Index: o, Scale: 1, Disp: v * t.bytes}, r[v], r[v])
		}
	}
	build.Label("store")
	build.MOVQ(at(args, argC), p)
	build.MOVQ(at(args, argCOff), table)
	for i, r := range k.acc {
		build.MOVLQSX(at(table, 4*i), o)
		for v := range r {
			build.VMOVUPS(r[v], operand.Mem{Base: p, Index: o, Scale: 1, Disp: v * t.bytes})
		}
	}
	end()
}

func (t target) gather(rows, vecs int) {
	name := t.name("Gather", rows, vecs)
	text(name, "args *byte", "is tile.Gather for this many rows and columns; args is a *tile.GatherArgs.")
	args := build.Load(build.Param("args"), reg.R15)
	k := t.block(rows, vecs)
	pairs, n, a, b := reg.RDI, reg.RCX, reg.RSI, reg.RDX
	build.MOVQ(at(args, gatherPairs), pairs)
	build.MOVQ(at(args, gatherN), n)
	build.MOVQ(at(args, gatherA), a)
	build.MOVQ(at(args, gatherB), b)
	var row []operand.Mem
	for i := range rows {
		row = append(row, operand.Mem{Base: a, Index: reg.RAX, Scale: 1, Disp: 4 * i})
	}
	counted(n, func() {
		build.MOVL(at(pairs, 0), reg.EAX)
		build.MOVL(at(pairs, 4), reg.EBX)
		t.step(k, row, operand.Mem{Base: b, Index: reg.RBX, Scale: 1})
		build.ADDQ(operand.U8(8), pairs)
	})
	c, add := reg.RAX, reg.RBX
	stride := t.vecs * t.bytes
	build.MOVQ(at(args, gatherC), c)
	build.MOVQ(at(args, gathAd), add)
	build.TESTQ(add, add)
	build.JZ(operand.LabelRef("store"))
	for i, r := range k.acc {
		for v := range r {
			build.VADDPS(at(add, i*stride+v*t.bytes), r[v], r[v])
		}
	}
	build.Label("store")
	for i, r := range k.acc {
		for v := range r {
			build.VMOVUPS(r[v], at(c, i*stride+v*t.bytes))
		}
	}
	end()
}

package main

import (
	"github.com/fwlab/fw/core/kernel/asm/evex"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of tile.Args, tile.Seg and tile.GatherArgs, in bytes.
const (
	argSegs, argCount, argDepth, argA, argKS, argZero        = 0, 8, 16, 24, 32, 40
	argB, argBS, argPanel, argC, argCOff, argCPanel          = 48, 56, 64, 72, 80, 88
	argAdd, argAddOff, argHalf                               = 96, 104, 112
	segB, segSize                                            = 48, 56
	gatherPairs, gatherN, gatherA, gatherB                   = 0, 8, 16, 24
	gatherPanel, gatherC, gatherCPanel, gatherAdd, unrolling = 32, 40, 48, 56, 4
)

// rowRegs hold a tile's rows of A; what else a segment needs has the other
// three, and the stack.
var rowRegs = []reg.GPPhysical{
	reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.R15,
}

func (t target) mul() {
	locals := map[string]operand.Mem{}
	t.variants("Mul", "is tile.Mul for this many rows and vectors of columns; args is a *tile.Args.", func(l labels, rows, vecs int) {
		if len(locals) == 0 {
			for _, name := range []string{"args", "segs", "count", "ks", "bs", "last", "end"} {
				locals[name] = build.AllocLocal(8)
			}
		}
		t.tile(l, locals, rows, vecs)
	})
}

func (t target) tile(l labels, locals map[string]operand.Mem, rows, vecs int) {
	k := t.block(rows, vecs)
	index, b, panel := reg.RDI, reg.RSI, reg.RBP
	segs, base := index, b // until the rows are found
	build.MOVQ(at(args, argCount), reg.RCX)
	build.TESTQ(reg.RCX, reg.RCX)
	build.JZ(l.ref("epilogue"))
	build.MOVQ(reg.RCX, locals["count"])
	build.MOVQ(args, locals["args"])
	build.MOVQ(at(args, argSegs), segs)
	build.MOVQ(at(args, argKS), reg.RAX)
	build.MOVQ(reg.RAX, locals["ks"])
	build.MOVQ(at(args, argDepth), reg.RCX)
	build.IMULQ(reg.RAX, reg.RCX)
	build.MOVQ(reg.RCX, locals["end"])
	build.LEAQ(operand.Mem{Base: reg.RAX, Index: reg.RAX, Scale: 2}, reg.RDX)
	build.SUBQ(reg.RDX, reg.RCX)
	build.MOVQ(reg.RCX, locals["last"]) // a round of four begins below this
	build.MOVQ(at(args, argBS), reg.RAX)
	build.MOVQ(reg.RAX, locals["bs"])
	if t.paneled(vecs) {
		build.MOVQ(at(args, argPanel), panel)
	}

	l.define("segment")
	build.MOVQ(segs, locals["segs"])
	build.MOVQ(at(args, argA), base)
	for i, r := range rowRegs[:rows] {
		if r == args { // it is the last: the zeros have to be at hand without it
			build.MOVQ(at(args, argZero), panel)
			build.MOVLQSX(at(segs, 4*i), r)
			build.TESTQ(r, r)
			build.LEAQ(operand.Mem{Base: base, Index: r, Scale: 1}, r)
			build.CMOVQLT(panel, r)
			break
		}
		build.MOVLQSX(at(segs, 4*i), r)
		build.TESTQ(r, r)
		build.LEAQ(operand.Mem{Base: base, Index: r, Scale: 1}, r)
		build.CMOVQLT(at(args, argZero), r)
	}
	if rows == len(rowRegs) {
		build.MOVQ(locals["args"], panel)
		build.MOVLQSX(at(segs, segB), b)
		build.ADDQ(at(panel, argB), b)
		build.MOVQ(at(panel, argPanel), panel)
	} else {
		build.MOVLQSX(at(segs, segB), b)
		build.ADDQ(at(args, argB), b)
	}
	build.XORL(index.As32(), index.As32())
	var a []operand.Mem
	for _, r := range rowRegs[:rows] {
		a = append(a, operand.Mem{Base: r, Index: index, Scale: 1})
	}
	round := func() {
		t.step(k, a, t.vectors(vecs, b, panel))
		build.ADDQ(locals["ks"], index)
		build.ADDQ(locals["bs"], b)
	}
	build.CMPQ(index, locals["last"])
	build.JGE(l.ref("rest"))
	l.define("four")
	for range unrolling {
		round()
	}
	build.CMPQ(index, locals["last"])
	build.JLT(l.ref("four"))
	l.define("rest")
	build.CMPQ(index, locals["end"])
	build.JGE(l.ref("done"))
	l.define("one")
	round()
	build.CMPQ(index, locals["end"])
	build.JLT(l.ref("one"))
	l.define("done")
	build.MOVQ(locals["args"], args)
	build.MOVQ(locals["segs"], segs)
	build.ADDQ(operand.U8(segSize), segs)
	build.DECQ(locals["count"])
	build.JNZ(l.ref("segment"))

	l.define("epilogue")
	p, table, o := reg.RAX, reg.RBX, reg.RCX
	each := func(do func(m operand.Mem, r reg.VecPhysical)) {
		for i, r := range k.acc {
			build.MOVLQSX(at(table, 4*i), o)
			build.ADDQ(p, o)
			for v, m := range t.vectors(vecs, o, panel) {
				do(m, r[v])
			}
		}
	}
	if t.paneled(vecs) {
		build.MOVQ(at(args, argCPanel), panel)
	}
	if t.paneled(vecs) && t.pairs { // what is added is float32
		build.MOVQ(at(args, argHalf), reg.RCX)
		build.SHLQ(reg.CL, panel)
	}
	build.MOVQ(at(args, argAdd), p)
	build.TESTQ(p, p)
	build.JZ(l.ref("store"))
	build.MOVQ(at(args, argAddOff), table)
	each(func(m operand.Mem, r reg.VecPhysical) { build.VADDPS(m, r, r) })
	l.define("store")
	if t.paneled(vecs) && t.pairs {
		build.MOVQ(at(args, argCPanel), panel)
	}
	build.MOVQ(at(args, argC), p)
	build.MOVQ(at(args, argCOff), table)
	if t.pairs {
		build.CMPQ(at(args, argHalf), operand.U8(0))
		build.JNE(l.ref("half"))
	}
	each(func(m operand.Mem, r reg.VecPhysical) { build.VMOVUPS(r, m) })
	end()
	if t.pairs {
		l.define("half")
		each(func(m operand.Mem, r reg.VecPhysical) {
			evex.Narrow(r)
			build.VMOVUPS(r.(reg.Vec).AsY(), m)
		})
		end()
	}
}

func (t target) gather() {
	t.variants("Gather", "is tile.Gather for this many rows and vectors of columns; args is a *tile.GatherArgs.", t.gatherTile)
}

func (t target) gatherTile(l labels, rows, vecs int) {
	k := t.block(rows, vecs)
	pairs, n, a, b, panel := reg.RDI, reg.RCX, reg.RSI, reg.RDX, reg.R8
	build.MOVQ(at(args, gatherPairs), pairs)
	build.MOVQ(at(args, gatherN), n)
	build.MOVQ(at(args, gatherA), a)
	build.MOVQ(at(args, gatherB), b)
	if t.paneled(vecs) {
		build.MOVQ(at(args, gatherPanel), panel)
	}
	var row []operand.Mem
	for i := range rows {
		row = append(row, operand.Mem{Base: a, Index: reg.RAX, Scale: 1, Disp: 4 * i})
	}
	t.counted(l, n, func() {
		build.MOVL(at(pairs, 0), reg.EAX)
		build.MOVL(at(pairs, 4), reg.EBX)
		build.ADDQ(b, reg.RBX)
		t.step(k, row, t.vectors(vecs, reg.RBX, panel))
		build.ADDQ(operand.U8(8), pairs)
	})
	c, add := reg.RAX, reg.RBX
	each := func(base reg.Register, do func(m operand.Mem, r reg.VecPhysical)) {
		for i, r := range k.acc {
			for v, m := range t.vectors(len(r), base, panel) {
				do(m.Offset(i*panelBytes), r[v])
			}
		}
	}
	if t.paneled(vecs) {
		build.MOVQ(at(args, gatherCPanel), panel)
	}
	build.MOVQ(at(args, gatherC), c)
	build.MOVQ(at(args, gatherAdd), add)
	build.TESTQ(add, add)
	build.JZ(l.ref("store"))
	each(add, func(m operand.Mem, r reg.VecPhysical) { build.VADDPS(m, r, r) })
	l.define("store")
	each(c, func(m operand.Mem, r reg.VecPhysical) { build.VMOVUPS(r, m) })
	end()
}

// counted runs body n times, four to a round.
func (t target) counted(l labels, n reg.Register, body func()) {
	build.SUBQ(operand.U8(unrolling), n)
	build.JLT(l.ref("rest"))
	l.define("four")
	for range unrolling {
		body()
	}
	build.SUBQ(operand.U8(unrolling), n)
	build.JGE(l.ref("four"))
	l.define("rest")
	build.ADDQ(operand.U8(unrolling), n)
	build.JZ(l.ref("done"))
	l.define("one")
	body()
	build.DECQ(n)
	build.JNZ(l.ref("one"))
	l.define("done")
}

// Command tile writes the assembly of package gemm/tile: register tiles of
// matrix products, each equal to the Go function beside it. One source serves
// every target: all but a target's width, registers and largest tile follows
// from these. Run generate.sh after a change; a test of package tile compares
// the output.
package main

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/asm/evex"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// target is an instruction set: its vector registers, the bytes in each, and
// the largest tile of accumulators that leaves room for the operands.
type target struct {
	prefix     string
	registers  []reg.VecPhysical
	bytes      int
	rows, vecs int
	pairs      bool // elements of A and B are pairs of bfloat16, and C may be bfloat16
}

var avx2 = target{
	prefix: "avx2",
	registers: []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	},
	bytes: 32,
	rows:  6,
	vecs:  2,
}

var avx512 = target{
	prefix: "avx512",
	registers: []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	},
	bytes: 64,
	rows:  12,
	vecs:  2,
}

var bf16 = target{prefix: "bf16", registers: avx512.registers, bytes: avx512.bytes, rows: avx512.rows, vecs: avx512.vecs, pairs: true}

// panelBytes is a row of a panel of B: 16 columns.
const panelBytes = 64

func main() {
	build.ConstraintExpr("!noasm")
	for _, t := range []target{avx2, avx512, bf16} {
		t.mul()
		t.gather()
		t.spin()
	}
	avx512.resident(panelBytes / 4)
	bf16.resident(panelBytes / 8)
	avx2.strips(avx2.rows)
	avx512.strips(avx512.rows)
	avx2.channelwise(4)
	avx2.channelwise(1)
	avx2.transpose()
	avx2.strips(panelBytes / 4)
	bf16.zip()
	build.Generate()
}

// block is a tile's share of the registers: accumulators, vectors of B, broadcasts of A.
type block struct {
	acc  [][]reg.VecPhysical
	b, a []reg.VecPhysical
}

func (t target) block(rows, vecs int) (k block) {
	free := t.registers
	take := func(n int) []reg.VecPhysical {
		out := free[:n]
		free = free[n:]
		return out
	}
	for range rows {
		k.acc = append(k.acc, take(vecs))
	}
	k.b, k.a = take(vecs), take(2)
	for _, row := range k.acc {
		for _, r := range row {
			t.zero(r)
		}
	}
	return k
}

func (t target) zero(r reg.VecPhysical) {
	if t.bytes == 64 {
		build.VPXORD(r, r, r)
		return
	}
	build.VXORPS(r, r, r)
}

// step adds the product of one column of A, its rows at a, and one row of B,
// whose vectors are at b.
func (t target) step(k block, a, b []operand.Mem) {
	for v, r := range k.b {
		build.VMOVUPS(b[v], r)
	}
	for i, row := range k.acc {
		x := k.a[i%2]
		build.VBROADCASTSS(a[i], x)
		for v, r := range row {
			t.add(k.b[v], x, r)
		}
	}
}

// add adds products of a and b to sum.
func (t target) add(b, a, sum reg.VecPhysical) {
	if t.pairs {
		evex.DotPairs(b, a, sum)
		return
	}
	build.VFMADD231PS(b, a, sum)
}

// vectors are where the vectors of a row of panels lie: side by side in the
// panel, then in the next panel, step bytes on.
func (t target) vectors(vecs int, base, step reg.Register) (out []operand.Mem) {
	for v := range vecs {
		m := operand.Mem{Base: base, Disp: v * t.bytes % panelBytes}
		if v*t.bytes >= panelBytes {
			m.Index, m.Scale = step, 1
		}
		out = append(out, m)
	}
	return out
}

// paneled reports whether so many vectors are more than a panel.
func (t target) paneled(vecs int) bool { return vecs*t.bytes > panelBytes }

// labels are names of their own for one variant of a function.
type labels string

func (l labels) define(name string)               { build.Label(string(l) + name) }
func (l labels) ref(name string) operand.LabelRef { return operand.LabelRef(string(l) + name) }

// variants opens a function of (variant int, args *byte) that jumps to what emit
// writes for its number of rows and vectors: variant is (rows-1)*vecs + vectors-1.
func (t target) variants(name, doc string, emit func(l labels, rows, vecs int)) {
	build.TEXT(t.prefix+name, build.NOSPLIT, "func(variant int, args *byte)")
	build.Pragma("noescape")
	build.Doc(t.prefix + name + " " + doc)
	build.Load(build.Param("args"), args)
	v := build.Load(build.Param("variant"), reg.RAX)
	at := func(i int) labels { return labels(fmt.Sprintf("r%dv%d", i/t.vecs+1, i%t.vecs+1)) }
	var choose func(lo, hi int)
	choose = func(lo, hi int) {
		if hi-lo == 1 {
			build.JMP(at(lo).ref(""))
			return
		}
		mid, low := (lo+hi)/2, labels(fmt.Sprintf("below%d", (lo+hi)/2))
		build.CMPQ(v, operand.U8(mid))
		build.JLT(low.ref(""))
		choose(mid, hi)
		low.define("")
		choose(lo, mid)
	}
	choose(0, t.rows*t.vecs)
	for i := range t.rows * t.vecs {
		at(i).define("")
		emit(at(i), i/t.vecs+1, i%t.vecs+1)
	}
}

// args is where a function finds its struct of arguments.
var args = reg.R15

func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func end() {
	build.VZEROUPPER()
	build.RET()
}

func text(name, args, doc string) {
	build.TEXT(name, build.NOSPLIT, "func("+args+")")
	build.Pragma("noescape")
	build.Doc(name + " " + doc)
}

// spin is the machine's peak: multiply-adds that touch no memory.
func (t target) spin() {
	text(t.prefix+"Spin", "rounds int", fmt.Sprintf("runs 4*%d independent vector multiply-adds a round.", t.rows*t.vecs))
	n := build.Load(build.Param("rounds"), reg.RCX)
	for _, r := range t.registers {
		t.zero(r)
	}
	last := len(t.registers) - 1
	build.Label("round")
	for range 4 {
		for i := range t.rows * t.vecs {
			t.add(t.registers[last], t.registers[last-1], t.registers[i])
		}
	}
	build.DECQ(n)
	build.JNZ(operand.LabelRef("round"))
	end()
}

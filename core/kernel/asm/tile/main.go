// Command tile writes the assembly of package gemm/tile: register tiles of
// matrix products, each equal to the Go function beside it. Everything but the
// instructions' names follows from a target's width and registers. Run
// generate.sh after a change; a test of package tile compares the output.
package main

import (
	"fmt"

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

func main() {
	build.ConstraintExpr("!noasm")
	t := avx2
	for vecs := 1; vecs <= t.vecs; vecs++ {
		for rows := 1; rows <= t.rows; rows++ {
			t.tile(rows, vecs)
			t.gather(rows, vecs)
		}
	}
	t.pairs(4)
	t.pairs(1)
	t.transpose()
	t.strips(t.rows)
	t.strips(t.vecs * t.bytes / 4)
	t.spin()
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
			build.VXORPS(r, r, r)
		}
	}
	return k
}

// step adds the product of one column of A, its rows at a, and one row of B at b.
func (t target) step(k block, a []operand.Mem, b operand.Mem) {
	for v, r := range k.b {
		build.VMOVUPS(b.Offset(v*t.bytes), r)
	}
	for i, row := range k.acc {
		x := k.a[i%2]
		build.VBROADCASTSS(a[i], x)
		for v, r := range row {
			build.VFMADD231PS(k.b[v], x, r)
		}
	}
}

// counted runs body n times, four to a round.
func counted(n reg.Register, body func()) {
	build.SUBQ(operand.U8(4), n)
	build.JLT(operand.LabelRef("rest"))
	build.Label("four")
	for range 4 {
		body()
	}
	build.SUBQ(operand.U8(4), n)
	build.JGE(operand.LabelRef("four"))
	build.Label("rest")
	build.ADDQ(operand.U8(4), n)
	build.JZ(operand.LabelRef("done"))
	build.Label("one")
	body()
	build.DECQ(n)
	build.JNZ(operand.LabelRef("one"))
	build.Label("done")
}

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

func (t target) name(kind string, rows, vecs int) string {
	return fmt.Sprintf("%s%s%dx%d", t.prefix, kind, rows, vecs*t.bytes/4)
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

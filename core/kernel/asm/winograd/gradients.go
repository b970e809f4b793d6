package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gradient writes 16 channels a round: a row of each panel.
func (t target) gradient(edge bool) {
	name := atEdge(t.prefix+"Gradient", edge)
	open(name, "args *byte", "is Gradient for whole panels of 16 channels; args is a *Tiles.")
	build.Load(build.Param("args"), args)
	p := newPixels([]reg.GPPhysical{reg.R8, reg.R9}, reg.RAX, reg.RBX, reg.RCX, edge)
	build.MOVQ(at(args, tilesMatrix), reg.RSI)
	m := newMatrices(at(args, tilesXi), [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	panel := reg.R10
	build.MOVQ(at(args, tilesPanel), panel)
	eachTile(p, m.bases(), reg.R14, func() {
		for v := range row / t.bytes {
			e := [4][]reg.VecPhysical{t.r[0:2], t.r[2:4], t.r[4:6], t.r[6:8]}
			sum, difference := t.r[8], t.r[9]
			for c := range 2 {
				t.load(p, 0, c, v*t.imageBytes(), e[0][c])
				t.load(p, 1, c, v*t.imageBytes(), e[3][c])
				build.VADDPS(e[3][c], e[0][c], e[1][c])
				build.VSUBPS(e[3][c], e[0][c], e[2][c])
			}
			for r, e := range e {
				build.VADDPS(e[1], e[0], sum)
				build.VSUBPS(e[1], e[0], difference)
				for i, x := range []reg.VecPhysical{e[0], sum, difference, e[1]} {
					build.VMOVUPS(x, m[r].at(i).Offset(v*t.bytes))
				}
			}
		}
		advance(operand.U8(row/t.bytes*t.imageBytes()), p.moving...)
		advance(panel, m.bases()...)
	})
}

func (t target) weightGradient() {
	open(t.prefix+"WeightGradient", "taps, matrix *float32, xi, n int", "is WeightGradient.")
	build.Load(build.Param("matrix"), reg.RSI)
	to := build.Load(build.Param("taps"), reg.R8).(reg.GPPhysical)
	xi, err := build.Param("xi").Resolve()
	if err != nil {
		panic(err)
	}
	m := newMatrices(xi.Addr, [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	build.Load(build.Param("n"), reg.R14)
	held := [3][]reg.VecPhysical{t.r[0:4], t.r[4:8], t.r[8:12]}
	a, b, h := t.r[12], t.r[13], t.r[15]
	loadHalf(h)
	build.Label("row")
	for v := range row / t.bytes {
		for c := range 4 {
			build.VMOVUPS(m[1].at(c).Offset(v*t.bytes), a)
			build.VMOVUPS(m[2].at(c).Offset(v*t.bytes), b)
			build.VSUBPS(b, a, held[1][c])
			build.VADDPS(b, a, a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, held[1][c], held[1][c])
			build.VADDPS(m[0].at(c).Offset(v*t.bytes), a, held[0][c])
			build.VADDPS(m[3].at(c).Offset(v*t.bytes), a, held[2][c])
		}
		for r, line := range held {
			build.VSUBPS(line[2], line[1], b)
			build.VADDPS(line[2], line[1], a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, b, b)
			build.VADDPS(line[0], a, line[0])
			build.VADDPS(line[3], a, line[3])
			for i, x := range []reg.VecPhysical{line[0], b, line[3]} {
				build.VMOVUPS(x, at(to, (3*r+i)*row+v*t.bytes))
			}
		}
	}
	advance(operand.U8(row), m.bases()...)
	build.ADDQ(operand.U32(taps), to)
	build.DECQ(reg.R14)
	build.JNZ(operand.LabelRef("row"))
	end()
}

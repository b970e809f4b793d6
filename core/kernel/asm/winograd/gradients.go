package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gradient writes 16 channels a round: a row of each panel.
func gradient(edge bool) {
	name := atEdge("avx2Gradient", edge)
	open(name, "args *byte", "is Gradient for whole panels of 16 channels; args is a *Tiles.")
	build.Load(build.Param("args"), args)
	p := newPixels([]reg.GPPhysical{reg.R8, reg.R9}, reg.RAX, reg.RBX, reg.RCX, edge)
	build.MOVQ(at(args, tilesMatrix), reg.RSI)
	m := newMatrices(at(args, tilesXi), [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	panel := reg.R10
	build.MOVQ(at(args, tilesPanel), panel)
	eachTile(p, m.bases(), reg.R14, func() {
		for v := range halves {
			e := [4][]reg.VecPhysical{y[0:2], y[2:4], y[4:6], y[6:8]}
			sum, difference := y[8], y[9]
			for c := range 2 {
				p.load(0, c, v*vecBytes, e[0][c])
				p.load(1, c, v*vecBytes, e[3][c])
				build.VADDPS(e[3][c], e[0][c], e[1][c])
				build.VSUBPS(e[3][c], e[0][c], e[2][c])
			}
			for r, e := range e {
				build.VADDPS(e[1], e[0], sum)
				build.VSUBPS(e[1], e[0], difference)
				for i, x := range []reg.VecPhysical{e[0], sum, difference, e[1]} {
					build.VMOVUPS(x, m[r].at(i).Offset(v*vecBytes))
				}
			}
		}
		advance(operand.U8(row), p.moving...)
		advance(panel, m.bases()...)
	})
}

func weightGradient() {
	open("avx2WeightGradient", "taps, matrix *float32, xi, n int", "is WeightGradient.")
	build.Load(build.Param("matrix"), reg.RSI)
	to := build.Load(build.Param("taps"), reg.R8).(reg.GPPhysical)
	xi, err := build.Param("xi").Resolve()
	if err != nil {
		panic(err)
	}
	m := newMatrices(xi.Addr, [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	build.Load(build.Param("n"), reg.R14)
	t := [3][]reg.VecPhysical{y[0:4], y[4:8], y[8:12]}
	a, b, h := y[12], y[13], y[15]
	loadHalf(h)
	build.Label("row")
	for v := range halves {
		for c := range 4 {
			build.VMOVUPS(m[1].at(c).Offset(v*vecBytes), a)
			build.VMOVUPS(m[2].at(c).Offset(v*vecBytes), b)
			build.VSUBPS(b, a, t[1][c])
			build.VADDPS(b, a, a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, t[1][c], t[1][c])
			build.VADDPS(m[0].at(c).Offset(v*vecBytes), a, t[0][c])
			build.VADDPS(m[3].at(c).Offset(v*vecBytes), a, t[2][c])
		}
		for r, t := range t {
			build.VSUBPS(t[2], t[1], b)
			build.VADDPS(t[2], t[1], a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, b, b)
			build.VADDPS(t[0], a, t[0])
			build.VADDPS(t[3], a, t[3])
			for i, x := range []reg.VecPhysical{t[0], b, t[3]} {
				build.VMOVUPS(x, at(to, (3*r+i)*row+v*vecBytes))
			}
		}
	}
	advance(operand.U8(row), m.bases()...)
	build.ADDQ(operand.U32(taps), to)
	build.DECQ(reg.R14)
	build.JNZ(operand.LabelRef("row"))
	end()
}

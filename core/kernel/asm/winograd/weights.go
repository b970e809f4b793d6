package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var half *operand.Mem

// loadHalf leaves eight halves in r.
func loadHalf(r reg.VecPhysical) {
	if half == nil {
		m := build.GLOBL("half", build.RODATA|build.NOPTR)
		build.DATA(0, operand.U32(math.Float32bits(0.5)))
		half = &m
	}
	build.VBROADCASTSS(*half, r)
}

const (
	row  = 64      // bytes of a row of 16 channels
	taps = 9 * row // of a kernel's nine
)

// weights are 12 registers of the vertical transform, then four of each of its rows.
func (t target) weights(name string, rotated bool) {
	name = t.prefix + name
	doc := "is Weights, Rotated false."
	if rotated {
		doc = "is Weights, Rotated true."
	}
	open(name, "matrix, taps *float32, xi, n int", doc)
	build.Load(build.Param("matrix"), reg.RSI)
	from := build.Load(build.Param("taps"), reg.R8).(reg.GPPhysical)
	xi, err := build.Param("xi").Resolve()
	if err != nil {
		panic(err)
	}
	m := newMatrices(xi.Addr, [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	build.Load(build.Param("n"), reg.R14)
	held := [4][]reg.VecPhysical{t.r[0:3], t.r[3:6], t.r[6:9], t.r[9:12]}
	a, b, h := t.r[12], t.r[13], t.r[15]
	loadHalf(h)
	build.Label("row")
	for v := range row / t.bytes {
		tap := func(r, c int) operand.Mem {
			i := 3*r + c
			if rotated {
				i = 8 - i
			}
			return at(from, i*row+v*t.bytes)
		}
		for c := range 3 {
			build.VMOVUPS(tap(0, c), held[0][c])
			build.VMOVUPS(tap(1, c), b)
			build.VMOVUPS(tap(2, c), held[3][c])
			build.VADDPS(held[3][c], held[0][c], a)
			build.VADDPS(b, a, held[1][c])
			build.VSUBPS(b, a, held[2][c])
			build.VMULPS(h, held[1][c], held[1][c])
			build.VMULPS(h, held[2][c], held[2][c])
		}
		for r, line := range held {
			build.VADDPS(line[2], line[0], a)
			build.VSUBPS(line[1], a, b)
			build.VADDPS(line[1], a, a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, b, b)
			for i, x := range []reg.VecPhysical{line[0], a, b, line[2]} {
				build.VMOVUPS(x, m[r].at(i).Offset(v*t.bytes))
			}
		}
	}
	advance(operand.U8(row), m.bases()...)
	build.ADDQ(operand.U32(taps), from)
	build.DECQ(reg.R14)
	build.JNZ(operand.LabelRef("row"))
	end()
}

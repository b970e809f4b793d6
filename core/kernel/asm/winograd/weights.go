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
	row      = 64      // bytes of a row of 16 channels
	taps     = 9 * row // of a kernel's nine
	halves   = 2       // vectors of a row
	vecBytes = 32
)

// weights are 12 registers of the vertical transform, then four of each of its rows.
func weights(name string, rotated bool) {
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
	t := [4][]reg.VecPhysical{y[0:3], y[3:6], y[6:9], y[9:12]}
	a, b, h := y[12], y[13], y[15]
	loadHalf(h)
	build.Label("row")
	for v := range halves {
		tap := func(r, c int) operand.Mem {
			i := 3*r + c
			if rotated {
				i = 8 - i
			}
			return at(from, i*row+v*vecBytes)
		}
		for c := range 3 {
			build.VMOVUPS(tap(0, c), t[0][c])
			build.VMOVUPS(tap(1, c), b)
			build.VMOVUPS(tap(2, c), t[3][c])
			build.VADDPS(t[3][c], t[0][c], a)
			build.VADDPS(b, a, t[1][c])
			build.VSUBPS(b, a, t[2][c])
			build.VMULPS(h, t[1][c], t[1][c])
			build.VMULPS(h, t[2][c], t[2][c])
		}
		for r, t := range t {
			build.VADDPS(t[2], t[0], a)
			build.VSUBPS(t[1], a, b)
			build.VADDPS(t[1], a, a)
			build.VMULPS(h, a, a)
			build.VMULPS(h, b, b)
			for i, x := range []reg.VecPhysical{t[0], a, b, t[2]} {
				build.VMOVUPS(x, m[r].at(i).Offset(v*vecBytes))
			}
		}
	}
	advance(operand.U8(row), m.bases()...)
	build.ADDQ(operand.U32(taps), from)
	build.DECQ(reg.R14)
	build.JNZ(operand.LabelRef("row"))
	end()
}

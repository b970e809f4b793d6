package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of F(4x4,3x3), which work on more numbers than there are
// registers: the first pass leaves its results in a room of the caller's, at
// 6*row + column vectors.

// room is where the first pass's result in row r and column c is.
func (t target) room(base reg.Register, r, c int) operand.Mem { return at(base, (6*r+c)*t.bytes) }

const tilesRoom = 112

func (t target) fourTiles(name, doc string, size int, edge bool, body func(s squares, g grid, room reg.Register)) {
	name = atEdge(t.prefix+name, edge)
	open(name, "args *byte", doc+"; args is a *Tiles.")
	build.Load(build.Param("args"), args)
	s := newSquares(size, edge)
	build.MOVQ(at(args, tilesMatrix), reg.RSI)
	g := newGrid(at(args, tilesXi))
	room := reg.R13
	build.MOVQ(at(args, tilesRoom), room)
	p := pixels{moving: []reg.Register{s.origin}, places: s.places}
	eachTile(p, []reg.Register{g.origin}, reg.R14, func() { body(s, g, room) })
}

func (t target) input4(edge bool) {
	t.fourTiles("Input4", fmt.Sprintf("is Input4 for whole groups of %d channels", t.channels()), 6, edge, func(s squares, g grid, room reg.Register) {
		for r := range 6 {
			s.begin(r)
			for c := range 6 {
				build.VMOVUPS(s.at(r, c, 0), t.r[c])
			}
			for c, x := range t.inputs() {
				build.VMOVUPS(x, t.room(room, r, c))
			}
		}
		for c := range 6 {
			for r := range 6 {
				build.VMOVUPS(t.room(room, r, c), t.r[r])
			}
			g.begin(c)
			for r, x := range t.inputs() {
				build.VMOVUPS(x, g.rows.at(r))
			}
		}
		advance(operand.U8(t.bytes), s.origin, g.origin)
	})
}

func (t target) output4(stream bool) {
	name := "Output4"
	if stream {
		name += "Stream"
	}
	t.fourTiles(name, fmt.Sprintf("is Output4 for whole groups of %d channels", t.channels()), 4, false, func(s squares, g grid, room reg.Register) {
		for c := range 6 {
			g.begin(c)
			for r := range 6 {
				build.VMOVUPS(g.rows.at(r), t.r[r])
			}
			for r, x := range t.outputs() {
				build.VMOVUPS(x, t.room(room, r, c))
			}
		}
		for r := range 4 {
			for c := range 6 {
				build.VMOVUPS(t.room(room, r, c), t.r[c])
			}
			s.begin(r)
			for c, x := range t.outputs() {
				store(false, stream, x, s.at(r, c, 0))
			}
		}
		advance(operand.U8(t.bytes), s.origin, g.origin)
	})
}

// gradient4 writes 16 channels a round: a row of each panel.
func (t target) gradient4(edge bool) {
	t.fourTiles("Gradient4", "is Gradient4 for whole panels of 16 channels", 4, edge, func(s squares, g grid, room reg.Register) {
		for v := range row / t.bytes {
			for r := range 4 {
				s.begin(r)
				for c := range 4 {
					build.VMOVUPS(s.at(r, c, v*t.bytes), t.r[c])
				}
				for c, x := range t.gradients() {
					build.VMOVUPS(x, t.room(room, r, c))
				}
			}
			for c := range 6 {
				for r := range 4 {
					build.VMOVUPS(t.room(room, r, c), t.r[r])
				}
				g.begin(c)
				for r, x := range t.gradients() {
					build.VMOVUPS(x, g.rows.at(r).Offset(v*t.bytes))
				}
			}
		}
		advance(operand.U8(row), s.origin)
		advance(at(args, tilesPanel), g.origin)
	})
}

// fourRows opens a function over n rows of 16 channels, between matrices and taps.
func (t target) fourRows(name, params, doc string, body func(g grid, tap, room reg.GPPhysical, v int)) {
	open(t.prefix+name, params, doc)
	build.Load(build.Param("matrix"), reg.RSI)
	tap := build.Load(build.Param("taps"), reg.R8).(reg.GPPhysical)
	room := build.Load(build.Param("room"), reg.R13).(reg.GPPhysical)
	xi, err := build.Param("xi").Resolve()
	if err != nil {
		panic(err)
	}
	g := newGrid(xi.Addr)
	build.Load(build.Param("n"), reg.R14)
	build.Label("row")
	for v := range row / t.bytes {
		body(g, tap, room, v)
	}
	advance(operand.U8(row), g.origin)
	build.ADDQ(operand.U32(taps), tap)
	build.DECQ(reg.R14)
	build.JNZ(operand.LabelRef("row"))
	end()
}

func (t target) weights4(name string, rotated bool) {
	t.fourRows(name, "matrix, taps, room *float32, xi, n int", fmt.Sprintf("is Weights4, rotated %v.", rotated), func(g grid, tap, room reg.GPPhysical, v int) {
		for r := range 3 {
			for c := range 3 {
				i := 3*r + c
				if rotated {
					i = 8 - i
				}
				build.VMOVUPS(at(tap, i*row+v*t.bytes), t.r[c])
			}
			for c, x := range t.kernels() {
				build.VMOVUPS(x, t.room(room, r, c))
			}
		}
		for c := range 6 {
			for r := range 3 {
				build.VMOVUPS(t.room(room, r, c), t.r[r])
			}
			g.begin(c)
			for r, x := range t.kernels() {
				build.VMOVUPS(x, g.rows.at(r).Offset(v*t.bytes))
			}
		}
	})
}

func (t target) weightGradient4() {
	t.fourRows("WeightGradient4", "taps, matrix, room *float32, xi, n int", "is WeightGradient4.", func(g grid, tap, room reg.GPPhysical, v int) {
		for c := range 6 {
			g.begin(c)
			for r := range 6 {
				build.VMOVUPS(g.rows.at(r).Offset(v*t.bytes), t.r[r])
			}
			for r, x := range t.kernelGradients() {
				build.VMOVUPS(x, t.room(room, r, c))
			}
		}
		for r := range 3 {
			for c := range 6 {
				build.VMOVUPS(t.room(room, r, c), t.r[c])
			}
			for c, x := range t.kernelGradients() {
				build.VMOVUPS(x, at(tap, (3*r+c)*row+v*t.bytes))
			}
		}
	})
}

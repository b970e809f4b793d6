package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of F(4x4,3x3), which work on more numbers than there are
// registers: the first pass leaves its results in a room of the caller's, at
// 6*row + column vectors.

// six is a base and what lies one to five strides from it.
type six struct{ base, stride, stride3, stride5 reg.Register }

// newSix leaves the multiples of stride in the registers.
func newSix(base, stride, stride3, stride5 reg.GPPhysical) six {
	build.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	build.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 4}, stride5)
	return six{base, stride, stride3, stride5}
}

func (s six) at(i int) operand.Mem {
	switch i {
	case 0:
		return operand.Mem{Base: s.base}
	case 3:
		return plus(s.base, s.stride3, 1)
	case 5:
		return plus(s.base, s.stride5, 1)
	}
	return operand.Mem{Base: s.base, Index: s.stride, Scale: uint8(i)}
}

// constants are vectors of one number.
var constants = map[string]operand.Mem{}

func constant(x float64) operand.Mem {
	name := fmt.Sprintf("number%x", math.Float32bits(float32(x)))
	if m, ok := constants[name]; ok {
		return m
	}
	m := build.GLOBL(name, build.RODATA|build.NOPTR)
	for i := range 16 {
		build.DATA(4*i, operand.U32(math.Float32bits(float32(x))))
	}
	constants[name] = m
	return m
}

type vector = reg.VecPhysical

func add(x, y, sum vector)        { build.VADDPS(y, x, sum) }
func sub(x, y, difference vector) { build.VSUBPS(y, x, difference) }
func mul(x vector, c float64, product vector) {
	build.VMULPS(constant(c), x, product)
}

// inputs is winograd.bt6.
func (t target) inputs() (to []vector) {
	r := t.r
	mul(r[0], 4, r[6])
	add(r[6], r[4], r[6])
	mul(r[2], 5, r[7])
	sub(r[6], r[7], r[6])
	mul(r[1], 4, r[8])
	add(r[8], r[5], r[7])
	mul(r[3], 5, r[9])
	sub(r[7], r[9], r[7])
	mul(r[2], 4, r[9])
	sub(r[4], r[9], r[9])
	sub(r[3], r[8], r[8])
	add(r[9], r[8], r[10])
	sub(r[9], r[8], r[11])
	sub(r[4], r[2], r[9])
	sub(r[3], r[1], r[8])
	add(r[8], r[8], r[8])
	add(r[9], r[8], r[12])
	sub(r[9], r[8], r[13])
	return []vector{r[6], r[10], r[11], r[12], r[13], r[7]}
}

// outputs is winograd.atm6.
func (t target) outputs() (to []vector) {
	r := t.r
	add(r[1], r[2], r[6])
	sub(r[1], r[2], r[7])
	add(r[3], r[4], r[8])
	sub(r[3], r[4], r[9])
	add(r[0], r[6], r[10])
	add(r[10], r[8], r[10])
	add(r[9], r[9], r[11])
	add(r[7], r[11], r[11])
	mul(r[8], 4, r[12])
	add(r[6], r[12], r[12])
	mul(r[9], 8, r[13])
	add(r[7], r[13], r[13])
	add(r[13], r[5], r[13])
	return r[10:14]
}

// gradients is winograd.a6.
func (t target) gradients() (to []vector) {
	r := t.r
	add(r[0], r[2], r[4])
	add(r[1], r[3], r[5])
	add(r[4], r[5], r[6])
	sub(r[4], r[5], r[7])
	mul(r[2], 4, r[4])
	add(r[0], r[4], r[4])
	mul(r[3], 8, r[5])
	add(r[1], r[1], r[8])
	add(r[8], r[5], r[5])
	add(r[4], r[5], r[9])
	sub(r[4], r[5], r[10])
	return []vector{r[0], r[6], r[7], r[9], r[10], r[3]}
}

// kernels is winograd.g6.
func (t target) kernels() (to []vector) {
	r := t.r
	add(r[0], r[2], r[3])
	add(r[3], r[1], r[4])
	mul(r[4], -1./6, r[4])
	sub(r[3], r[1], r[5])
	mul(r[5], -1./6, r[5])
	mul(r[0], 1./4, r[6])
	mul(r[0], 1./24, r[7])
	mul(r[2], 1./6, r[8])
	add(r[7], r[8], r[7])
	mul(r[1], 1./12, r[8])
	add(r[7], r[8], r[9])
	sub(r[7], r[8], r[10])
	return []vector{r[6], r[4], r[5], r[9], r[10], r[2]}
}

// kernelGradients is winograd.gt6.
func (t target) kernelGradients() (to []vector) {
	r := t.r
	add(r[1], r[2], r[6])
	sub(r[1], r[2], r[7])
	add(r[3], r[4], r[8])
	sub(r[3], r[4], r[9])
	mul(r[0], 1./4, r[10])
	mul(r[6], -1./6, r[11])
	add(r[10], r[11], r[10])
	mul(r[8], 1./24, r[12])
	add(r[10], r[12], r[10])
	mul(r[7], -1./6, r[12])
	mul(r[9], 1./12, r[13])
	add(r[12], r[13], r[12])
	mul(r[8], 1./6, r[13])
	add(r[11], r[13], r[13])
	add(r[13], r[5], r[13])
	return []vector{r[10], r[12], r[13]}
}

// room is where the first pass's result in row r and column c is.
func (t target) room(base reg.Register, r, c int) operand.Mem { return at(base, (6*r+c)*t.bytes) }

// squares are the pixels of rows of an image that a tile covers, seen a row at a time.
type squares struct {
	origin, row, down reg.GPPhysical // the first pixel; the row's first; a row's bytes
	columns           six
	places            *operand.Mem
	width             int
}

// newSquares finds size rows and columns; it may use RDX, RSI and R13 on the way.
func newSquares(size int, edge bool) (s squares) {
	s = squares{origin: reg.R8, row: reg.R9, down: reg.R11, width: size}
	build.MOVQ(at(args, tilesImage), s.origin)
	build.ADDQ(at(args, tilesAt), s.origin)
	build.MOVQ(at(args, tilesRow), s.down)
	build.MOVQ(at(args, tilesCol), reg.RAX)
	s.columns = newSix(s.row, reg.RAX, reg.RBX, reg.R10)
	if !edge {
		return s
	}
	places := build.AllocLocal(8 * size * size)
	exist, zero, scratch := reg.RDX, reg.RSI, reg.R13
	build.MOVQ(at(args, tilesExist), exist)
	build.MOVQ(at(args, tilesZero), zero)
	build.MOVQ(s.origin, s.row)
	for r := range size {
		for c := range size {
			build.LEAQ(s.columns.at(c), scratch)
			build.BTQ(operand.U8(6*r+c), exist)
			build.CMOVQCC(zero, scratch)
			build.MOVQ(scratch, places.Offset(8*(size*r+c)))
		}
		build.ADDQ(s.down, s.row)
	}
	build.XORL(s.origin.As32(), s.origin.As32())
	s.places = &places
	return s
}

// begin goes to row r; rows come in order.
func (s squares) begin(r int) {
	switch {
	case s.places != nil:
	case r == 0:
		build.MOVQ(s.origin, s.row)
	default:
		build.ADDQ(s.down, s.row)
	}
}

func (s squares) at(r, c, bytes int) operand.Mem {
	if s.places == nil {
		return s.columns.at(c).Offset(bytes)
	}
	build.MOVQ(s.places.Offset(8*(s.width*r+c)), s.row)
	return operand.Mem{Base: s.row, Index: s.origin, Scale: 1, Disp: bytes}
}

// grid is the 36 matrices, seen a column at a time.
type grid struct {
	origin, column reg.GPPhysical
	rows           six
	xi             operand.Mem
}

// newGrid reads the matrices' distance from xi; the first is in RSI.
func newGrid(xi operand.Mem) grid {
	g := grid{origin: reg.RSI, column: reg.RDI, xi: xi}
	build.MOVQ(xi, reg.RCX)
	build.LEAQ(operand.Mem{Base: reg.RCX, Index: reg.RCX, Scale: 2}, reg.RCX)
	build.ADDQ(reg.RCX, reg.RCX)
	g.rows = newSix(g.column, reg.RCX, reg.RDX, reg.R12)
	return g
}

// begin goes to column c; columns come in order.
func (g grid) begin(c int) {
	if c == 0 {
		build.MOVQ(g.origin, g.column)
		return
	}
	build.ADDQ(g.xi, g.column)
}

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

package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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

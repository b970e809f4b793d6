package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of winograd.Tiles, in bytes.
const (
	tilesImage, tilesAt, tilesRow, tilesCol          = 0, 8, 16, 24
	tilesMatrix, tilesXi, tilesTile, tilesPanel      = 32, 40, 48, 56
	tilesN, tilesRounds, tilesImageStep, tilesToNext = 64, 72, 80, 88
	tilesExist, tilesZero                            = 96, 104
)

// pixels are those of an image that a tile covers: in lines, or each at a place
// of its own, where those that do not exist are zeros.
type pixels struct {
	lines  []line
	moving []reg.Register // what moves from channel to channel
	places *operand.Mem
}

// newPixels finds the pixels of len(base) lines of as many columns.
func newPixels(base []reg.GPPhysical, col, col3, scratch reg.GPPhysical, edge bool) (p pixels) {
	build.MOVQ(at(args, tilesImage), base[0])
	build.ADDQ(at(args, tilesAt), base[0])
	build.MOVQ(at(args, tilesRow), scratch)
	build.MOVQ(at(args, tilesCol), col)
	if len(base) > 2 {
		build.LEAQ(operand.Mem{Base: col, Index: col, Scale: 2}, col3)
	}
	for r, b := range base {
		if r > 0 {
			build.LEAQ(operand.Mem{Base: base[r-1], Index: scratch, Scale: 1}, b)
		}
		p.lines = append(p.lines, line{b, col, col3})
		p.moving = append(p.moving, b)
	}
	if edge {
		p.place(scratch, base[0])
	}
	return p
}

// place leaves in memory where each pixel is. From then on offset counts the
// bytes of channels, and offset and scratch are what a load needs.
func (p *pixels) place(scratch, offset reg.GPPhysical) {
	places := build.AllocLocal(8 * 16)
	p.places = &places
	exist, zero := reg.RDX, reg.RSI
	build.MOVQ(at(args, tilesExist), exist)
	build.MOVQ(at(args, tilesZero), zero)
	for r, l := range p.lines {
		for c := range p.lines {
			build.LEAQ(l.at(c), scratch)
			build.BTL(operand.U8(4*r+c), exist.As32())
			build.CMOVQCC(zero, scratch)
			build.MOVQ(scratch, places.Offset(8*(4*r+c)))
		}
	}
	build.XORL(offset.As32(), offset.As32())
	p.moving = []reg.Register{offset}
}

// at is where the channels lie that are some bytes on.
func (p pixels) at(r, c, bytes int) operand.Mem {
	if p.places == nil {
		return p.lines[r].at(c).Offset(bytes)
	}
	place := p.lines[1].base.(reg.GPPhysical)
	build.MOVQ(p.places.Offset(8*(4*r+c)), place)
	return operand.Mem{Base: place, Index: p.moving[0], Scale: 1, Disp: bytes}
}

// eachTile runs body for each round of each tile, and moves on in image and
// matrices from the last round to the next tile. A tile at an edge stands alone.
func eachTile(p pixels, matrix []reg.Register, counter reg.GPPhysical, body func()) {
	rounds := func() {
		build.MOVQ(at(args, tilesRounds), counter)
		build.Label("round")
		body()
		build.DECQ(counter)
		build.JNZ(operand.LabelRef("round"))
	}
	if p.places != nil {
		rounds()
		end()
		return
	}
	left := build.AllocLocal(8)
	build.MOVQ(at(args, tilesN), counter)
	build.MOVQ(counter, left)
	build.Label("tile")
	rounds()
	build.MOVQ(at(args, tilesImageStep), counter)
	advance(counter, p.moving...)
	build.MOVQ(at(args, tilesToNext), counter)
	advance(counter, matrix...)
	build.DECQ(left)
	build.JNZ(operand.LabelRef("tile"))
	end()
}

// atEdge names the variant of a function for a tile of which pixels do not exist.
func atEdge(name string, edge bool) string {
	if edge {
		return name + "Edge"
	}
	return name
}

// input: with rows 1 and 2 of the patch held, each row of the result needs at most one more.
func (t target) input(edge bool) {
	name := atEdge(t.prefix+"Input", edge)
	open(name, "args *byte", fmt.Sprintf("is Input for whole groups of %d channels; args is a *Tiles.", t.channels()))
	build.Load(build.Param("args"), args)
	p := newPixels([]reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}, reg.RAX, reg.RBX, reg.RCX, edge)
	build.MOVQ(at(args, tilesMatrix), reg.RSI)
	m := newMatrices(at(args, tilesXi), [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	eachTile(p, m.bases(), reg.R14, func() {
		d1, d2, v, o := t.r[0:4], t.r[4:8], t.r[8:12], t.r[12:16]
		for c := range 4 {
			t.load(p, 1, c, 0, d1[c])
			t.load(p, 2, c, 0, d2[c])
		}
		for r := range 4 {
			for c := range 4 {
				switch r {
				case 0:
					t.load(p, 0, c, 0, v[c])
					build.VSUBPS(d2[c], v[c], v[c])
				case 1:
					build.VADDPS(d2[c], d1[c], v[c])
				case 2:
					build.VSUBPS(d1[c], d2[c], v[c])
				case 3:
					t.load(p, 3, c, 0, v[c])
					build.VSUBPS(d1[c], v[c], v[c])
				}
			}
			build.VSUBPS(v[2], v[0], o[0])
			build.VADDPS(v[2], v[1], o[1])
			build.VSUBPS(v[1], v[2], o[2])
			build.VSUBPS(v[1], v[3], o[3])
			for c := range 4 {
				store(t.halfMatrix, false, o[c], m[r].at(c))
			}
		}
		advance(operand.U8(t.imageBytes()), p.moving...)
		advance(operand.U8(t.matrixBytes()), m.bases()...)
	})
}

// output writes past the caches if stream is set; images must then be aligned.
func (t target) output(stream bool) {
	name := t.prefix + "Output"
	if stream {
		name += "Stream"
	}
	open(name, "args *byte", fmt.Sprintf("is Output for whole groups of %d channels; args is a *Tiles.", t.channels()))
	build.Load(build.Param("args"), args)
	p := newPixels([]reg.GPPhysical{reg.R8, reg.R9}, reg.RAX, reg.RBX, reg.RCX, false)
	build.MOVQ(at(args, tilesMatrix), reg.RSI)
	m := newMatrices(at(args, tilesXi), [4]reg.GPPhysical{reg.RSI, reg.RDI, reg.R12, reg.R13}, reg.RCX, reg.RDX)
	eachTile(p, m.bases(), reg.R14, func() {
		s := [2][]reg.VecPhysical{t.r[0:4], t.r[4:8]}
		a, b := t.r[8], t.r[9]
		for c := range 4 {
			build.VMOVUPS(m[1].at(c), a)
			build.VMOVUPS(m[2].at(c), b)
			build.VADDPS(b, a, s[0][c])
			build.VSUBPS(b, a, s[1][c])
			build.VADDPS(m[0].at(c), s[0][c], s[0][c])
			build.VADDPS(m[3].at(c), s[1][c], s[1][c])
		}
		for r, s := range s {
			build.VADDPS(s[2], s[1], a)
			build.VSUBPS(s[2], s[1], b)
			build.VADDPS(s[0], a, a)
			build.VADDPS(s[3], b, b)
			store(t.halfImage, stream, a, p.lines[r].at(0))
			store(t.halfImage, stream, b, p.lines[r].at(1))
		}
		advance(operand.U8(t.imageBytes()), p.moving...)
		advance(operand.U8(t.bytes), m.bases()...)
	})
}

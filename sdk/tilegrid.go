package sdk

import "strconv"

// TileGrid is a picture in 3 x 3 cells and the square tile that a task takes of each.
// The gaps between tiles and their jitter keep edges that go on from one tile to the
// next from telling where it lies (Doersch et al. 2015, section 3.1).
type TileGrid struct {
	tile, jitter int
	as           Published
}

// Published is the pixels of a cell, its tile and the jitter that a paper has; images
// of other sizes have them in proportion.
type Published struct{ Cell, Tile, Jitter int }

// leastTile is the side of the smallest tile that shows anything, in pixels.
const leastTile = 4

// Declare declares tile and jitter as parameters.
func (g *TileGrid) Declare(p *Plugin, as Published) {
	g.as = as
	of := " of a cell of " + strconv.Itoa(as.Cell)
	p.Int(&g.tile, "tile", 0, "side of a tile in pixels; 0: as published, "+strconv.Itoa(as.Tile)+of, AtLeast(0))
	p.Int(&g.jitter, "jitter", -1, "pixels within which tiles move in all; -1: as published, "+strconv.Itoa(as.Jitter)+of, AtLeast(-1))
}

// Corners is the first row and column i32[2] of each of the nine tiles of size x size
// pixels, row by row, and the side of a tile; what does not fit is refused.
func (g *TileGrid) Corners(v *Views, size int) (corners []Value, tile int) {
	cell, tile, jitter := size/3, g.tile, g.jitter
	third := "a third of " + strconv.Itoa(size) + " pixels"
	if cell < leastTile {
		v.Refuse("tile", "expected cells of "+strconv.Itoa(leastTile)+" pixels or more, which show something; found "+strconv.Itoa(max(cell, 0))+", "+third)
	}
	if tile == 0 {
		tile = max(leastTile, g.as.Tile*cell/g.as.Cell)
	}
	if tile < leastTile || tile > cell {
		v.Refuse("tile", "expected "+strconv.Itoa(leastTile)+" pixels to the "+strconv.Itoa(cell)+" of a cell, "+third+"; found "+strconv.Itoa(tile))
	}
	if jitter < 0 {
		jitter = min(cell-tile, (g.as.Jitter*cell+g.as.Cell/2)/g.as.Cell)
	}
	if tile+jitter > cell {
		v.Refuse("jitter", "expected at most "+strconv.Itoa(cell-tile)+", which tiles of "+strconv.Itoa(tile)+" pixels leave of cells of "+strconv.Itoa(cell)+", "+third+"; found "+strconv.Itoa(jitter))
	}
	return v.Corners(size, size, 3, 3, tile, jitter), tile
}

// Mosaic is tiles f32[B,n*n,h,w,C] as pictures f32[B,n*(h+1),n*(w+1),C], row by row,
// with a line of zeros below and to the right of each.
func Mosaic(tiles Value) Value {
	b, h, w, c := tiles.Dim(0), tiles.Dim(2), tiles.Dim(3), tiles.Dim(4)
	n, rest := Grid(tiles)
	if rest > 0 {
		tiles.Builder().Fail("tiles " + tiles.Shape().String() + " make no square")
	}
	framed := tiles.Pad(0, []int{0, 0, 0, 0, 0}, []int{0, 0, 1, 1, 0})
	return framed.Reshape(b, n, n, h+1, w+1, c).Transpose(0, 1, 3, 2, 4, 5).Reshape(b, n*(h+1), n*(w+1), c)
}

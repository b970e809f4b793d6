package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Window is height x width pixels from a drawn row and column i32[] on; what lies
// outside of the picture is black. Intn(9) less 4 is CIFAR's random crop with 4 pixels of padding.
func (m Image) Window(row, column Value, height, width int) Image {
	return m.WindowFrom(m.v.Stack(0, row, column), height, width)
}

// WindowAt is Window at a known place.
func (m Image) WindowAt(row, column, height, width int) Image {
	return m.WindowFrom(m.v.int32s(row, column), height, width)
}

// WindowFrom is Window from a corner i32[2], its row and column.
func (m Image) WindowFrom(corner Value, height, width int) Image {
	return m.op("image_window", []Value{corner}, ir.Int("height", height), ir.Int("width", width), ir.Int("fill", 0))
}

// Tiles cuts the picture into rows x columns equal cells and takes from each a
// square tile, row by row: from the middle of its cell, moved at random within
// jitter pixels in all. Cells of 85 with tiles of 64 and a jitter of 21 are the
// jigsaw's, cells of 144 with 96 and 14 those of context prediction.
func (m Image) Tiles(rows, columns, size, jitter int) []Image {
	d := m.Shape().Dims
	var tiles []Image
	for _, corner := range m.v.Corners(d[0], d[1], rows, columns, size, jitter) {
		tiles = append(tiles, m.WindowFrom(corner, size, size))
	}
	return tiles
}

// Corners is the first row and column i32[2] of each tile that Tiles takes of a
// picture of height x width pixels.
func (v *Views) Corners(height, width, rows, columns, size, jitter int) []Value {
	if rows < 1 || columns < 1 || height < rows || width < columns {
		v.Fail(strconv.Itoa(rows) + " x " + strconv.Itoa(columns) + " cells of a picture of " + strconv.Itoa(height) + " x " + strconv.Itoa(width) + " pixels")
	}
	h, w := height/rows, width/columns
	if size < 1 || jitter < 0 || size+jitter > min(h, w) {
		v.Fail("a tile of " + strconv.Itoa(size) + " pixels and a jitter of " + strconv.Itoa(jitter) + " do not fit a cell of " + strconv.Itoa(h) + " x " + strconv.Itoa(w))
	}
	var corners []Value
	for r := range rows {
		for c := range columns {
			at := v.int32s(r*h+(h-size-jitter)/2, c*w+(w-size-jitter)/2)
			if jitter > 0 {
				at = at.Add(v.Intn(jitter+1, 2))
			}
			corners = append(corners, at)
		}
	}
	return corners
}

// Shuffled stacks tiles f32[h,w,C] in the order i32[N]: f32[N,h,w,C], of which
// tile i is tiles[order[i]].
func (v *Views) Shuffled(order Value, tiles ...Value) Value {
	return v.Stack(0, tiles...).Take(0, order)
}

// Table is rows of integers known when tracing, such as permutations: i32[N,D].
func (v *Views) Table(rows [][]int) Value { return Integers(v.Builder, rows) }

// Integers is rows of integers known when tracing: i32[N,D].
func Integers(b *Builder, rows [][]int) Value {
	if len(rows) == 0 {
		b.Fail("a table without rows")
	}
	var flat []float64
	for _, row := range rows {
		if len(row) != len(rows[0]) {
			b.Fail("a table with rows of " + strconv.Itoa(len(rows[0])) + " and of " + strconv.Itoa(len(row)) + " elements")
		}
		for _, x := range row {
			flat = append(flat, float64(x))
		}
	}
	return b.Constant(shape.Of(dtype.I32, len(rows), len(rows[0])), flat)
}

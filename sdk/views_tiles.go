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
	return m.op("image_window", []Value{m.v.Stack(0, row, column)}, ir.Int("height", height), ir.Int("width", width), ir.Int("fill", 0))
}

// WindowAt is Window at a known place.
func (m Image) WindowAt(row, column, height, width int) Image {
	return m.op("image_window", []Value{m.v.int32s(row, column)}, ir.Int("height", height), ir.Int("width", width), ir.Int("fill", 0))
}

// Tiles cuts the picture into rows x columns equal cells and takes from each a
// square tile, row by row: from the middle of its cell, moved at random within
// jitter pixels in all. Cells of 85 with tiles of 64 and a jitter of 21 are the
// jigsaw's, cells of 144 with 96 and 14 those of context prediction.
func (m Image) Tiles(rows, columns, size, jitter int) []Image {
	v, d := m.v, m.Shape().Dims
	if rows < 1 || columns < 1 || d[0] < rows || d[1] < columns {
		v.Fail(strconv.Itoa(rows) + " x " + strconv.Itoa(columns) + " cells of a picture of " + m.Shape().String())
	}
	h, w := d[0]/rows, d[1]/columns
	if size < 1 || jitter < 0 || size+jitter > min(h, w) {
		v.Fail("a tile of " + strconv.Itoa(size) + " pixels and a jitter of " + strconv.Itoa(jitter) + " do not fit a cell of " + strconv.Itoa(h) + " x " + strconv.Itoa(w))
	}
	var tiles []Image
	for r := range rows {
		for c := range columns {
			y, x := r*h+(h-size-jitter)/2, c*w+(w-size-jitter)/2
			if jitter == 0 {
				tiles = append(tiles, m.WindowAt(y, x, size, size))
				continue
			}
			at := v.Intn(jitter+1, 2).Add(v.int32s(y, x))
			tiles = append(tiles, m.op("image_window", []Value{at}, ir.Int("height", size), ir.Int("width", size), ir.Int("fill", 0)))
		}
	}
	return tiles
}

// Shuffled stacks tiles f32[h,w,C] in the order i32[N]: f32[N,h,w,C], of which
// tile i is tiles[order[i]].
func (v *Views) Shuffled(order Value, tiles ...Value) Value {
	return v.Stack(0, tiles...).Take(0, order)
}

// Table is rows of integers known when tracing, such as permutations: i32[N,D].
func (v *Views) Table(rows [][]int) Value {
	if len(rows) == 0 {
		v.Fail("a table without rows")
	}
	var flat []float64
	for _, row := range rows {
		if len(row) != len(rows[0]) {
			v.Fail("a table with rows of " + strconv.Itoa(len(rows[0])) + " and of " + strconv.Itoa(len(row)) + " elements")
		}
		for _, x := range row {
			flat = append(flat, float64(x))
		}
	}
	return v.Constant(shape.Of(dtype.I32, len(rows), len(rows[0])), flat)
}

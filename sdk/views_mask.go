package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Masks are bool[rows,columns] of cells: true hides.

// PatchMask hides exactly n cells, any as likely as any other.
func (v *Views) PatchMask(rows, columns, n int) Value {
	if n < 0 || n > rows*columns {
		v.Fail(strconv.Itoa(n) + " of " + strconv.Itoa(rows*columns) + " cells cannot be masked")
	}
	return v.Permutation(rows*columns).LessThan(float64(n)).Reshape(rows, columns)
}

// Blocks are the limits of BEiT's blocks: cells of a block, and height over width
// from MinRatio to its inverse. Max 0 is no limit.
type Blocks struct {
	Min, Max int
	MinRatio float64
}

// BlockMask hides exactly count i32[] cells in blocks (Bao et al. 2021, algorithm 1).
func (v *Views) BlockMask(rows, columns int, count Value, b Blocks) Value {
	attrs := []ir.Attr{ir.Int("height", rows), ir.Int("width", columns), ir.Int("min", b.Min), ir.Int("max", b.Max), ir.Float("min_ratio", b.MinRatio)}
	if v.batch {
		attrs = append(attrs, ir.Int("batch", 1))
	}
	return v.Emit("draw_block_mask", []Value{count}, attrs...)[0]
}

// RegionMask hides random regions, coarse for a small scale, about density of all
// and between min and max of it (Pathak et al. 2016; the authors: 0.06, 0.25, 0.2, 0.3).
func (v *Views) RegionMask(rows, columns int, scale, density, min, max float64) Value {
	attrs := []ir.Attr{ir.Int("height", rows), ir.Int("width", columns), ir.Float("scale", scale), ir.Float("density", density), ir.Float("min", min), ir.Float("max", max)}
	if v.batch {
		attrs = append(attrs, ir.Int("batch", 1))
	}
	return v.Emit("draw_region_mask", nil, attrs...)[0]
}

// Block hides height x width cells (i32[] each) at a random place.
func (v *Views) Block(rows, columns int, height, width Value) Value {
	n := func(x int) Value { return v.Fill(shape.Of(dtype.I32), float64(x)) }
	top, left := v.Below(n(rows+1).Sub(height)), v.Below(n(columns+1).Sub(width))
	return v.BlockAt(rows, columns, top, left, height, width)
}

// BlockAt hides height x width cells from a row and a column on, i32[] each.
func (v *Views) BlockAt(rows, columns int, top, left, height, width Value) Value {
	s := shape.Of(dtype.I32, rows, columns)
	y, x := v.IotaOf(s, 0), v.IotaOf(s, 1)
	return y.GreaterEq(top).And(y.Less(top.Add(height))).And(x.GreaterEq(left)).And(x.Less(left.Add(width)))
}

// CenterMask hides the middle height x width of the cells.
func (v *Views) CenterMask(rows, columns, height, width int) Value {
	n := func(x int) Value { return v.Fill(shape.Of(dtype.I32), float64(x)) }
	return v.BlockAt(rows, columns, n((rows-height)/2), n((columns-width)/2), n(height), n(width))
}

// BlockSize draws a block's height and width, i32[] each, by one uniform number for
// both its share of the cells and its height over width, as I-JEPA's code does
// (Assran et al. 2023): at least 1, and less than the grid. Within ForBatch it is
// the same for a batch.
func (v *Views) BlockSize(rows, columns int, u Value, minScale, maxScale, minRatio, maxRatio float64) (height, width Value) {
	area := u.Scale(maxScale - minScale).AddConst(minScale).Scale(float64(rows * columns)).Floor()
	ratio := u.Scale(maxRatio - minRatio).AddConst(minRatio)
	side := func(x Value, n int) Value { return x.Sqrt().Round().Clip(1, float64(max(1, n-1))).Int() }
	return side(area.Mul(ratio), rows), side(area.Div(ratio), columns)
}

// Enlarged is a mask of cells as one of pixels: bool[height,width], multiples of
// its rows and columns.
func (v *Views) Enlarged(mask Value, height, width int) Value {
	r, c := mask.Dim(0), mask.Dim(1)
	if height%r != 0 || width%c != 0 {
		v.Fail("a mask of " + mask.Shape().String() + " does not divide " + strconv.Itoa(height) + " x " + strconv.Itoa(width) + " pixels")
	}
	return mask.BroadcastInDim([]int{r, height / r, c, width / c}, []int{0, 2}).Reshape(height, width)
}

// Hidden is x f32[H,W,C] with fill, one number for each channel or for all, where a
// mask bool[h,w] hides, whose cells divide it.
func (v *Views) Hidden(x, mask Value, fill ...float64) Value {
	d := x.Shape().Dims
	if len(fill) != 1 && len(fill) != d[2] {
		v.Fail("fill: expected one number or " + strconv.Itoa(d[2]) + ", found " + strconv.Itoa(len(fill)))
	}
	color := v.Constant(shape.F32(len(fill)), fill).BroadcastTo(d...)
	return v.Enlarged(mask, d[0], d[1]).BroadcastInDim(d, []int{0, 1}).Where(color, x)
}

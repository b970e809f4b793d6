package contextencoder

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

// square is what is painted of an image: a square in its middle.
type square struct{ first, side int }

// square is that of an image of size pixels; all of it where holes are anywhere.
func (t *contextEncoder) square(size int) square {
	side := size
	switch {
	case t.region != "center":
	case t.hole > 0:
		side = t.hole
	default:
		side = size / 2
	}
	return square{(size - side) / 2, side}
}

// decides is the parameter that says how large the square is.
func (t *contextEncoder) decides() string {
	if t.region == "center" {
		return "hole"
	}
	return "region"
}

// of cuts the square out of pictures.
func (q square) of(x sdk.Value) sdk.Value {
	return x.Slice(1, q.first, q.first+q.side).Slice(2, q.first, q.first+q.side)
}

// on puts squares on pictures of the mean colour.
func (q square) on(x sdk.Value, size int) sdk.Value {
	rest := size - q.first - q.side
	return x.Pad(0, []int{0, q.first, q.first, 0}, []int{0, rest, rest, 0})
}

// cut is the hole in an image, bool[S,S] (section 3.3).
func (t *contextEncoder) cut(v *sdk.Views) sdk.Value {
	size := v.Size()
	switch t.region {
	case "blocks":
		return t.cutBlocks(v, size)
	case "random": // the authors' texture at 128 pixels
		return v.RegionMask(size, size, min(1, 0.06*128/float64(size)), 0.25, 0.2, 0.3)
	}
	side := t.square(size).side
	switch {
	case side >= size:
		v.Refuse("hole", "expected less than the image's "+strconv.Itoa(size)+" pixels, found "+strconv.Itoa(side))
	case (size-side)%2 != 0:
		v.Refuse("hole", "a square of "+strconv.Itoa(side)+" pixels has no place in the middle of "+strconv.Itoa(size))
	case 2*t.overlap >= side:
		v.Refuse("overlap", "expected less than half of the "+strconv.Itoa(side)+" pixels that are painted, found "+strconv.Itoa(t.overlap))
	}
	return v.CenterMask(size, size, side-2*t.overlap, side-2*t.overlap)
}

// cutBlocks cuts blocks out whose sides are from half to all of what lets them cover a
// quarter of the image.
func (t *contextEncoder) cutBlocks(v *sdk.Views, size int) sdk.Value {
	most := int(float64(size) / 2 / math.Sqrt(float64(t.blocks)))
	if most < 1 {
		v.Refuse("blocks", strconv.Itoa(t.blocks)+" that cover a quarter of "+strconv.Itoa(size)+" x "+strconv.Itoa(size)+" pixels are less than a pixel each")
	}
	least := (most + 1) / 2
	side := func() sdk.Value { return v.Intn(most - least + 1).AddConst(float64(least)) }
	hole := v.Block(size, size, side(), side())
	for range t.blocks - 1 {
		hole = hole.Or(v.Block(size, size, side(), side()))
	}
	return hole
}

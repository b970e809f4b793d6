// Package localize owns where in an image an encoder looks: heat maps become
// boxes (Peng et al. 2022, section 3.2), found anew on a schedule. Which network
// makes the map is core/train's business. Start from [Find] and [Schedule].
package localize

import (
	"math"

	"github.com/fwlab/fw/core/view"
)

// Whole is the box of the whole image.
var Whole = view.Box{Y1: 1, X1: 1}

// flat is how little of its largest value a map may vary and still be constant:
// what remains is rounding.
const flat = 1e-6

// Find is the bounding box of where a map f32[h,w], scaled to [0,1] and then
// resized to height x width (bilinear, half-pixel centres), is above a threshold:
// the first and the last such row and column over the size, so the far edges are
// below 1. It is false, and the box the whole image, where there is none: the map
// is constant, not finite, or nowhere above.
func Find(m []float32, h, w, height, width int, threshold float32) (view.Box, bool) {
	scaled, ok := Scaled(m)
	if !ok {
		return Whole, false
	}
	columns := taps(w, width)
	top, bottom, left, right := height, -1, width, -1
	for y := range height {
		r := tap(y, h, height)
		upper, lower := scaled[r.from*w:][:w], scaled[r.to*w:][:w]
		for x, c := range columns {
			a := float32(c.near*upper[c.from]) + float32(c.far*upper[c.to])
			b := float32(c.near*lower[c.from]) + float32(c.far*lower[c.to])
			if float32(r.near*a)+float32(r.far*b) > threshold {
				top, bottom = min(top, y), y
				left, right = min(left, x), max(right, x)
			}
		}
	}
	if bottom < 0 {
		return Whole, false
	}
	return view.Box{Y0: share(top, height), X0: share(left, width), Y1: share(bottom, height), X1: share(right, width)}, true
}

// Scaled is the map from 0 at its least to 1 at its greatest; false where it is
// constant or not finite.
func Scaled(m []float32) ([]float32, bool) {
	low, high := m[0], m[0]
	for _, x := range m {
		low, high = min(low, x), max(high, x) // NaN stays NaN
	}
	span := high - low
	if !(span > flat*max(high, -low)) || math.IsInf(float64(span), 0) {
		return nil, false
	}
	scaled := make([]float32, len(m))
	for i, x := range m {
		scaled[i] = (x - low) / span
	}
	return scaled, true
}

func share(i, of int) float32 { return float32(i) / float32(of) }

// weights are the two elements of a line that an element of the resized line lies
// between, and how much each counts.
type weights struct {
	from, to  int
	near, far float32
}

func taps(n, size int) []weights {
	list := make([]weights, size)
	for i := range list {
		list[i] = tap(i, n, size)
	}
	return list
}

// tap is where element i of a line of n resized to size comes from
// (align_corners=False).
func tap(i, n, size int) weights {
	at := max(float32(float32(n)/float32(size)*(float32(i)+0.5))-0.5, 0)
	from := min(int(at), n-1)
	far := at - float32(from)
	return weights{from, min(from+1, n-1), 1 - far, far}
}

// Coverage says how much of the images boxes leave: it is what tells whether
// localisation works at all.
type Coverage struct {
	Images int
	Area   float64 // mean of the boxes' areas, the image's being 1
	Whole  float64 // share of boxes from the first to the last pixel
	Empty  int     // images without a box of their own: map constant or nowhere above the threshold, image not read
}

// Cover measures the boxes of images that were looked at as size x size pixels.
func Cover(boxes []view.Box, size, empty int) Coverage {
	c := Coverage{Images: len(boxes), Empty: empty}
	last, whole := share(size-1, size), 0
	for _, b := range boxes {
		c.Area += float64(float64(b.Y1-b.Y0) * float64(b.X1-b.X0))
		if b.Y0 == 0 && b.X0 == 0 && b.Y1 >= last && b.X1 >= last {
			whole++
		}
	}
	n := float64(max(1, len(boxes)))
	c.Area, c.Whole = c.Area/n, float64(whole)/n
	return c
}

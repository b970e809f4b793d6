package sdk

import (
	"testing"

	"github.com/fwlab/fw/core/shape"
)

func TestDoublings(t *testing.T) {
	for _, c := range [][3]int{{4, 8, 1}, {4, 32, 3}, {7, 112, 4}, {4, 4, 0}, {4, 12, 0}, {8, 4, 0}} {
		if n := Doublings(c[0], c[1]); n != c[2] {
			t.Errorf("from %d to %d: %d, expected %d", c[0], c[1], n, c[2])
		}
	}
}

// Pixel (y, x) of channel c is that of place (y/r, x/r) in the order channel, row, column.
func TestPixelShuffle(t *testing.T) {
	const h, w, ch, r = 2, 3, 2, 4
	y := values(t, 1, 0, shape.F32(1, h, w, ch*r*r), func(_ *Step, x Value) []Value { return []Value{PixelShuffle(x, r)} })[0]
	for i, got := range y {
		c, col, row := i%ch, i/ch%(w*r), i/ch/(w*r)
		want := ((row/r*w+col/r)*ch+c)*r*r + row%r*r + col%r
		if got != float64(want) {
			t.Fatalf("row %d, column %d, channel %d: %v, expected %d", row, col, c, got, want)
		}
	}
}

// Each place of a channel is a sum over all places of that channel alone.
func TestChannelwiseLinear(t *testing.T) {
	const b, h, w, d = 2, 2, 3, 4
	got := values(t, b, 0, shape.F32(b, h, w, d), func(_ *Step, x Value) []Value {
		return []Value{ChannelwiseLinear("l", Constant(0)).Apply(x)} // its weights count, as x does
	})[0]
	for i := range got {
		c, q, n := i%d, i/d%(h*w), i/d/(h*w)
		want := 0
		for p := range h * w {
			want += ((n*h*w+p)*d + c) * ((c*h*w+q)*h*w + p)
		}
		if got[i] != float64(want) {
			t.Fatalf("image %d, place %d, channel %d: %v, expected %d", n, q, c, got[i], want)
		}
	}
}

package colorization

import (
	"math"
	"testing"
)

// Every colour of a lattice in the cube of sRGB has a bin within half a step, although
// the bins are found on the cube's faces alone; the corners are where CIE has them.
func TestGamutHoldsEveryColour(t *testing.T) {
	points := gamut()
	if len(points) != 261 {
		t.Errorf("%d bins, expected 261", len(points))
	}
	has := map[[2]float64]bool{}
	for i, p := range points {
		has[[2]float64{p[0], p[1]}] = true
		if i > 0 && !(points[i-1][0] < p[0] || points[i-1][0] == p[0] && points[i-1][1] < p[1]) {
			t.Errorf("bin %d, %v, comes after %v", i, p, points[i-1])
		}
	}
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				x, y := ab([3]uint8{uint8(r), uint8(g), uint8(b)})
				if bin := [2]float64{10 * math.RoundToEven(x/10), 10 * math.RoundToEven(y/10)}; !has[bin] {
					t.Fatalf("%d %d %d has the chroma %.1f %.1f, and there is no bin %v", r, g, b, x, y, bin)
				}
			}
		}
	}
	for rgb, want := range map[[3]uint8][2]float64{{255, 0, 0}: {80.11, 67.22}, {0, 255, 0}: {-86.18, 83.18}, {0, 0, 255}: {79.20, -107.86}, {255, 255, 255}: {0, 0}} {
		if x, y := ab(rgb); math.Abs(x-want[0]) > 0.03 || math.Abs(y-want[1]) > 0.03 {
			t.Errorf("%v has the chroma %.2f %.2f, expected %v", rgb, x, y, want)
		}
	}
}

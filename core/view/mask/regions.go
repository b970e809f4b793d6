package mask

import (
	"math"

	"github.com/fwlab/fw/core/rng"
)

// Texture says what random regions look like.
type Texture struct {
	Scale    float64 // cells of noise a pixel: the lower, the larger the regions
	Density  float64 // noise below it is masked
	Min, Max float64 // share of pixels that must be masked
}

// regionTries bounds how often a mask whose share is out of bounds is drawn again.
const regionTries = 100

// Regions masks random regions of h x w (Pathak et al. 2016, "random region"):
// uniform noise on a coarse grid, enlarged by bicubic interpolation, where it is
// below the density. If no try is within the bounds it is the one nearest to them.
func Regions(m []uint8, h, w int, t Texture, k *rng.Stream) {
	gh, gw := cells(h, t.Scale), cells(w, t.Scale)
	grid, try := make([]float64, gh*gw), make([]uint8, len(m))
	best := math.Inf(1)
	for range regionTries {
		for i := range grid {
			grid[i] = k.Float64()
		}
		y0, x0 := k.Float64(), k.Float64() // where in its first cell the mask begins
		n := 0
		for y := range h {
			rows := taps(y0 + float64(y)*t.Scale)
			for x := range w {
				try[y*w+x] = 0
				if at(grid, gw, rows, taps(x0+float64(x)*t.Scale)) < t.Density {
					try[y*w+x] = 1
					n++
				}
			}
		}
		share := float64(n) / float64(h*w)
		off := max(t.Min-share, share-t.Max, 0)
		if off < best {
			best = off
			copy(m, try)
		}
		if off == 0 {
			return
		}
	}
}

// cells is how many cells n pixels need, with those that interpolation reads around.
func cells(n int, scale float64) int { return int(math.Ceil(float64(n)*scale)) + 5 }

// tap is four neighbours from index first on, with their weights.
type tap struct {
	first   int
	weights [4]float64
}

// taps is Keys's cubic convolution (a = -1/2) at place x >= 0 of the grid.
func taps(x float64) tap {
	i := int(x)
	f := x - float64(i)
	var w [4]float64
	for j := range w {
		switch d := math.Abs(f + 1 - float64(j)); {
		case d < 1:
			w[j] = float64(float64(1.5*d-2.5)*d*d) + 1
		case d < 2:
			w[j] = float64(float64(float64(-0.5*d+2.5)*d-4)*d) + 2
		}
	}
	return tap{i, w}
}

func at(grid []float64, gw int, rows, columns tap) (sum float64) {
	for i, wy := range rows.weights {
		line := grid[(rows.first+i)*gw+columns.first:][:4]
		across := 0.0
		for j, wx := range columns.weights {
			across += float64(wx * line[j])
		}
		sum += float64(wy * across)
	}
	return sum
}

package contrastivecrop

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/crop/randomresizedcrop"
	"github.com/fwlab/fw/sdk"
)

func known(y0, x0, y1, x1 float64) sdk.Box {
	return sdk.Box{Y0: y0, X0: x0, Y1: y1, X1: x1, Known: true}
}

func stream(seed, i uint64) *sdk.Key {
	k := rng.New(seed).Fold(i).Stream()
	return &k
}

// pixel is an edge as the host knows it, of an image of 96 pixels.
func pixel(i float32) float64 { return float64(i / 96) }

var authors = crop{0.1, 0.2, 1, 3.0 / 4, 4.0 / 3}

// twin is get_params of the authors' ContrastiveCrop, a line for a line; beta
// draws from Beta(alpha, alpha).
func twin(c crop, height, width int, box sdk.Box, uniform func(lo, hi float64) float64, beta func() float64) (i, j, h, w int, fellBack bool) {
	h0, w0, h1, w1 := float32(box.Y0), float32(box.X0), float32(box.Y1), float32(box.X1)
	area := float64(height * width)
	for attempt := 0; attempt < 10; attempt++ {
		targetArea := area * uniform(c.minScale, c.maxScale)
		logRatioLow, logRatioHigh := math.Log(c.minRatio), math.Log(c.maxRatio)
		aspectRatio := math.Exp(uniform(logRatioLow, logRatioHigh))
		w = int(math.RoundToEven(math.Sqrt(targetArea * aspectRatio)))
		h = int(math.RoundToEven(math.Sqrt(targetArea / aspectRatio)))
		if 0 < w && w <= width && 0 < h && h <= height {
			clamp := func(x, most int) int {
				if x < 0 {
					x = 0
				}
				if x > most {
					x = most
				}
				return x
			}
			ch0 := clamp(int(float32(height)*h0)-h/2, height-h)
			ch1 := clamp(int(float32(height)*h1)-h/2, height-h)
			cw0 := clamp(int(float32(width)*w0)-w/2, width-w)
			cw1 := clamp(int(float32(width)*w1)-w/2, width-w)
			i = ch0 + int(float64(ch1-ch0)*beta())
			j = cw0 + int(float64(cw1-cw0)*beta())
			return i, j, h, w, false
		}
	}
	inRatio := float64(width) / float64(height)
	w, h = width, height
	if inRatio < c.minRatio {
		h = int(math.RoundToEven(float64(width) / c.minRatio))
	} else if inRatio > c.maxRatio {
		w = int(math.RoundToEven(float64(height) * c.maxRatio))
	}
	return (height - h) / 2, (width - w) / 2, h, w, true
}

var sizes = []sdk.Size{{H: 32, W: 32}, {H: 96, W: 96}, {H: 375, W: 500}, {H: 224, W: 224}, {H: 10, W: 200}, {H: 200, W: 10}, {H: 1, W: 1}, {H: 3, W: 2}}

func TestCropsAreTheAuthors(t *testing.T) {
	boxes := []sdk.Box{known(0, 0, 1, 1), known(0.25, 0.25, 0.75, 0.75), known(0.9, 0.9, 0.96875, 0.96875), known(0, 0, 0, 0), known(0.3, 0.1, 0.3, 0.8), known(pixel(28), pixel(10), pixel(56), pixel(95))}
	for _, alpha := range []float64{0.1, 0.6, 1, 5} {
		c := authors
		c.alpha = alpha
		for _, s := range sizes {
			for b, box := range boxes {
				for n := range uint64(200) {
					again := stream(uint64(b), n)
					i, j, h, w, fellBack := twin(c, s.H, s.W, box, again.Uniform, func() float64 { return again.Beta(alpha, alpha) })
					want := sdk.Rect{Y: i, X: j, H: h, W: w, FellBack: fellBack}
					if got := c.Crop(stream(uint64(b), n), s, box); got != want {
						t.Fatalf("alpha %g, %+v, %+v, key %d: %+v, expected %+v", alpha, s, box, n, got, want)
					}
				}
			}
		}
	}
}

func inside(r sdk.Rect, s sdk.Size) bool {
	return r.H >= 1 && r.W >= 1 && r.Y >= 0 && r.X >= 0 && r.Y <= s.H-r.H && r.X <= s.W-r.W
}

// Whatever the size, the parameters and the box, even one that is no box.
func TestCropsStayInside(t *testing.T) {
	edge := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64(), rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1)}))
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.OneOf(rapid.IntRange(1, 64), rapid.IntRange(1, 1<<16))
		s := sdk.Size{H: side.Draw(t, "height"), W: side.Draw(t, "width")}
		scale, ratio := rapid.Float64Range(1e-6, 1), rapid.Float64Range(0.01, 100)
		c := crop{rapid.Float64Range(1e-3, 1e3).Draw(t, "alpha"), scale.Draw(t, "min scale"), scale.Draw(t, "max scale"), ratio.Draw(t, "min ratio"), ratio.Draw(t, "max ratio")}
		if c.minRatio > c.maxRatio {
			c.minRatio, c.maxRatio = c.maxRatio, c.minRatio
		}
		box := known(edge.Draw(t, "y0"), edge.Draw(t, "x0"), edge.Draw(t, "y1"), edge.Draw(t, "x1"))
		for i := range uint64(50) {
			if r := c.Crop(stream(9, i), s, box); !inside(r, s) {
				t.Fatalf("%+v is not inside %+v", r, s)
			}
		}
	})
}

func TestAMillionCropsStayInside(t *testing.T) {
	k := stream(4, 0)
	n := 1_000_000
	if testing.Short() {
		n /= 100
	}
	for range n {
		s := sdk.Size{H: 1 + k.Intn(300), W: 1 + k.Intn(300)}
		y, x := k.Float64(), k.Float64()
		c := authors
		c.alpha = k.Uniform(0.05, 2)
		box := known(y, x, k.Uniform(y, 1), k.Uniform(x, 1))
		if r := c.Crop(k, s, box); !inside(r, s) {
			t.Fatalf("%+v of %+v is not inside %+v", r, box, s)
		}
	}
}

// A box at the border once gave ranges beyond the last place, or the wrong way
// round (issue 16 of the authors' repository): such crops lie at the border.
func TestBoxesAtTheBorder(t *testing.T) {
	s := sdk.Size{H: 100, W: 100}
	beyond := 0
	for i := range uint64(1000) {
		r := authors.Crop(stream(1, i), s, known(0.98, 0, 0.99, 0.01))
		if 98-r.H/2 > s.H-r.H {
			beyond++
		}
		if r.Y != s.H-r.H && r.H > 4 || r.X != 0 {
			t.Fatalf("%+v: expected the lower left corner", r)
		}
	}
	if beyond < 900 {
		t.Errorf("%d crops would have gone over the border: too few to show anything", beyond)
	}
}

// The middle of a crop lies in the box, to the pixel, unless the image ends first.
func TestCentresLieInTheBox(t *testing.T) {
	c, s, box := authors, sdk.Size{H: 400, W: 300}, known(0.375, 0.25, 0.625, 0.5)
	c.maxScale = 0.25 // no crop is so large that it must leave its place
	seen := [2]float64{1, 0}
	for i := range uint64(5000) {
		r := c.Crop(stream(2, i), s, box)
		y, x := r.Y+r.H/2, r.X+r.W/2
		if y < 150 || y > 250 || x < 75 && r.X > 0 || x > 150 {
			t.Fatalf("%+v has its middle at %d, %d", r, y, x)
		}
		seen[0], seen[1] = min(seen[0], float64(y-150)/100), max(seen[1], float64(y-150)/100)
	}
	if seen[0] > 0.01 || seen[1] < 0.99 {
		t.Errorf("middles reach from %.2f to %.2f of the box", seen[0], seen[1])
	}
}

// Variance and tails of the places are those of Beta(alpha, alpha), and places of
// the two axes have nothing to do with each other.
func TestPlacesAreBeta(t *testing.T) {
	const n, side = 100_000, 1 << 20
	for _, want := range []struct{ alpha, variance, middle, tails float64 }{
		{0.1, 0.2083, 0.095, 0.756}, {0.6, 0.1136, 0.372, 0.232}, {1, 0.0833, 0.5, 0.1},
	} {
		c := crop{want.alpha, 0.25, 0.25, 1, 1}
		var sum, squares, product, middle, tails float64
		for i := range uint64(n) {
			r := c.Crop(stream(3, i), sdk.Size{H: side, W: side}, known(0, 0, 1, 1))
			u, v := float64(r.Y)/float64(side-r.H), float64(r.X)/float64(side-r.W)
			sum, squares, product = sum+u, squares+(u-0.5)*(u-0.5), product+(u-0.5)*(v-0.5)
			if u > 0.25 && u < 0.75 {
				middle++
			}
			if u < 0.05 || u > 0.95 {
				tails++
			}
		}
		for name, x := range map[string][2]float64{"mean": {sum / n, 0.5}, "variance": {squares / n, want.variance}, "covariance": {product / n, 0},
			"middle half": {middle / n, want.middle}, "outer tenth": {tails / n, want.tails}} {
			if math.Abs(x[0]-x[1]) > 0.006 { // four standard errors of a share, and what the table rounds
				t.Errorf("alpha %g: %s %.4f, expected %.4f", want.alpha, name, x[0], x[1])
			}
		}
	}
}

// Without boxes the crops are those of random-resized-crop, bit for bit.
func TestWarmUpIsRandomResizedCrop(t *testing.T) {
	answer := sdk.Handler(Plugin(), randomresizedcrop.Plugin())
	p := randomresizedcrop.Plugin().Info()
	for i, q := range Plugin().Info().Params[1:] { // alpha is its own
		if q.Name != p.Params[i].Name {
			t.Fatalf("parameter %s, expected %s", q.Name, p.Params[i].Name)
		}
		p.Params[i].Default = q.Default
	}
	req := wire.CropRequest{}
	for i := range uint32(500) {
		req.Height, req.Width, req.Keys = append(req.Height, 1+i%57), append(req.Width, 1+i*7%43), append(req.Keys, i, ^i)
	}
	rects := func(id string) string {
		req.Plugin, req.Params = id, nil
		if id == p.ID {
			for _, x := range p.Params {
				req.Params = append(req.Params, schema.Named{Name: x.Name, Value: x.Default})
			}
		}
		reply, err := answer(abi.Crop, wire.Marshal(nil, &req))
		if err != nil {
			t.Fatal(err)
		}
		return string(reply)
	}
	if rects("fw/contrastive-crop") != rects("fw/random-resized-crop") {
		t.Error("the rectangles differ")
	}
	for range req.Height {
		req.Boxes = append(req.Boxes, 0, 0, 1, 1)
	}
	if rects("fw/contrastive-crop") == rects("fw/random-resized-crop") {
		t.Error("boxes change nothing")
	}
}

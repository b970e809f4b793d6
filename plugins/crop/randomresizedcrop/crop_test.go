package randomresizedcrop

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/sdk"
)

// reference is torchvision's RandomResizedCrop.get_params over another source of
// randomness; tries is how many it took, 11 for the fall-back.
func reference(c *crop, h, w int, uniform func(lo, hi float64) float64, below func(n int) int) (r sdk.Rect, tries int) {
	area := float64(h) * float64(w)
	for tries = 1; tries <= 10; tries++ {
		target := area * uniform(c.minScale, c.maxScale)
		ratio := math.Exp(uniform(math.Log(c.minRatio), math.Log(c.maxRatio)))
		cw, ch := int(math.RoundToEven(math.Sqrt(target*ratio))), int(math.RoundToEven(math.Sqrt(target/ratio)))
		if 0 < cw && cw <= w && 0 < ch && ch <= h {
			y := below(h - ch + 1)
			return sdk.Rect{Y: y, X: below(w - cw + 1), H: ch, W: cw}, tries
		}
	}
	ch, cw := h, w
	if ratio := float64(w) / float64(h); ratio < c.minRatio {
		ch = int(math.RoundToEven(float64(w) / c.minRatio))
	} else if ratio > c.maxRatio {
		cw = int(math.RoundToEven(float64(h) * c.maxRatio))
	}
	return sdk.Rect{Y: (h - ch) / 2, X: (w - cw) / 2, H: ch, W: cw, FellBack: true}, tries
}

var torchvision = &crop{0.08, 1, 3.0 / 4, 4.0 / 3}

// Every crop is the one that torchvision's steps take from the key's numbers,
// fall-backs included, and none leaves its image.
func TestCropsAreTheKeys(t *testing.T) {
	fallbacks, later := 0, 0
	for _, s := range []sdk.Size{{H: 224, W: 224}, {H: 32, W: 32}, {H: 375, W: 500}, {H: 10, W: 200}, {H: 200, W: 10}, {H: 1, W: 1}, {H: 1, W: 50}, {H: 2, W: 1}} {
		for i := range uint64(2000) {
			key := rng.New(3).Fold(i)
			a, b := key.Stream(), key.Stream()
			got := torchvision.Crop(&a, s, sdk.Box{})
			want, tries := reference(torchvision, s.H, s.W, b.Uniform, b.Intn)
			if got != want {
				t.Fatalf("%+v key %d: %+v, want %+v", s, i, got, want)
			}
			if got.H < 1 || got.W < 1 || got.Y < 0 || got.X < 0 || got.Y+got.H > s.H || got.X+got.W > s.W {
				t.Fatalf("%+v key %d: %+v is not inside", s, i, got)
			}
			if tries == 11 {
				fallbacks++
			} else if tries > 1 {
				later++
			}
		}
	}
	if fallbacks < 1000 || later < 1000 {
		t.Errorf("%d fall-backs and %d later tries: too few to show anything", fallbacks, later)
	}
}

// Shares of the area, log-ratios and places over many keys are distributed as
// torchvision's steps over an unrelated generator: no two-sample
// Kolmogorov-Smirnov statistic beyond what one run in 10,000 gives.
func TestCropsAreDistributedAsTorchvisions(t *testing.T) {
	const n = 20000
	for _, c := range []*crop{torchvision, {0.2, 1, 3.0 / 4, 4.0 / 3}, {0.05, 0.14, 0.5, 2}} {
		for _, s := range []sdk.Size{{H: 224, W: 224}, {H: 375, W: 500}, {H: 60, W: 200}} {
			r := rand.New(rand.NewPCG(1, 2))
			var got, want [4][]float64
			note := func(to *[4][]float64, x sdk.Rect) {
				to[0] = append(to[0], float64(x.H*x.W)/s.Area())
				to[1] = append(to[1], math.Log(float64(x.W)/float64(x.H)))
				to[2] = append(to[2], float64(2*x.Y+x.H)/float64(s.H))
				to[3] = append(to[3], float64(2*x.X+x.W)/float64(s.W))
			}
			for i := range uint64(n) {
				k := rng.New(8).Fold(i).Stream()
				note(&got, c.Crop(&k, s, sdk.Box{}))
				x, _ := reference(c, s.H, s.W, func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }, r.IntN)
				note(&want, x)
			}
			for i, name := range []string{"area", "log-ratio", "row", "column"} {
				if d := twoSamples(got[i], want[i]) * math.Sqrt(n/2.0); d > 2.23 {
					t.Errorf("%+v of %+v: %s: D sqrt(n/2) = %.2f, expected at most 2.23", *c, s, name, d)
				}
			}
		}
	}
}

// twoSamples is the largest distance between two empirical distribution functions.
func twoSamples(a, b []float64) (d float64) {
	slices.Sort(a)
	slices.Sort(b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// Where no try can fail, area and log-ratio are uniform in what was asked for.
func TestUnhinderedCropsAreUniform(t *testing.T) {
	const n, side = 20000, 1000
	c := &crop{0.1, 0.3, 0.5, 2} // sqrt(0.3 * 2) < 1: they always fit
	var share, ratio []float64
	for i := range uint64(n) {
		k := rng.New(5).Fold(i).Stream()
		r := c.Crop(&k, sdk.Size{H: side, W: side}, sdk.Box{})
		share = append(share, (float64(r.H*r.W)/side/side-0.1)/0.2)
		ratio = append(ratio, (math.Log(float64(r.W)/float64(r.H))/math.Ln2+1)/2)
	}
	for name, x := range map[string][]float64{"area": share, "log-ratio": ratio} {
		slices.Sort(x)
		d := 0.0
		for i, v := range x {
			d = max(d, math.Abs(v-float64(i)/n), math.Abs(v-float64(i+1)/n))
		}
		if d*math.Sqrt(n) > 2.23 {
			t.Errorf("%s: D sqrt(n) = %.2f, expected at most 2.23", name, d*math.Sqrt(n))
		}
	}
}

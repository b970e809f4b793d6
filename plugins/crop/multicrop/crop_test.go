package multicrop

import (
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// Each group of views has its own range of areas, uniform in it; views beyond the
// last group are of it.
func TestScalesPerView(t *testing.T) {
	c := &crop{views: []int{2, 6}, minScale: []float64{0.14, 0.05}, maxScale: []float64{1, 0.14}, minRatio: 1, maxRatio: 1}
	const n = 4000
	for view := range 10 {
		g := min(view/2, 1)
		low, high := c.minScale[g], c.maxScale[g]
		sum := 0.0
		for i := range uint64(n) {
			k := rng.New(uint64(view)).Fold(i).Stream()
			r := c.CropView(view, &k, sdk.Size{H: 500, W: 500}, sdk.Box{})
			share := float64(r.H*r.W) / 250000
			if share < low*0.98-0.001 || share > high*1.02 || r.Y < 0 || r.X < 0 || r.Y+r.H > 500 || r.X+r.W > 500 {
				t.Fatalf("view %d: %+v", view, r)
			}
			sum += share
		}
		if mean, want := sum/n, (low+high)/2; math.Abs(mean-want) > 5*(high-low)/math.Sqrt(12*n) {
			t.Errorf("view %d: a mean share of %v, expected %v", view, mean, want)
		}
	}
}

// Lists that do not go together are refused by the parameter's name, before any crop.
func TestListsThatDisagree(t *testing.T) {
	for want, params := range map[string][]schema.Named{
		"parameter min_scale: expected a number for each of 1 groups":    {{Name: "views", Value: schema.OfInts(2)}},
		"parameter max_scale: expected a number for each of 2 groups":    {{Name: "max_scale", Value: schema.OfFloats(1)}},
		"parameter min_scale: expected at most max_scale in each group":  {{Name: "min_scale", Value: schema.OfFloats(0.1, 0.2)}},
		"parameter views: expected at least one group":                   {{Name: "views", Value: schema.OfInts()}},
		"parameter min_scale: expected a list of numbers in (0, 1]":      {{Name: "min_scale", Value: schema.OfFloats(0, 0.1)}},
		"parameter views: expected a list of integers of at least 1":     {{Name: "views", Value: schema.OfInts(2, 0)}},
		"parameter min_ratio: expected at most max_ratio, which is 1.33": {{Name: "min_ratio", Value: schema.OfFloat(2)}},
	} {
		_, err := sdk.Handler(Plugin())(abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/multi-crop", Params: params}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

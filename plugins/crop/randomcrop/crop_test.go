package randomcrop

import (
	"testing"

	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/sdk"
)

// Every place is as likely as any other, and the side is always the same.
func TestPlacesAreUniform(t *testing.T) {
	c, counts := &crop{0.75}, map[sdk.Rect]int{}
	const n = 20000
	for i := range uint64(n) {
		k := rng.New(3).Fold(i).Stream()
		counts[c.Crop(&k, sdk.Size{H: 8, W: 10}, sdk.Box{})]++
	}
	if len(counts) != 3*5 { // a square of 6
		t.Errorf("%d places", len(counts))
	}
	for r, got := range counts {
		if r.H != 6 || r.W != 6 || got < n/15-200 || got > n/15+200 { // more than five deviations
			t.Errorf("%+v: %d times", r, got)
		}
	}
}

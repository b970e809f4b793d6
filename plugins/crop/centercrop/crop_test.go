package centercrop

import (
	"testing"

	"github.com/fwlab/fw/sdk"
)

// The places are those of torchvision's CenterCrop, whose halves go to the even pixel.
func TestCenterCrop(t *testing.T) {
	for _, x := range []struct {
		share float64
		size  sdk.Size
		want  sdk.Rect
	}{
		{1, sdk.Size{H: 32, W: 32}, sdk.Rect{H: 32, W: 32}},
		{0.875, sdk.Size{H: 256, W: 256}, sdk.Rect{Y: 16, X: 16, H: 224, W: 224}},
		{1, sdk.Size{H: 375, W: 500}, sdk.Rect{X: 62, H: 375, W: 375}},    // 62.5
		{1, sdk.Size{H: 13, W: 6}, sdk.Rect{Y: 4, H: 6, W: 6}},            // 3.5
		{0.5, sdk.Size{H: 7, W: 9}, sdk.Rect{Y: 2, X: 2, H: 4, W: 4}},     // a side of 3.5; 1.5 and 2.5
		{0.01, sdk.Size{H: 10, W: 20}, sdk.Rect{Y: 4, X: 10, H: 1, W: 1}}, // 4.5 and 9.5
		{1, sdk.Size{H: 1, W: 1}, sdk.Rect{H: 1, W: 1}},
	} {
		c := &crop{x.share}
		if got := c.Crop(nil, x.size, sdk.Box{}); got != x.want {
			t.Errorf("%g of %+v: %+v, expected %+v", x.share, x.size, got, x.want)
		}
	}
}

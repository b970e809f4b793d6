// Package centercrop takes the middle of the image (torchvision's CenterCrop with
// the side as a share, so that it suits images of any size).
package centercrop

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type crop struct{ share float64 }

// Plugin declares the crop.
func Plugin() *sdk.Plugin {
	c := &crop{}
	p := sdk.Crop("fw/center-crop", "1.0.0", c).
		Doc("the square in the middle of the image, the same for every view")
	p.Float(&c.share, "share", 1, "side of the square as a share of the image's shorter side; 0.875 is 224 of 256", sdk.Above(0), sdk.AtMost(1))
	return p
}

func (c *crop) Crop(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	side := max(1, int(math.RoundToEven(c.share*float64(min(img.H, img.W)))))
	return sdk.Rect{Y: half(img.H - side), X: half(img.W - side), H: side, W: side}
}

// half is where torchvision puts the rest: halves go to the even pixel.
func half(rest int) int { return int(math.RoundToEven(float64(rest) / 2)) }

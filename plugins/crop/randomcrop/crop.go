// Package randomcrop takes a square of fixed size at a random place (torchvision's
// RandomCrop with the side as a share, so that it suits images of any size).
package randomcrop

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type crop struct{ share float64 }

// Plugin declares the crop.
func Plugin() *sdk.Plugin {
	c := &crop{}
	p := sdk.Crop("fw/random-crop", "1.0.0", c).
		Doc("a square of fixed size at a random place, for tasks that look at the scale of things")
	p.Float(&c.share, "share", 1, "side of the square as a share of the image's shorter side; 0.996 is 255 of 256", sdk.Above(0), sdk.AtMost(1))
	return p
}

func (c *crop) Crop(k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	side := max(1, int(math.RoundToEven(c.share*float64(min(img.H, img.W)))))
	return sdk.Rect{Y: k.Intn(img.H - side + 1), X: k.Intn(img.W - side + 1), H: side, W: side}
}

// Package randomresizedcrop takes a random share of the area at a random aspect
// ratio (Szegedy et al. 2015; torchvision's RandomResizedCrop).
package randomresizedcrop

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type crop struct{ minScale, maxScale, minRatio, maxRatio float64 }

// Plugin declares the crop.
func Plugin() *sdk.Plugin {
	c := &crop{}
	p := sdk.Crop("fw/random-resized-crop", "1.0.0", c).
		Doc("a random share of the area at a random aspect ratio (torchvision's RandomResizedCrop)")
	p.Float(&c.minScale, "min_scale", 0.08, "smallest share of the image's area", sdk.Above(0), sdk.AtMost(1))
	p.Float(&c.maxScale, "max_scale", 1, "largest share of the image's area", sdk.Above(0), sdk.AtMost(1))
	p.Float(&c.minRatio, "min_ratio", 3.0/4, "smallest width over height", sdk.Above(0))
	p.Float(&c.maxRatio, "max_ratio", 4.0/3, "largest width over height", sdk.Above(0))
	p.Ordered("min_scale", "max_scale")
	p.Ordered("min_ratio", "max_ratio")
	return p
}

func (c *crop) Crop(k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	for range 10 {
		area := k.Uniform(c.minScale, c.maxScale) * img.Area()
		ratio := k.LogUniform(c.minRatio, c.maxRatio)
		w, h := round(math.Sqrt(area*ratio)), round(math.Sqrt(area/ratio))
		if 0 < w && w <= img.W && 0 < h && h <= img.H {
			return sdk.Rect{Y: k.Intn(img.H - h + 1), X: k.Intn(img.W - w + 1), H: h, W: w}
		}
	}
	return img.CenterCrop(c.minRatio, c.maxRatio)
}

func round(x float64) int { return int(math.RoundToEven(x)) }

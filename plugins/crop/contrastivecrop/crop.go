// Package contrastivecrop crops where the object is, and keeps the two crops of
// a pair apart ("Crafting Better Contrastive Views for Siamese Representation
// Learning", Peng et al. 2022, section 3).
package contrastivecrop

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type crop struct{ alpha, minScale, maxScale, minRatio, maxRatio float64 }

// Plugin declares the crop. Where the boxes come from, and from when on, the
// experiment says in [localization].
func Plugin() *sdk.Plugin {
	c := &crop{}
	p := sdk.Crop("fw/contrastive-crop", "1.0.0", c).Boxes().
		Doc("crops centred within the object's box, their centres rather at its edges than in its middle (Peng et al. 2022)")
	p.Float(&c.alpha, "alpha", 0.1, "shape of Beta(alpha, alpha): below 1 the middle is rare, 1 is uniform; the authors take 0.1 for small images, 0.6 for ImageNet", sdk.Above(0), sdk.AtMost(1e3))
	p.Float(&c.minScale, "min_scale", 0.2, "smallest share of the image's area", sdk.Above(0), sdk.AtMost(1))
	p.Float(&c.maxScale, "max_scale", 1, "largest share of the image's area", sdk.Above(0), sdk.AtMost(1))
	p.Float(&c.minRatio, "min_ratio", 3.0/4, "smallest width over height", sdk.Above(0))
	p.Float(&c.maxRatio, "max_ratio", 4.0/3, "largest width over height", sdk.Above(0))
	p.Ordered("min_scale", "max_scale")
	p.Ordered("min_ratio", "max_ratio")
	return p
}

func (c *crop) Crop(k *sdk.Key, img sdk.Size, box sdk.Box) sdk.Rect {
	for range 10 {
		area := k.Uniform(c.minScale, c.maxScale) * img.Area()
		ratio := k.LogUniform(c.minRatio, c.maxRatio)
		w, h := round(math.Sqrt(area*ratio)), round(math.Sqrt(area/ratio))
		if w < 1 || w > img.W || h < 1 || h > img.H {
			continue
		}
		if !box.Known { // warm-up: a plain RandomResizedCrop
			return sdk.Rect{Y: k.Intn(img.H - h + 1), X: k.Intn(img.W - w + 1), H: h, W: w}
		}
		y0, y1 := centred(box.Y0, img.H, h), centred(box.Y1, img.H, h)
		x0, x1 := centred(box.X0, img.W, w), centred(box.X1, img.W, w)
		u, v := k.Beta(c.alpha, c.alpha), k.Beta(c.alpha, c.alpha)
		return sdk.Rect{Y: between(y0, y1, u), X: between(x0, x1, v), H: h, W: w}
	}
	return img.CenterCrop(c.minRatio, c.maxRatio)
}

// centred is the first pixel of a crop of n whose centre lies on a box's edge,
// moved into the image. The product is a float32's, as the authors': 28/96 of 96
// is pixel 28, where the wider product of a float32 edge would round down to 27.
func centred(edge float64, size, n int) int {
	return min(max(int(float32(size)*float32(edge))-n/2, 0), size-n)
}

func between(first, last int, share float64) int {
	return first + int(float64(last-first)*share)
}

func round(x float64) int { return int(math.RoundToEven(x)) }

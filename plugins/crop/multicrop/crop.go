// Package multicrop crops the first views of an image large and the others small
// (multi-crop, Caron et al. 2020, section 3.2). How many views there are, and of
// how many pixels, the pretext task says.
package multicrop

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type crop struct {
	views              []int
	minScale, maxScale []float64
	minRatio, maxRatio float64
}

// Plugin declares the crop.
func Plugin() *sdk.Plugin {
	c := &crop{}
	p := sdk.CropViews("fw/multi-crop", "1.0.0", c).
		Doc("a random share of the area, of another range for each group of views (multi-crop, Caron et al. 2020)")
	p.Ints(&c.views, "views", []int{2, 6}, "crops of each group in the task's order; crops beyond them are of the last group", sdk.AtLeast(1))
	p.Floats(&c.minScale, "min_scale", []float64{0.14, 0.05}, "smallest share of the image's area, of each group", sdk.Above(0), sdk.AtMost(1))
	p.Floats(&c.maxScale, "max_scale", []float64{1, 0.14}, "largest share of the image's area, of each group", sdk.Above(0), sdk.AtMost(1))
	p.Float(&c.minRatio, "min_ratio", 3.0/4, "smallest width over height", sdk.Above(0))
	p.Float(&c.maxRatio, "max_ratio", 4.0/3, "largest width over height", sdk.Above(0))
	p.Ordered("min_ratio", "max_ratio")
	p.Check(c.check)
	return p
}

func (c *crop) check() (param, why string) {
	n := len(c.views)
	if n == 0 {
		return "views", "expected at least one group, found none"
	}
	if len(c.minScale) != n {
		return "min_scale", "expected a number for each of " + strconv.Itoa(n) + " groups of views, found " + strconv.Itoa(len(c.minScale))
	}
	if len(c.maxScale) != n {
		return "max_scale", "expected a number for each of " + strconv.Itoa(n) + " groups of views, found " + strconv.Itoa(len(c.maxScale))
	}
	for i, low := range c.minScale {
		if low > c.maxScale[i] {
			return "min_scale", "expected at most max_scale in each group, found the reverse in group " + strconv.Itoa(i+1)
		}
	}
	return "", ""
}

// group is that of a view, counted from 0.
func (c *crop) group(view int) int {
	for i, n := range c.views {
		if view < n {
			return i
		}
		view -= n
	}
	return len(c.views) - 1
}

func (c *crop) CropView(view int, k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	g := c.group(view)
	for range 10 {
		area := k.Uniform(c.minScale[g], c.maxScale[g]) * img.Area()
		ratio := k.LogUniform(c.minRatio, c.maxRatio)
		w, h := round(math.Sqrt(area*ratio)), round(math.Sqrt(area/ratio))
		if 0 < w && w <= img.W && 0 < h && h <= img.H {
			return sdk.Rect{Y: k.Intn(img.H - h + 1), X: k.Intn(img.W - w + 1), H: h, W: w}
		}
	}
	return img.CenterCrop(c.minRatio, c.maxRatio)
}

func round(x float64) int { return int(math.RoundToEven(x)) }

// Package randaugment is RandAugment (Cubuk et al. 2020) with torchvision's space
// of fourteen operations and 31 levels, for fine-tuning.
package randaugment

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

type randAugment struct {
	flip, level   float64
	ops           int
	interpolation string
}

// Plugin declares the augmentation.
func Plugin() *sdk.Plugin {
	r := &randAugment{}
	p := sdk.Augment("fw/rand-augment", "1.0.0", r).
		Doc("a flip, then a few of fourteen operations at one level (RandAugment, Cubuk et al. 2020)")
	p.Float(&r.flip, "flip", 0.5, "probability of a horizontal flip before", sdk.Between(0, 1))
	p.Int(&r.ops, "ops", 2, "operations one after another", sdk.Between(0, 14))
	p.Float(&r.level, "level", 9, "of 0 to 30: how strong they are", sdk.Between(0, 30))
	p.String(&r.interpolation, "interpolation", "nearest", "of what is warped", sdk.OneOf("nearest", "bilinear", "bicubic"))
	return p
}

func (r *randAugment) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	img = img.Maybe(r.flip, sdk.Image.FlipHorizontal)
	for range r.ops {
		sign := v.Bernoulli(0.5).Where(v.Scalar(-1), v.Scalar(1))
		img = v.Choose(v.Intn(len(operations)), r.all(v, img, sign)...)
	}
	return img
}

// operation is img at level m of 0 to 1, changed by sign -1 or 1 where it has two directions.
type operation func(v *sdk.Views, img sdk.Image, m float64, sign sdk.Value, f sdk.Filter) sdk.Image

var operations = []operation{
	func(_ *sdk.Views, x sdk.Image, _ float64, _ sdk.Value, _ sdk.Filter) sdk.Image { return x },
	func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, f sdk.Filter) sdk.Image {
		return x.ShearX(0.3*m, s, f)
	},
	func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, f sdk.Filter) sdk.Image {
		return x.ShearY(0.3*m, s, f)
	},
	func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, f sdk.Filter) sdk.Image {
		return x.Affine(sdk.Warp{Right: s.Scale(pixels(m, x.Dim(1)))}, f)
	},
	func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, f sdk.Filter) sdk.Image {
		return x.Affine(sdk.Warp{Down: s.Scale(pixels(m, x.Dim(0)))}, f)
	},
	func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, f sdk.Filter) sdk.Image {
		return x.Rotate(s.Scale(30*m), f)
	},
	enhance(sdk.Image.Brightness), enhance(sdk.Image.Saturation), enhance(sdk.Image.Contrast), enhance(sdk.Image.Sharpness),
	func(v *sdk.Views, x sdk.Image, m float64, _ sdk.Value, _ sdk.Filter) sdk.Image {
		return x.Posterize(v.Scalar(math.RoundToEven(8 - 4*m)).Int())
	},
	func(_ *sdk.Views, x sdk.Image, m float64, _ sdk.Value, _ sdk.Filter) sdk.Image {
		return x.Solarize(int(math.Ceil(255 * (1 - m))))
	},
	func(_ *sdk.Views, x sdk.Image, _ float64, _ sdk.Value, _ sdk.Filter) sdk.Image {
		return x.AutoContrast()
	},
	func(_ *sdk.Views, x sdk.Image, _ float64, _ sdk.Value, _ sdk.Filter) sdk.Image { return x.Equalize() },
}

// pixels is how far a side of n is moved: 150 of 331 at most.
func pixels(m float64, n int) float64 { return math.Trunc(150.0 / 331 * float64(n) * m) }

func enhance(f func(sdk.Image, sdk.Value) sdk.Image) operation {
	return func(_ *sdk.Views, x sdk.Image, m float64, s sdk.Value, _ sdk.Filter) sdk.Image {
		return f(x, s.Scale(0.9*m).AddConst(1))
	}
}

func (r *randAugment) all(v *sdk.Views, img sdk.Image, sign sdk.Value) (list []sdk.Image) {
	for _, op := range operations {
		list = append(list, op(v, img, r.level/30, sign, sdk.Filter(r.interpolation)))
	}
	return list
}

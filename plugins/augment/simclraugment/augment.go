// Package simclraugment is the photometric recipe of SimCLR (Chen et al. 2020,
// appendix A): flip, colour jitter of strength s, grayscale, blur.
package simclraugment

import "github.com/fwlab/fw/sdk"

type recipe struct{ flip, strength, jitter, grayscale, blur float64 }

// Plugin declares the augmentation.
func Plugin() *sdk.Plugin {
	r := &recipe{}
	p := sdk.Augment("fw/simclr-augment", "1.0.0", r).
		Doc("flip, colour jitter, grayscale and blur of SimCLR (Chen et al. 2020, appendix A)")
	p.Float(&r.flip, "flip", 0.5, "probability of a horizontal flip", sdk.Between(0, 1))
	p.Float(&r.strength, "strength", 0.5, "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s; 1 for ImageNet, 0.5 for CIFAR-10", sdk.Between(0, 2))
	p.Float(&r.jitter, "jitter", 0.8, "probability of the colour jitter", sdk.Between(0, 1))
	p.Float(&r.grayscale, "grayscale", 0.2, "probability of grayscale", sdk.Between(0, 1))
	p.Float(&r.blur, "blur", 0, "probability of a Gaussian blur, sigma in [0.1, 2]; 0.5 for ImageNet", sdk.Between(0, 1))
	return p
}

func (r *recipe) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	s := r.strength
	img = img.Maybe(r.flip, sdk.Image.FlipHorizontal)
	img = img.Maybe(r.jitter, func(x sdk.Image) sdk.Image { return x.ColorJitter(0.8*s, 0.8*s, 0.8*s, 0.2*s) })
	img = img.Maybe(r.grayscale, sdk.Image.Grayscale)
	return img.Maybe(r.blur, func(x sdk.Image) sdk.Image { return x.Blur(v.Uniform(0.1, 2)) })
}

// Flip declares the recipe of tasks that need orientation and colour left alone.
func Flip() *sdk.Plugin {
	r := &flip{}
	p := sdk.Augment("fw/flip", "1.0.0", r).Doc("a horizontal flip and nothing else")
	p.Float(&r.p, "p", 0.5, "probability of the flip", sdk.Between(0, 1))
	return p
}

type flip struct{ p float64 }

func (r *flip) Augment(_ *sdk.Views, img sdk.Image) sdk.Image {
	return img.Maybe(r.p, sdk.Image.FlipHorizontal)
}

// Command starter is the photometric recipe of SimCLR (Chen et al. 2020, appendix
// A): flip, colour jitter, grayscale.
package main

import "github.com/fwlab/fw/sdk"

type recipe struct{ strength, jitter, grayscale float64 }

// Augment treats one cropped picture. Every draw is made anew for each image and view.
func (r *recipe) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	s := r.strength
	img = img.Maybe(0.5, sdk.Image.FlipHorizontal)
	img = img.Maybe(r.jitter, func(x sdk.Image) sdk.Image { return x.ColorJitter(0.8*s, 0.8*s, 0.8*s, 0.2*s) })
	return img.Maybe(r.grayscale, sdk.Image.Grayscale)
}

func plugin() *sdk.Plugin {
	r := &recipe{}
	p := sdk.Augment("mine/starter", "0.1.0", r).Doc("flip, colour jitter and grayscale of SimCLR (Chen et al. 2020, appendix A)")
	p.Float(&r.strength, "strength", 0.5, "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s", sdk.Between(0, 2))
	p.Float(&r.jitter, "jitter", 0.8, "probability of the colour jitter", sdk.Between(0, 1))
	p.Float(&r.grayscale, "grayscale", 0.2, "probability of grayscale", sdk.Between(0, 1))
	return p
}

func main() { plugin().Serve() }

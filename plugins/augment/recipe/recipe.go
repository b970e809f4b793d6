// Package recipe is the photometric recipe that the contrastive and
// self-distilling methods share, each with its own numbers: flip, colour jitter,
// grayscale, blur, solarize. What differs between views is a list.
package recipe

import (
	"github.com/fwlab/fw/sdk"
)

// numbers of a recipe. Of a list view i takes the i-th; views beyond it the last.
type numbers struct {
	flip                                  float64
	jitter                                float64
	brightness, contrast, saturation, hue float64
	grayscale, blur, solarize             []float64
	minSigma, maxSigma                    float64
}

// Plugins declares the recipes, under the names of the methods that published them.
func Plugins() []*sdk.Plugin {
	return []*sdk.Plugin{
		declare("fw/moco-augment", "MoCo v2 and SimSiam: jitter 0.4, blur in half of the views (Chen et al. 2020, Chen & He 2021)",
			numbers{flip: 0.5, jitter: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, grayscale: list(0.2), blur: list(0.5), solarize: list(0)}),
		declare("fw/byol-augment", "BYOL, Barlow Twins and VICReg: the first view always blurred, the second rarely and sometimes solarized (Grill et al. 2020, appendix B)",
			numbers{flip: 0.5, jitter: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, grayscale: list(0.2), blur: list(1, 0.1), solarize: list(0, 0.2)}),
		declare("fw/dino-augment", "DINO and iBOT: two large views as BYOL's, all others blurred half of the time (Caron et al. 2021)",
			numbers{flip: 0.5, jitter: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, grayscale: list(0.2), blur: list(1, 0.1, 0.5), solarize: list(0, 0.2, 0)}),
		declare("fw/swav-augment", "SwAV: jitter 0.8 and hue 0.2, blur in half of the views (Caron et al. 2020)",
			numbers{flip: 0.5, jitter: 0.8, brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, grayscale: list(0.2), blur: list(0.5), solarize: list(0)}),
		declare("fw/instdisc-augment", "instance discrimination and MoCo v1: jitter 0.4 always, no blur (Wu et al. 2018)",
			numbers{flip: 0.5, jitter: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.4, grayscale: list(0.2), blur: list(0), solarize: list(0)}),
		declare("fw/beit-augment", "BEiT: flips and jitter 0.4 always (Bao et al. 2022, section 3.1)",
			numbers{flip: 0.5, jitter: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, grayscale: list(0), blur: list(0), solarize: list(0)}),
	}
}

func list(x ...float64) []float64 { return x }

func declare(id, doc string, def numbers) *sdk.Plugin {
	r := &numbers{}
	p := sdk.Augment(id, "1.0.0", r).Doc(doc)
	share := sdk.Between(0, 1)
	factor := sdk.Between(0, 10)
	p.Float(&r.flip, "flip", def.flip, "probability of a horizontal flip", share)
	p.Float(&r.jitter, "jitter", def.jitter, "probability of the colour jitter", share)
	p.Float(&r.brightness, "brightness", def.brightness, "jitter: factors of 1 less to 1 more this", factor)
	p.Float(&r.contrast, "contrast", def.contrast, "jitter: factors of 1 less to 1 more this", factor)
	p.Float(&r.saturation, "saturation", def.saturation, "jitter: factors of 1 less to 1 more this", factor)
	p.Float(&r.hue, "hue", def.hue, "jitter: at most this share of the colour circle either way", sdk.Between(0, 0.5))
	p.Floats(&r.grayscale, "grayscale", def.grayscale, "probability of grayscale in each view; views beyond the list take its last", share)
	p.Floats(&r.blur, "blur", def.blur, "probability of a Gaussian blur in each view", share)
	p.Floats(&r.solarize, "solarize", def.solarize, "probability of solarizing in each view", share)
	p.Float(&r.minSigma, "min_sigma", 0.1, "least standard deviation of the blur in pixels", sdk.Between(0, 100))
	p.Float(&r.maxSigma, "max_sigma", 2, "greatest standard deviation of the blur in pixels", sdk.Between(0, 100))
	p.Ordered("min_sigma", "max_sigma")
	p.Check(func() (string, string) {
		for _, l := range []struct {
			name   string
			values []float64
		}{{"grayscale", r.grayscale}, {"blur", r.blur}, {"solarize", r.solarize}} {
			if len(l.values) == 0 {
				return l.name, "expected a probability for each view, found none"
			}
		}
		return "", ""
	})
	return p
}

func (r *numbers) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	of := func(list []float64) float64 { return list[min(v.Index(), len(list)-1)] }
	img = img.Maybe(r.flip, sdk.Image.FlipHorizontal)
	img = img.Maybe(r.jitter, func(x sdk.Image) sdk.Image { return x.ColorJitter(r.brightness, r.contrast, r.saturation, r.hue) })
	img = img.Maybe(of(r.grayscale), sdk.Image.Grayscale)
	img = img.Maybe(of(r.blur), func(x sdk.Image) sdk.Image { return x.Blur(v.Uniform(r.minSigma, r.maxSigma)) })
	return img.Maybe(of(r.solarize), func(x sdk.Image) sdk.Image { return x.Solarize(128) })
}

// Package denoising is the denoising autoencoder (Vincent et al. 2008, "Extracting and
// Composing Robust Features with Denoising Autoencoders"; 2010): corrupt the image,
// encode it, and decode the clean one. Encoder and decoder are convolutional here, so
// that their weights are not tied.
package denoising

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type denoising struct {
	noise        string
	share, sigma float64
	width        int
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &denoising{}
	p := sdk.Pretext("fw/denoising-autoencoder", "1.0.0", "reconstruct", t).
		Doc("paint the clean image from a corrupted one (Vincent et al. 2008, 2010)").
		Defaults("fw/masked-mse", "fw/random-resized-crop", "fw/flip")
	p.String(&t.noise, "noise", "masking", "masking (numbers are set to 0), salt-and-pepper (to 0 or 1) or gaussian (noise is added), of pixels in [0,1]", sdk.OneOf("masking", "salt-and-pepper", "gaussian"))
	p.Float(&t.share, "share", 0.25, "of the numbers that masking and salt-and-pepper destroy", sdk.Above(0), sdk.Below(1))
	p.Float(&t.sigma, "sigma", 0.2, "standard deviation of gaussian noise", sdk.Above(0), sdk.AtMost(10))
	p.Int(&t.width, "width", 64, "channels before the decoder's last layer; each layer before it has twice as many, up to eight times", sdk.Between(1, 1024))
	return p
}

func (t *denoising) Views(v *sdk.Views) {
	clean := v.Augment(v.Crop(v.Image())).Float()
	v.ViewOf(v.Normalize(t.corrupt(v, clean))).TargetValue("clean", v.Normalize(clean))
}

// corrupt draws x~ from q(x~|x).
func (t *denoising) corrupt(v *sdk.Views, x sdk.Value) sdk.Value {
	switch t.noise {
	case "gaussian":
		return v.GaussianNoise(x, t.sigma)
	case "salt-and-pepper":
		return v.SaltAndPepper(x, t.share, 0, 1)
	}
	return v.MaskingNoise(x, t.share)
}

func (t *denoising) Objective(s *sdk.Step) sdk.Value {
	corrupted, clean := s.View(0), s.Target("clean")
	y := s.Backbone().FeatureMap().Apply(corrupted) // f32[B,h,w,D]
	n := sdk.Doublings(y.Dim(1), clean.Dim(1))
	if n == 0 {
		s.Refuse("use", "the decoder doubles the feature map's "+strconv.Itoa(y.Dim(1))+" pixels until they are the image's "+strconv.Itoa(clean.Dim(1))+", which they never are")
	}
	z := sdk.UpConvolutions("decoder", n, t.width, clean.Dim(3)).Apply(y) // f32[B,H,W,C]
	s.Picture("painted", z)
	s.Picture("truth", clean)
	one := func(x sdk.Value) sdk.Value { return x.Reshape(s.Batch(), 1, -1) } // token for each image
	return s.Loss(one(z), one(clean), sdk.Filled(s.Builder, 1, s.Batch(), 1))
}

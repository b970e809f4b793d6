// Package mae is the masked autoencoder (He et al. 2022, "Masked Autoencoders Are
// Scalable Vision Learners"): see a quarter of the patches, paint the rest.
package mae

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type mae struct {
	ratio             float64
	normPix           bool
	dim, depth, heads int
	positions         string
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &mae{}
	p := sdk.Pretext("fw/mae", "1.0.0", "reconstruct", t).
		Doc("paint three quarters of an image's patches from the rest (He et al. 2022)").
		Defaults("fw/masked-mse", "fw/random-resized-crop", "fw/flip")
	p.Float(&t.ratio, "mask_ratio", 0.75, "share of the patches that are hidden", sdk.Above(0), sdk.Below(1))
	p.Bool(&t.normPix, "norm_pix", true, "predict each patch standardised by its own mean and variance")
	p.Int(&t.dim, "dim", 512, "width of the decoder", sdk.AtLeast(1))
	p.Int(&t.depth, "depth", 8, "blocks of the decoder", sdk.AtLeast(1))
	p.Int(&t.heads, "heads", 16, "attention heads of the decoder", sdk.AtLeast(1))
	p.String(&t.positions, "positions", "fixed", "the decoder's: fixed, sines and cosines of row and column, or learned", sdk.OneOf("fixed", "learned"))
	return p
}

func (t *mae) Views(v *sdk.Views) {
	img := v.Image()
	v.View(v.Augment(v.Cut(img, v.Rect(img), v.Size(), v.Size(), sdk.Bicubic)))
}

func (t *mae) Objective(s *sdk.Step) sdk.Value {
	images, vit := s.View(0), s.Backbone()
	tokens := vit.Embed().Apply(images) // f32[B,L+N,D], L class tokens first
	side, leading := sdk.Grid(tokens)
	patch, n := images.Dim(1)/side, side*side
	if seen := sdk.Seen(n, t.ratio); seen < 1 || seen == n {
		s.Refuse("mask_ratio", "expected to leave some of the image's "+strconv.Itoa(n)+" patches and hide others; it leaves "+strconv.Itoa(seen))
	}
	mask := s.RandomMask(n, t.ratio)

	seen := vit.Encode().Apply(mask.Take(tokens)) // f32[B,L+K,D]
	x := sdk.LinearInit("decoder_embed", t.dim, true, sdk.XavierUniform(seen.Dim(2), t.dim), sdk.Constant(0)).Apply(seen)
	x = mask.FillAround(x, s.Param("mask_token", sdk.Normal(0, 0.02), []int{1, 1, t.dim})) // f32[B,L+N,dim]
	x = x.Add(t.position(s, side, leading))
	x = t.decoder(s).Apply(x)
	pixels := patch * patch * images.Dim(3)
	pred := sdk.LinearInit("decoder_pred", pixels, true, sdk.XavierUniform(t.dim, pixels), sdk.Constant(0)).Apply(x)
	pred = pred.Slice(1, leading, 0) // f32[B,N,p*p*C]

	target := sdk.Patchify(images, patch)
	painted := pred
	if t.normPix {
		pixels := target
		var scale, offset sdk.Value
		target, scale, offset = sdk.Standardize(pixels, 2, 1e-6)
		painted = pred.Mul(scale).Add(offset) // by the hidden patches' own statistics
	}
	s.ShowPatches(images, painted, mask.Hidden, patch)
	return s.Loss(pred, target, mask.Hidden)
}

func (t *mae) decoder(s *sdk.Step) sdk.Layer {
	if t.dim%t.heads != 0 {
		s.Refuse("heads", "a decoder of width "+strconv.Itoa(t.dim)+" does not divide into "+strconv.Itoa(t.heads)+" heads")
	}
	return sdk.Transformer{Heads: t.heads, MLPRatio: 4, Weights: sdk.XavierUniform}.Blocks("decoder_blocks", t.depth, "decoder_norm")
}

func (t *mae) position(s *sdk.Step, side, leading int) sdk.Value {
	if t.positions == "learned" {
		return s.Param("decoder_pos_embed", sdk.Truncated(0.02, -2, 2), []int{1, leading + side*side, t.dim})
	}
	if t.dim%4 != 0 {
		s.Refuse("dim", "fixed positions need a multiple of 4, found "+strconv.Itoa(t.dim))
	}
	return s.Positions(side, leading, t.dim)
}

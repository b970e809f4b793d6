// Package beit is BEiT (Bao et al. 2022, "BEiT: BERT Pre-Training of Image
// Transformers") with the tokenizers that name its patches: the discrete variational
// autoencoder that it takes from Ramesh et al. (2021), and clusters of patches.
package beit

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

// beit predicts the tokens of hidden patches, whoever named them.
type beit struct {
	patch, codes, masked, minBlock int
	minRatio                       float64
}

// declare declares what the tokenizers share.
func (t *beit) declare(p *sdk.Plugin, codes int) *sdk.Plugin {
	p.Defaults("fw/masked-cross-entropy", "fw/random-resized-crop", "fw/beit-augment")
	p.Int(&t.patch, "patch", 16, "pixels along a patch's side, as in the backbone", sdk.AtLeast(1))
	p.Int(&t.codes, "codes", codes, "K: size of the visual vocabulary", sdk.AtLeast(2))
	p.Int(&t.masked, "masked", 75, "patches that are hidden: 75 of 196, about 40 %", sdk.AtLeast(1))
	p.Int(&t.minBlock, "min_block", 16, "least patches of a block that is hidden", sdk.AtLeast(1))
	p.Float(&t.minRatio, "min_ratio", 0.3, "height over width of a block, this to its inverse", sdk.Above(0), sdk.AtMost(1))
	p.Check(func() (string, string) {
		if t.minBlock > t.masked {
			return "min_block", "expected at most masked, which is " + strconv.Itoa(t.masked) + ", found " + strconv.Itoa(t.minBlock)
		}
		return "", ""
	})
	return p
}

// Views shows each image once, with a mask of blocks (algorithm 1).
func (t *beit) Views(v *sdk.Views) {
	if v.Size()%t.patch != 0 {
		v.Refuse("patch", "images of "+strconv.Itoa(v.Size())+" pixels do not divide into patches of "+strconv.Itoa(t.patch))
	}
	side := v.Size() / t.patch
	if t.masked >= side*side {
		v.Refuse("masked", "expected less than the image's "+strconv.Itoa(side*side)+" patches, found "+strconv.Itoa(t.masked))
	}
	mask := v.BlockMask(side, side, v.Fill(sdk.Number(), float64(t.masked)), sdk.Blocks{Min: t.minBlock, MinRatio: t.minRatio})
	img := v.Image()
	v.View(v.Augment(v.Cut(img, v.Rect(img), v.Size(), v.Size(), sdk.Bicubic))).TargetValue("hidden", mask)
}

// predict is the loss of tokens i32[B,N] of the hidden patches (section 2.3), seen from the
// others; paint makes pictures of tokens.
func (t *beit) predict(s *sdk.Step, tokens sdk.Value, paint func(tokens sdk.Value) sdk.Value) sdk.Value {
	images, vit := s.View(0), s.Backbone()
	patches := vit.PatchEmbed().Apply(images) // f32[B,N,D]
	b, n, d := patches.Dim(0), patches.Dim(1), patches.Dim(2)
	if n != tokens.Dim(1) {
		s.Refuse("patch", "expected the backbone's, which makes "+strconv.Itoa(n)+" patches of an image, found "+strconv.Itoa(t.patch)+", which makes "+strconv.Itoa(tokens.Dim(1)))
	}
	hidden := s.Target("hidden").Reshape(b, n)
	initial := sdk.Truncated(0.02, -0.02, 0.02)
	masked := hidden.ExpandDims(2).Where(s.Param("mask_token", initial, []int{1, 1, d}), patches)

	h := vit.Encode().Apply(vit.PosEmbed().Apply(masked)) // f32[B,L+N,D], L class tokens first
	h = h.Slice(1, h.Dim(1)-n, 0)
	logits := sdk.LinearInit("lm_head", t.codes, true, initial, sdk.Constant(0)).Apply(h)

	count := hidden.Float()
	guess := logits.ArgMax(2)
	s.Metric("train/token_accuracy", guess.Eq(tokens).Float().Mul(count).Sum().Div(count.Sum()))
	s.Metric("train/token_perplexity", sdk.Perplexity(sdk.Shares(tokens.Reshape(b*n), t.codes)))
	seen := hidden.ExpandDims(2).Not().Float()
	s.Picture("seen", sdk.Unpatchify(sdk.Patchify(images, t.patch).Mul(seen), t.patch, images.Dim(1), images.Dim(2)))
	s.Picture("tokens", paint(tokens))
	s.Picture("guessed among seen", paint(hidden.Where(guess, tokens)))
	return s.Loss(logits, tokens, count)
}

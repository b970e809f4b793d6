// Package simmim is masked image modelling in its simplest form (Xie et al. 2022,
// "SimMIM: a Simple Framework for Masked Image Modeling"): a learnt token stands for
// each hidden patch, the whole image goes through the encoder, and one linear layer
// gives the pixels.
package simmim

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type simmim struct {
	ratio float64
	patch int
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &simmim{}
	p := sdk.Pretext("fw/simmim", "1.0.0", "reconstruct", t).
		Doc("paint the pixels of hidden patches by one linear layer (Xie et al. 2022)").
		Defaults("fw/masked-l1", "fw/random-resized-crop", "fw/flip")
	p.Float(&t.ratio, "mask_ratio", 0.6, "share of the cells that are hidden, rounded up to whole ones", sdk.Above(0), sdk.Below(1))
	p.Int(&t.patch, "mask_patch", 32, "side of a cell in pixels, a multiple of the encoder's patch: 32 of 224, 32 of 192", sdk.AtLeast(1))
	return p
}

func (t *simmim) Views(v *sdk.Views) {
	size := v.Size()
	if size%t.patch != 0 {
		v.Refuse("mask_patch", "images of "+strconv.Itoa(size)+" pixels do not divide into cells of "+strconv.Itoa(t.patch))
	}
	side := size / t.patch
	cells := side * side
	hidden := int(math.Ceil(float64(cells) * t.ratio))
	if hidden == cells {
		v.Refuse("mask_ratio", "expected to leave some of the image's "+strconv.Itoa(cells)+" cells; it hides all")
	}
	v.View(v.Augment(v.Crop(v.Image()))).TargetValue("mask", v.PatchMask(side, side, hidden))
}

func (t *simmim) Objective(s *sdk.Step) sdk.Value {
	images, vit := s.View(0), s.Backbone()
	patches := vit.PatchEmbed().Apply(images) // f32[B,N,D]
	side, _ := sdk.Grid(patches)
	patch, n, dim := images.Dim(1)/side, side*side, patches.Dim(2)
	if t.patch%patch != 0 {
		s.Refuse("mask_patch", "expected a multiple of the encoder's patches of "+strconv.Itoa(patch)+" pixels, found "+strconv.Itoa(t.patch))
	}
	cells, k := images.Dim(1)/t.patch, t.patch/patch
	hidden := s.Target("mask").Float().BroadcastInDim([]int{s.Batch(), cells, k, cells, k}, []int{0, 1, 3}).Reshape(s.Batch(), n)

	token, w := s.Param("mask_token", sdk.Truncated(0.02, -0.02, 0.02), []int{1, 1, dim}), hidden.ExpandDims(2)
	x := patches.Mul(w.Neg().AddConst(1)).Add(token.Mul(w))
	x = vit.Encode().Apply(vit.PosEmbed().Apply(x)) // f32[B,L+N,D], all patches and L class tokens
	x = x.Slice(1, x.Dim(1)-n, 0)
	x = sdk.Linear("decoder.0", patch*patch*images.Dim(3), true).Apply(x)
	painted := sdk.Patchify(sdk.PixelShuffle(x.Reshape(s.Batch(), side, side, -1), patch), patch) // f32[B,N,p*p*C]
	s.ShowPatches(images, painted, hidden, patch)
	return s.Loss(painted, sdk.Patchify(images, patch), hidden)
}

// Package simclr is SimCLR (Chen et al. 2020, "A Simple Framework for
// Contrastive Learning of Visual Representations").
package simclr

import "github.com/fwlab/fw/sdk"

type simclr struct {
	hidden, out int
	norm        bool
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &simclr{}
	p := sdk.Pretext("fw/simclr", "1.0.0", "contrast", t).
		Doc("two augmented views of an image attract, views of other images repel (Chen et al. 2020)").
		Defaults("fw/ntxent", "fw/random-resized-crop", "fw/simclr-augment")
	p.Int(&t.hidden, "hidden", 512, "width of the projector's hidden layer", sdk.AtLeast(1))
	p.Int(&t.out, "out", 128, "width of the embedding that the loss sees", sdk.AtLeast(2))
	p.Bool(&t.norm, "projector_norm", false, "end the projector with a BatchNorm, as the authors' released code does")
	return p
}

func (t *simclr) Views(v *sdk.Views) { sdk.TwoViews(v) }

func (t *simclr) Objective(s *sdk.Step) sdk.Value {
	h := s.Backbone().Pooled().Apply(s.Views()) // both views in one pass, f32[2B,D]
	z := s.MLP("projector", t.norm, t.hidden, t.out).Apply(h).Split(0, 2)
	return s.Loss(z[0], z[1])
}

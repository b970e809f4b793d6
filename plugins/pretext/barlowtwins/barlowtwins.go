// Package barlowtwins is Barlow Twins (Zbontar et al. 2021, "Barlow Twins:
// Self-Supervised Learning via Redundancy Reduction").
package barlowtwins

import "github.com/fwlab/fw/sdk"

type barlow struct{ hidden, out, layers int }

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &barlow{}
	p := sdk.Pretext("fw/barlow-twins", "1.0.0", "contrast", t).
		Doc("the dimensions of two views' embeddings correlate with themselves and no others (Zbontar et al. 2021)").
		Defaults("fw/cross-correlation", "fw/random-resized-crop", "fw/byol-augment")
	p.Int(&t.hidden, "hidden", 8192, "width of the projector's hidden layers; 2048 on CIFAR-10", sdk.AtLeast(1))
	p.Int(&t.out, "out", 8192, "width of the embedding that the loss sees; 2048 on CIFAR-10", sdk.AtLeast(2))
	p.Int(&t.layers, "projector_layers", 3, "layers of the projector", sdk.Between(1, 8))
	return p
}

func (t *barlow) Views(v *sdk.Views) { sdk.TwoViews(v) }

func (t *barlow) Objective(s *sdk.Step) sdk.Value {
	layers := []sdk.Layer{s.Backbone().Pooled()}
	for i := range t.layers - 1 {
		layers = append(layers, sdk.Hidden("projector", 3*i, t.hidden, false))
	}
	f := s.Module("encoder", append(layers, sdk.Linear(sdk.Entry("projector", 3*(t.layers-1)), t.out, false))...)
	z1, z2 := f.Apply(s.View(0)), f.Apply(s.View(1))
	s.Spread(z1)
	return s.Loss(z1, z2)
}

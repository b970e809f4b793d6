// Package vicreg is VICReg (Bardes et al. 2022, "VICReg:
// Variance-Invariance-Covariance Regularization for Self-Supervised Learning").
package vicreg

import "github.com/fwlab/fw/sdk"

type vicreg struct{ hidden, out, layers int }

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &vicreg{}
	p := sdk.Pretext("fw/vicreg", "1.0.0", "contrast", t).
		Doc("views agree, while every dimension varies and none repeats another (Bardes et al. 2022)").
		Defaults("fw/vicreg-loss", "fw/random-resized-crop", "fw/byol-augment")
	p.Int(&t.hidden, "hidden", 8192, "width of the expander's hidden layers; 2048 on CIFAR-10", sdk.AtLeast(1))
	p.Int(&t.out, "out", 8192, "width of the embedding that the loss sees; 2048 on CIFAR-10", sdk.AtLeast(2))
	p.Int(&t.layers, "expander_layers", 3, "layers of the expander", sdk.Between(1, 8))
	return p
}

func (t *vicreg) Views(v *sdk.Views) { sdk.TwoViews(v) }

func (t *vicreg) Objective(s *sdk.Step) sdk.Value {
	layers := []sdk.Layer{s.Backbone().Pooled()}
	for i := range t.layers - 1 {
		layers = append(layers, sdk.Hidden("expander", 3*i, t.hidden, true))
	}
	f := s.Module("encoder", append(layers, sdk.Linear(sdk.Entry("expander", 3*(t.layers-1)), t.out, false))...)
	z1, z2 := f.Apply(s.View(0)), f.Apply(s.View(1))
	s.Spread(z1)
	return s.Loss(z1, z2)
}

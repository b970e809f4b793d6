// Package byol is BYOL (Grill et al. 2020, "Bootstrap Your Own Latent").
package byol

import "github.com/fwlab/fw/sdk"

type byol struct {
	hidden, out     int
	tau             float64
	predict, moving bool
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &byol{}
	p := sdk.Pretext("fw/byol", "1.0.0", "predict", t).
		Doc("predict the other view's projection by a slow copy of yourself (Grill et al. 2020)").
		Defaults("fw/cosine-distance", "fw/random-resized-crop", "fw/byol-augment")
	p.Int(&t.hidden, "hidden", 4096, "width of the hidden layers of projector and predictor", sdk.AtLeast(1))
	p.Int(&t.out, "out", 256, "width of projections and predictions", sdk.AtLeast(2))
	p.Float(&t.tau, "tau", 0.996, "the target's momentum at the start, from where a cosine takes it to 1: 0.996 for 1000 epochs, 0.99 for 300, 0.97 for 40", sdk.Between(0, 1))
	p.Bool(&t.predict, "predictor", true, "without it the embeddings collapse (section 5, table 5b)")
	p.Bool(&t.moving, "target", true, "a slow copy gives the targets; without it the network itself does, with a gradient, and the embeddings collapse")
	return p
}

func (t *byol) Views(v *sdk.Views) { sdk.TwoViews(v) }

// mlp is a hidden layer and a linear one without bias.
func (t *byol) mlp(name string) sdk.Layer {
	return sdk.Chain(sdk.Hidden(name, 0, t.hidden, true), sdk.Linear(name+".3", t.out, false))
}

func (t *byol) Objective(s *sdk.Step) sdk.Value {
	online := s.Module("online", s.Backbone().Pooled(), t.mlp("projector"))
	predict := t.mlp("predictor")
	if !t.predict {
		predict = sdk.Chain()
	}
	x1, x2 := s.View(0), s.View(1)
	z1, z2 := online.Apply(x1), online.Apply(x2)
	s.Spread(z1)

	t1, t2 := z1, z2
	if t.moving {
		tau := s.CosineTo(t.tau)
		s.Metric("train/tau", tau)
		target := online.EMA(tau, false) // equal at the start, own batch statistics
		t1, t2 = target.Apply(x1).StopGradient(), target.Apply(x2).StopGradient()
	}
	return s.Loss(predict.Apply(z1), t2).Add(s.Loss(predict.Apply(z2), t1))
}

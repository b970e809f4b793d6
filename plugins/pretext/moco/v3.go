package moco

import "github.com/fwlab/fw/sdk"

type v3 struct {
	hidden, out, layers int
	momentum            float64
	rising, norm        bool
}

// V3 declares MoCo v3, which has no queue.
func V3() *sdk.Plugin {
	t := &v3{}
	p := sdk.Pretext("fw/moco-v3", "1.0.0", "contrast", t).
		Doc("a query picks its key among the batch's, encoded by a slow copy, and a head predicts it (Chen et al. 2021, algorithm 1)").
		Defaults("fw/infonce", "fw/random-resized-crop", "fw/byol-augment")
	p.Int(&t.hidden, "hidden", 4096, "width of the hidden layers", sdk.AtLeast(1))
	p.Int(&t.out, "out", 256, "width of queries and keys", sdk.AtLeast(2))
	p.Int(&t.layers, "projector_layers", 3, "3 for transformers, 2 for ResNets", sdk.Between(1, 8))
	p.Bool(&t.norm, "predictor_norm", true, "end the predictor with a BatchNorm: for transformers, not for ResNets")
	p.Float(&t.momentum, "momentum", 0.99, "of the key encoder; 0.996 for ResNets", sdk.Between(0, 1))
	p.Bool(&t.rising, "cosine", true, "the momentum rises to 1 by a cosine")
	return p
}

func (t *v3) Views(v *sdk.Views) { sdk.TwoViews(v) }

// mlp ends with a BatchNorm without affine parameters, or with none.
func (t *v3) mlp(name string, layers int, norm bool) sdk.Layer {
	var chain []sdk.Layer
	for i := range layers - 1 {
		chain = append(chain, sdk.Hidden(name, 3*i, t.hidden, false))
	}
	last := sdk.Linear(sdk.Entry(name, 3*(layers-1)), t.out, false)
	if norm {
		last = sdk.Output(name, 3*(layers-1), t.out, false)
	}
	return sdk.Chain(append(chain, last)...)
}

func (t *v3) Objective(s *sdk.Step) sdk.Value {
	momentum := s.Scalar(t.momentum)
	if t.rising {
		momentum = s.CosineTo(t.momentum)
	}
	base := s.Module("base", s.Backbone().Pooled(), t.mlp("projector", t.layers, true))
	predict := t.mlp("predictor", 2, t.norm)
	slow := base.EMA(momentum, true) // moved before its forward pass

	x1, x2 := s.View(0), s.View(1)
	q1, q2 := predict.Apply(base.Apply(x1)), predict.Apply(base.Apply(x2))
	k1, k2 := slow.Apply(x1).StopGradient(), slow.Apply(x2).StopGradient()
	return s.Loss(q1, k2).Add(s.Loss(q2, k1))
}

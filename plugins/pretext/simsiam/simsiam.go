// Package simsiam is SimSiam (Chen & He 2021, "Exploring Simple Siamese
// Representation Learning").
package simsiam

import "github.com/fwlab/fw/sdk"

type simsiam struct {
	dim, bottleneck, layers                int
	norm, fixedPredictor, stop, hasPredict bool
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &simsiam{}
	p := sdk.Pretext("fw/simsiam", "1.0.0", "predict", t).
		Doc("each view predicts the other's projection, which gets no gradient (Chen & He 2021)").
		Defaults("fw/negative-cosine", "fw/random-resized-crop", "fw/moco-augment")
	p.Int(&t.dim, "dim", 2048, "width of the projector", sdk.AtLeast(2))
	p.Int(&t.bottleneck, "bottleneck", 512, "width of the predictor's hidden layer", sdk.AtLeast(1))
	p.Int(&t.layers, "projector_layers", 3, "layers of the projector; 2 on CIFAR-10", sdk.Between(1, 8))
	p.Bool(&t.norm, "output_norm", true, "end the projector with a BatchNorm (table 3)")
	p.Bool(&t.fixedPredictor, "fixed_predictor_lr", true, "the predictor's rate follows no schedule (table 1)")
	p.Bool(&t.stop, "stop_gradient", true, "the target gets no gradient; without it the embeddings collapse (section 4.1)")
	p.Bool(&t.hasPredict, "predictor", true, "without it the embeddings collapse (section 4.2)")
	return p
}

func (t *simsiam) Views(v *sdk.Views) { sdk.TwoViews(v) }

func (t *simsiam) projector() sdk.Layer {
	var layers []sdk.Layer
	for i := range t.layers - 1 {
		layers = append(layers, sdk.Hidden("projector", 3*i, t.dim, false))
	}
	if !t.norm {
		return sdk.Chain(append(layers, sdk.Linear(sdk.Entry("projector", 3*(t.layers-1)), t.dim, true))...)
	}
	return sdk.Chain(append(layers, sdk.Output("projector", 3*(t.layers-1), t.dim, false))...)
}

func (t *simsiam) predictor() sdk.Layer {
	if !t.hasPredict {
		return sdk.Chain()
	}
	h := sdk.Chain(sdk.Hidden("predictor", 0, t.bottleneck, false), sdk.Linear("predictor.3", t.dim, true))
	if t.fixedPredictor {
		return h.With(sdk.FixedLR())
	}
	return h
}

func (t *simsiam) Objective(s *sdk.Step) sdk.Value {
	f := s.Module("encoder", s.Backbone().Pooled(), t.projector())
	h := t.predictor()

	z1, z2 := f.Apply(s.View(0)), f.Apply(s.View(1))
	p1, p2 := h.Apply(z1), h.Apply(z2)
	s.Spread(z1)
	if t.stop {
		z1, z2 = z1.StopGradient(), z2.StopGradient()
	}
	return s.Loss(p1, z2).Add(s.Loss(p2, z1)).Scale(0.5)
}

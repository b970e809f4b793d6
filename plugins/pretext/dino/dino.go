// Package dino is DINO (Caron et al. 2021, "Emerging Properties in Self-Supervised
// Vision Transformers").
package dino

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type dino struct {
	hidden, bottleneck, out, layers int
	momentum, frozen                float64
	norm                            bool
	crops                           sdk.MultiCrop
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &dino{}
	p := sdk.Pretext("fw/dino", "1.0.0", "distill", t).
		Doc("the student's view of an image says what a slow copy of it says of another view (Caron et al. 2021)").
		Defaults("fw/dino-loss", "fw/random-resized-crop", "fw/dino-augment")
	p.Int(&t.hidden, "hidden", 2048, "width of the head's hidden layers", sdk.AtLeast(1))
	p.Int(&t.bottleneck, "bottleneck", 256, "width of the head before its last layer", sdk.AtLeast(2))
	p.Int(&t.out, "out", 65536, "K: outputs of the head", sdk.AtLeast(2))
	p.Int(&t.layers, "head_layers", 3, "layers of the head before its last", sdk.Between(1, 8))
	p.Bool(&t.norm, "head_norm", false, "BatchNorm in the head, for ResNets")
	p.Float(&t.momentum, "momentum", 0.996, "the teacher's momentum at the start, from where a cosine takes it to 1", sdk.Between(0, 1))
	t.crops.Declare(p)
	p.Float(&t.frozen, "freeze_last", 1, "epochs before the last layer moves", sdk.AtLeast(0))
	return p
}

func (t *dino) Views(v *sdk.Views) { t.crops.Views(v) }

// head is an MLP with GELU, a normalisation of length, and a weight-normed layer.
func (t *dino) head(frozen int) sdk.Layer {
	return func(scope string, x sdk.Value) sdk.Value {
		for i := range t.layers {
			width, last := t.hidden, i == t.layers-1
			if last {
				width = t.bottleneck
			}
			x = sdk.LinearInit("head.mlp."+strconv.Itoa(i), width, true, sdk.Truncated(0.02, -2, 2), sdk.Constant(0))(scope, x)
			if last {
				break
			}
			if t.norm {
				x = sdk.BatchNorm("head.norm."+strconv.Itoa(i), true, true)(scope, x)
			}
			x = x.Gelu()
		}
		return sdk.WeightNormLinear("head.last_layer", t.out).With(sdk.FrozenUntil(frozen))(scope, x.L2Normalize(1))
	}
}

func (t *dino) Objective(s *sdk.Step) sdk.Value {
	momentum := s.CosineTo(t.momentum)
	s.Metric("train/momentum", momentum)
	student := s.Module("student", s.Backbone().Pooled(), t.head(int(t.frozen*float64(s.StepsPerEpoch()))))
	teacher := student.EMA(momentum, false)
	teacher.Evaluate() // the better of the two (section 5)

	all := t.crops.Apply(s, student).Reshape(2+t.crops.Small, s.Batch(), t.out)
	large := teacher.Apply(s.Views()).StopGradient().Reshape(2, s.Batch(), t.out)
	return s.Loss(all, large)
}

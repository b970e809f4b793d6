package contextencoder

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

// discriminator tells painted squares from true ones, and sees nothing around them.
type discriminator struct {
	width int
	rate  float64
}

// fooled is the adversarial loss in the form that does not saturate, -log D(painted)
// (Goodfellow et al. 2014, section 3). The discriminator follows its own loss,
// -log D(truth) - log(1 - D(painted)). Both gradients are of one forward pass, at the
// parameters before the step.
func (d *discriminator) fooled(s *sdk.Step, painted, truth sdk.Value) sdk.Value {
	judge := s.Module("discriminator", d.layers(s, truth.Dim(1)).With(sdk.LRScale(d.rate)))
	real, fake := judge.Apply(truth), judge.Apply(painted)
	own := softplus(real.Neg()).Mean().Add(softplus(fake).Mean())
	judge.Minimize(own)
	s.Metric("train/discriminator", own)
	fooled := softplus(fake.Neg()).Mean()
	s.Metric("train/adversarial", fooled)
	return fooled
}

// layers are convolutions of 4x4 and stride 2 until 4x4 pixels are left, which the last
// one makes a logit: f32[B,s,s,C] to f32[B,1,1,1] (Radford et al. 2016).
func (d *discriminator) layers(s *sdk.Step, side int) sdk.Layer {
	n := sdk.Doublings(4, side)
	if n == 0 {
		s.Refuse("adversarial", "the discriminator halves the "+strconv.Itoa(side)+" pixels that are painted until they are 4, which they never are")
	}
	conv := func(at, out, stride, pad int) sdk.Layer {
		return sdk.ConvolutionInit(strconv.Itoa(at), out, 4, sdk.Square(stride, pad), sdk.Normal(0, 0.02))
	}
	list := []sdk.Layer{conv(0, d.width, 2, 1), sdk.LeakyRelu(0.2)}
	at := 2
	for i := 1; i < n; i++ {
		list = append(list, conv(at, d.width<<min(i, 3), 2, 1), sdk.BatchNorm(strconv.Itoa(at+1), true, true), sdk.LeakyRelu(0.2))
		at += 3
	}
	return sdk.Chain(append(list, conv(at, 1, 1, 0))...)
}

// softplus is log(1 + exp(x)).
func softplus(x sdk.Value) sdk.Value { return x.Relu().Add(x.Abs().Neg().Exp().Log1p()) }

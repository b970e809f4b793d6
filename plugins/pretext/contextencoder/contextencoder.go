// Package contextencoder is the context encoder (Pathak et al. 2016, "Context Encoders:
// Feature Learning by Inpainting"): paint what was cut out of an image from what stands
// around it.
package contextencoder

import (
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type contextEncoder struct {
	region                string
	hole, blocks, overlap int
	overlapWeight         float64
	width                 int
	adversarial           float64
	discriminator         discriminator
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &contextEncoder{}
	p := sdk.Pretext("fw/context-encoder", "1.0.0", "reconstruct", t).
		Doc("paint what was cut out of an image from what stands around it (Pathak et al. 2016)").
		Defaults("fw/masked-mse", "fw/random-resized-crop", "fw/flip")
	p.String(&t.region, "region", "center", "what is cut out: center, a square; blocks, several that may overlap; random, regions of any shape", sdk.OneOf("center", "blocks", "random"))
	p.Int(&t.hole, "hole", 0, "side in pixels of the square in the middle that is painted; 0: half the image's", sdk.AtLeast(0))
	p.Int(&t.blocks, "blocks", 4, "number of blocks, which cover a quarter of the image at most", sdk.Between(1, 64))
	p.Int(&t.overlap, "overlap", 4, "pixels around what was cut out that are seen and painted all the same; in the middle they are the square's own", sdk.Between(0, 64))
	p.Float(&t.overlapWeight, "overlap_weight", 10, "weight of their errors; that of the others is 1", sdk.Above(0))
	p.Int(&t.width, "width", 64, "channels before the decoder's last layer; each layer before it has twice as many, up to eight times", sdk.Between(1, 1024))
	p.Float(&t.adversarial, "adversarial", 0, "share of the adversarial loss, 0.001 where pictures are the aim; 0, as features were learned: there is no discriminator", sdk.AtLeast(0), sdk.Below(1))
	p.Int(&t.discriminator.width, "discriminator_width", 64, "channels of the discriminator's first layer; each further one has twice as many, up to eight times", sdk.Between(1, 1024))
	p.Float(&t.discriminator.rate, "discriminator_rate", 0.1, "its learning rate, as a share of the encoder's and decoder's", sdk.Above(0))
	p.Check(func() (param, why string) {
		if t.hole > 0 && t.region != "center" {
			return "hole", "expected none where region is " + strconv.Quote(t.region) + ", found " + strconv.Itoa(t.hole)
		}
		return "", ""
	})
	return p
}

func (t *contextEncoder) Views(v *sdk.Views) {
	clean := v.Normalize(v.Augment(v.Crop(v.Image())).Float()) // f32[S,S,C], in which 0 is the mean colour
	hole := t.cut(v)                                           // bool[S,S]
	v.ViewOf(v.Hidden(clean, hole, 0)).TargetValue("clean", clean).TargetValue("hole", hole)
}

func (t *contextEncoder) Objective(s *sdk.Step) sdk.Value {
	seen, clean := s.View(0), s.Target("clean")
	hole := s.Target("hole").Float().ExpandDims(3) // f32[B,S,S,1]
	y := s.Backbone().FeatureMap().Apply(seen)     // f32[B,h,w,D]
	square := t.square(clean.Dim(1))
	n := sdk.Doublings(y.Dim(1), square.side)
	if n == 0 {
		s.Refuse(t.decides(), "the decoder doubles the feature map's "+strconv.Itoa(y.Dim(1))+" pixels until they are the "+strconv.Itoa(square.side)+" to be painted, which they never are")
	}

	context := bottleneck(y.Dim(3)).Apply(y)
	painted := sdk.UpConvolutions("decoder", n, t.width, seen.Dim(3)).Apply(context) // f32[B,s,s,C]
	truth := square.of(clean)
	pixels := func(x sdk.Value) sdk.Value { return x.Reshape(s.Batch(), square.side*square.side, x.Dim(3)) }
	loss := s.Loss(pixels(painted), pixels(truth), pixels(square.of(t.weights(hole))).Reshape(s.Batch(), -1))

	whole := square.on(painted, clean.Dim(1))
	s.Picture("painted", whole)
	s.Picture("painted around seen", seen.Add(whole.Mul(hole)))
	s.Picture("truth", clean)
	if t.adversarial == 0 {
		return loss
	}
	s.Metric("train/reconstruction", loss)
	return loss.Scale(1 - t.adversarial).Add(t.discriminator.fooled(s, painted, truth).Scale(t.adversarial))
}

// weights is 1 in the hole and the overlap's weight around it, as far as it goes (section 3.2).
func (t *contextEncoder) weights(hole sdk.Value) sdk.Value {
	band := hole.MaxPool(2*t.overlap+1, 1, t.overlap).Sub(hole)
	return hole.Add(band.Scale(t.overlapWeight))
}

// bottleneck is the channel-wise fully connected layer and the convolution of stride 1
// that carries across channels (section 3.1).
func bottleneck(channels int) sdk.Layer {
	return sdk.Chain(sdk.ChannelwiseLinear("bottleneck.0", sdk.Normal(0, 0.02)), sdk.ConvolutionInit("bottleneck.1", channels, 1, sdk.Square(1, 0), sdk.Normal(0, 0.02)),
		sdk.BatchNorm("bottleneck.2", true, true), sdk.Relu)
}

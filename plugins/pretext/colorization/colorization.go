// Package colorization is the prediction of colours from lightness (Zhang et al. 2016,
// "Colorful Image Colorization").
package colorization

import (
	"math"
	"strconv"

	"github.com/fwlab/fw/sdk"
)

type colorization struct {
	stride, nearest, hidden int
	sigma, temperature      float64
}

// Plugin declares the task.
func Plugin() *sdk.Plugin {
	t := &colorization{}
	p := sdk.Pretext("fw/colorization", "1.0.0", "match", t).
		Doc("which colours had an image of which only the lightness is left? (Zhang et al. 2016)").
		Defaults("fw/rebalanced-cross-entropy", "fw/random-crop", "fw/flip")
	p.Int(&t.stride, "stride", 4, "pixels from one place whose colour is asked for to the next; 1 or 2 for images of 32", sdk.AtLeast(1))
	p.Int(&t.nearest, "nearest", 10, "bins that stand for a colour together", sdk.Between(1, 200))
	p.Float(&t.sigma, "sigma", 5, "deviation of the Gaussian that weights them, in units of ab", sdk.Above(0))
	p.Int(&t.hidden, "hidden", 256, "channels of the layers that enlarge the network's map to the places asked for", sdk.AtLeast(1))
	p.Float(&t.temperature, "temperature", 0.38, "of the annealed mean that pictures are decoded by: 1 is the mean, 0 the mode", sdk.Above(0), sdk.AtMost(1))
	return p
}

// Views shows the lightness as a grey picture, normalised as those are that the
// network is evaluated on.
func (t *colorization) Views(v *sdk.Views) {
	if v.Channels() != 3 {
		v.Refuse("use", "expected images in colour, as there is nothing to predict of grey ones; data.channels is "+strconv.Itoa(v.Channels()))
	}
	if v.Size()%t.stride != 0 {
		v.Refuse("stride", "expected a divisor of the image's "+strconv.Itoa(v.Size())+" pixels, found "+strconv.Itoa(t.stride))
	}
	lab := v.Augment(v.Crop(v.Image())).Lab() // f32[S,S,3]
	light, color := lab.Slice(2, 0, 1).Scale(0.01), lab.Slice(2, 1, 3)
	asked := v.Every(v.Every(color, 0, t.stride), 1, t.stride)
	bins, weights := v.SoftQuantize(asked, v.Bins(gamut()), t.nearest, t.sigma) // [S/stride,S/stride,nearest]
	colorful := color.Abs().MoreThan(5).Any().Float()                           // grey images do not count
	v.ViewOf(v.Normalize(v.Concat(2, light, light, light))).
		TargetValue("bins", bins).TargetValue("weights", weights.Mul(colorful)).TargetValue("lab", lab)
}

func (t *colorization) Objective(s *sdk.Step) sdk.Value {
	bins, weights, q := s.Target("bins"), s.Target("weights"), len(gamut())
	side := bins.Dim(1)
	x := s.Backbone().FeatureMap().Apply(s.View(0)) // f32[B,h,w,D]
	logits := sdk.Linear("head", q, true).Apply(t.enlarged(s, x, side))
	n := s.Batch() * side * side
	rows := logits.Reshape(n, q)
	targets := sdk.Filled(s.Builder, 0, n, q).ScatterAdd(1, 1, bins.Reshape(n, t.nearest), weights.Reshape(n, t.nearest))

	counts := targets.Sum(1)
	hit := rows.ArgMax(1).Eq(targets.ArgMax(1)).Float()
	s.Metric("train/pretext_top1", hit.Mul(counts).Sum().Div(counts.Sum().MaxConst(1)).Scale(100))
	t.show(s, logits)
	return s.Loss(rows, targets)
}

// enlarged doubles the map as often as it takes to have a place for each colour asked for.
func (t *colorization) enlarged(s *sdk.Step, x sdk.Value, side int) sdk.Value {
	from := x.Dim(1)
	for i := 0; x.Dim(1) < side; i++ {
		x = sdk.Chain(doubled(sdk.Entry("up", 3*i), t.hidden), sdk.BatchNorm(sdk.Entry("up", 3*i+1), true, true), sdk.Relu).Apply(x)
	}
	if x.Dim(1) != side {
		s.Refuse("stride", "expected as many places along a side as the network's map has, "+strconv.Itoa(from)+", or twice, four times ... as many; "+strconv.Itoa(t.stride)+" gives "+strconv.Itoa(side))
	}
	return x
}

// doubled is a transposed convolution with windows of 4 x 4 to twice the height and
// width: f32[B,h,w,D] to f32[B,2h,2w,out]. Its weights are PyTorch's, [D,out,4,4].
func doubled(name string, out int) sdk.Layer {
	return func(scope string, x sdk.Value) sdk.Value {
		in := x.Dim(3)
		w := x.Builder().Param(name+".weight", sdk.Normal(0, math.Sqrt(2/float64(4*in))), []int{in, out, 4, 4})
		return x.ConvTranspose(w, sdk.Square(2, 1), 2*x.Dim(1), 2*x.Dim(2))
	}
}

// show gives the colours that are predicted, by the annealed mean of each place's
// distribution (section 2.3), and the true ones, both with the true lightness.
func (t *colorization) show(s *sdk.Step, logits sdk.Value) {
	lab := s.Target("lab")
	q := logits.Dim(3)
	var points []float64
	for _, p := range gamut() {
		points = append(points, p...)
	}
	color := logits.Scale(1 / t.temperature).Softmax().MatMul(s.Constant(sdk.Dims(q, 2), points))
	color = color.ResizeBilinear(lab.Dim(1), lab.Dim(2))
	s.Pixels("predicted", sdk.LabToRGB(s.Concat(3, lab.Slice(3, 0, 1), color)))
	s.Pixels("true", sdk.LabToRGB(lab))
}

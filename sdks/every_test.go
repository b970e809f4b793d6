package sdks

import (
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// everyTask calls what the SDKs have functions for, in one order in all languages:
// testdata/every.c, .rs and .ts.
type everyTask struct{ fail int }

func every() *sdk.Plugin {
	t := &everyTask{}
	p := sdk.Pretext("test/every", "0.1.0", "classify", t)
	p.Int(&t.fail, "fail", 0, "1: a mistake in the trace, 2: a panic", sdk.Between(0, 2))
	return p
}

func (t *everyTask) Views(v *sdk.Views) {
	img := v.Augment(v.Crop(v.Image()))
	img = img.Maybe(0.5, func(m sdk.Image) sdk.Image { return m.FlipHorizontal() })
	img = img.ColorJitter(0.4, 0.4, 1.2, 0.1)
	img = img.Blur(v.Uniform(0.1, 2)).Grayscale()
	v.View(img.Rotate90(1)).Target("which", 7)
	v.View(v.CropTo(v.Image(), 4)).TargetValue("which", v.Intn(9))
	v.ViewOf(v.Whole(v.Image()).Float())
}

func (t *everyTask) Objective(s *sdk.Step) sdk.Value {
	n := s.Batch()
	h := s.Module("online", s.Backbone().Pooled()).Apply(s.View(0)) // f32[n,5]
	y := sdk.BatchNorm("b", true, true).Apply(sdk.Linear("a", 6, false).Apply(h))
	y = sdk.BatchNorm("c", false, false).Apply(y).Relu() // f32[n,6]
	y = y.Abs().Neg().Exp().Log().Sqrt().Rsqrt().Tanh().Sigmoid().Softmax().StopGradient()

	row := s.Constant(shape.F32(1, 6), []float64{1, -2, 0.5, 3, 1.0 / 3, 1e-3})
	y = y.Add(row).Sub(row).Mul(row).Div(row).Max(row).Min(row)
	y = y.Scale(0.1).AddConst(2).MaxConst(-1).MinConst(7).Square()
	y = y.Less(row).Where(y, row)                                                  // f32[n,6]
	y = y.MoreThan(0.25).Where(y, s.Scalar(0))                                     // a scalar stretches
	y = s.Concat(1, y, y.Reverse(1)).Slice(1, 2, -1)                               // f32[n,9]
	y = y.Reshape(n, 3, -1).Transpose(2, 0, 1)                                     // f32[3,n,3]
	y = y.T().Sum(0).Sub(y.MeanKeep(1).Reshape(3, 3).ReduceMax(0))                 // f32[3,n]
	y = y.T().MatMul(y).Sub(y.T().Dot(y, nil, nil, []int{1}, []int{0}).MaxKeep(1)) // f32[n,n]
	y = y.MaskDiagonal().L2Normalize(-1)

	which := s.Target("which").Slice(0, 0, n)
	hot := which.Mod(3).OneHot(3).BroadcastInDim([]int{n, 2, 3}, []int{0, 2}).Mean(1) // f32[n,3]
	rows := hot.Take(0, hot.ArgMax(1).Add(s.Iota(n)).Mod(n)).LogSoftmax()
	picked := rows.CrossEntropy(which.Mod(3)).SumKeep(0) // f32[1]

	centre := s.State("centre", shape.F32(3), sdk.Constant(0.5))
	s.Assign("centre", centre.Scale(0.9).Add(rows.Mean(0).Scale(0.1)))
	share := s.StepNumber().Float().Div(s.TotalSteps().Float())
	s.EMA("online", "online_ema", share, true)
	w := s.Param("w", sdk.Normal(0, 0.02), []int{3})
	s.Metric("train/w", w.Mul(centre).Sum())
	return s.Loss(y.Add(picked.Reshape(1, 1)), which)
}

// maskedLoss has a parameter of each type, and a loss of three inputs.
type maskedLoss struct {
	kind    string
	on      bool
	weights []float64
	shifts  []int
}

func masked() *sdk.Plugin {
	l := &maskedLoss{}
	p := sdk.ReconstructLoss("test/masked", "0.1.0", l)
	p.String(&l.kind, "kind", "mean", "sum or mean", sdk.OneOf("mean", "sum"))
	p.Bool(&l.on, "on", true, "whether the weights count")
	p.Floats(&l.weights, "weights", []float64{1, 0.5}, "factors", sdk.Above(0), sdk.Below(100))
	p.Ints(&l.shifts, "shifts", []int{-1, 300}, "summands", sdk.AtLeast(-2))
	return p
}

func (l *maskedLoss) Loss(b *sdk.Builder, prediction, target, mask sdk.Value) sdk.Value {
	x := prediction.Sub(target).Square().Sum(2).Mul(mask) // f32[B,N]
	if l.on {
		for _, w := range l.weights {
			x = x.Scale(w)
		}
	}
	for _, s := range l.shifts {
		x = x.AddConst(float64(s))
	}
	if l.kind == "sum" {
		return x.Sum()
	}
	return x.Mean()
}

type recipeTask struct{}

func recipe() *sdk.Plugin { return sdk.Augment("test/recipe", "0.1.0", recipeTask{}) }

func (recipeTask) Augment(v *sdk.Views, img sdk.Image) sdk.Image {
	if v.Index() == 1 {
		return img.Solarize(128)
	}
	return img.Brightness(v.Uniform(0.6, 1.4))
}

// netTask is a small network with a stage of each sort of layer.
type netTask struct{}

func network() *sdk.Plugin { return sdk.Backbone("test/net", "0.1.0", netTask{}) }

func (netTask) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	x = sdk.Convolution("conv1", 8, 3, sdk.Square(2, 1)).Apply(x)
	x = sdk.BatchNorm("bn1", n.Training, true).Apply(x).Relu().MaxPool(3, 2, 1)
	if stage == "map" {
		return x
	}
	return x.Reshape(x.Dim(0), -1, x.Dim(3)).Mean(1)
}

func TestBackbonesAreTheGoOnes(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "every"), twin("every")
		for _, stage := range []string{"map", "pooled"} {
			for _, training := range []bool{false, true} {
				for _, groups := range []int{0, 1, 4} {
					for _, size := range []int{8, 33} {
						same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "test/net", Func: stage, Training: training, NormGroups: groups,
							Inputs: []wire.Port{{Name: "x", Shape: shape.F32(8, size, size, 3)}}}))
					}
				}
			}
		}
	})
}

func TestParametersOfEachTypeReachTheLoss(t *testing.T) {
	params := [][]schema.Named{nil,
		{{Name: "kind", Value: schema.OfString("sum")}, {Name: "on", Value: schema.OfBool(false)}},
		{{Name: "weights", Value: schema.OfFloats(0.25, 1e-3, 99)}, {Name: "shifts", Value: schema.OfInts(-2, 0, 1<<20)}},
		{{Name: "weights", Value: schema.OfInts(2, 3)}, {Name: "shifts", Value: schema.OfInts()}},
		{{Name: "kind", Value: schema.OfString("least")}},
		{{Name: "on", Value: schema.OfInt(1)}},
		{{Name: "kind", Value: schema.OfFloat(2.5)}},
	}
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "every"), twin("every")
		for _, p := range params {
			same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "test/masked", Func: "loss", Params: p,
				Inputs: []wire.Port{{Name: "a", Shape: shape.F32(2, 5, 3)}, {Name: "b", Shape: shape.F32(2, 5, 3)}, {Name: "c", Shape: shape.F32(2, 5)}}}))
		}
		same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "test/masked", Func: "loss"})) // no inputs
	})
}

func TestAugmentationsAreTheGoOnes(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "every"), twin("every")
		for view := range 3 {
			same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "test/recipe", Func: "augment", View: view, Channels: 3,
				Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 8, 8, 3)}}}))
		}
	})
}

package builtin

import (
	"context"
	"math"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// With logits of zero a row's gradient at its class is w (1/Q - 1) / N, for the weight w
// of that class: 1/((1-lambda)p + lambda/Q), so scaled that its mean over the rows is 1.
// The value is ln Q whatever the weights.
func TestRebalancedWeightsAverageToOne(t *testing.T) {
	const n, q = 12, 5
	labels := []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 4} // p is 3/4, 1/6, 1/12
	targets := tensor.New(shape.F32(n, q))
	for i, l := range labels {
		targets.F32()[i*q+l] = 1
	}
	for _, lambda := range []float64{0.5, 1} {
		flat := lossFunc(t, "fw/rebalanced-cross-entropy", []schema.Named{float("lambda", lambda)}, []shape.Shape{shape.F32(n, q), shape.F32(n, q)})
		f := flat.Func
		grads, err := autodiff.Gradients(f, f.Outputs[0].Value, []ir.ID{f.Inputs[0].Value})
		if err != nil {
			t.Fatal(err)
		}
		f.Outputs = append(f.Outputs, ir.Port{Name: "grad", Value: grads[0]})
		ex := evaluated(t, f, []tensor.Tensor{tensor.New(shape.F32(n, q)), targets})
		loss, _ := ex.Output("loss")
		near(t, "loss", loss.F32, []float32{float32(math.Log(q))}, 1e-6)
		g, _ := ex.Output("grad")
		weight := func(i int) float64 { return float64(g.F32[i*q+labels[i]]) * n / (1./q - 1) }
		mean := 0.0
		for i := range labels {
			mean += weight(i) / n
		}
		if math.Abs(mean-1) > 1e-5 {
			t.Errorf("lambda %v: the mean weight is %v", lambda, mean)
		}
		rare := (0.75*(1-lambda) + lambda/q) / ((1-lambda)/12 + lambda/q)
		if got := weight(11) / weight(0); math.Abs(got-rare) > 1e-4 {
			t.Errorf("lambda %v: the rarest class counts %v times as much as the commonest, expected %v", lambda, got, rare)
		}
	}
}

// Targets of colours: the weights of each place add to 1, its first bin is the nearest,
// at most half a step of the grid off in each direction, and grey pictures have none.
func TestColorsAreEncoded(t *testing.T) {
	m := spatial[2]
	tr := taskTrainer(t, m.method, greyAfterOne{lens{2, 24}}, train.Facts{Batch: 2, Channels: 3, ImageSize: 24}, optim.Config{Name: "sgd", LR: 0.01, Schedule: "constant", Steps: 1})
	views, err := tr.Views(0, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range views.Outputs {
		if o.Name != "target.weights" {
			continue
		}
		const places, k = 24 * 24, 10
		for i := range 2 * places {
			sum, first := 0.0, float64(o.F32(i*k))
			for j := range k {
				sum += float64(o.F32(i*k + j))
				if w := float64(o.F32(i*k + j)); w > first {
					t.Fatalf("place %d: bin %d weighs %v, the nearest %v", i, j, w, first)
				}
			}
			if want := 1 - float64(i/places); math.Abs(sum-want) > 1e-5 {
				t.Fatalf("place %d: the weights add to %v, expected %v", i, sum, want)
			}
		}
	}
}

// stage runs a stage of a network, with parameters as they start, on pictures.
func stage(t *testing.T, id, name string, image int, x tensor.Tensor, params ...schema.Named) (y []float32, param func(name string) []float32) {
	t.Helper()
	p := train.Plugins{Backbone: inThisProcess(id, params...)}
	traced, err := p.Stage(context.Background(), train.Facts{Batch: 2, Samples: 2, Channels: 3, ImageSize: image}, name, false, []shape.Shape{x.Shape})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(traced, nil)
	if err != nil {
		t.Fatal(err)
	}
	ex := atTheStart(t, flat)
	in, _ := ex.Input(flat.Func.Inputs[0].Name)
	copy(in.U8, x.Data)
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	out, _ := ex.Output(flat.Func.Outputs[0].Name)
	return out.F32, func(name string) []float32 {
		b, ok := ex.Input(link.ParamPrefix + name)
		if !ok {
			t.Fatalf("no parameter %s", name)
		}
		return b.F32
	}
}

// A view of a quarter of the image's size has the mean of four positions at each place.
func TestViewsHaveInterpolatedPositions(t *testing.T) {
	const dim = 8
	x := tensor.New(shape.F32(1, 8, 8, 3))
	tokens, param := stage(t, "fw/vit", "embed", 16, x, integer("patch", 4), integer("dim", dim), integer("heads", 2), integer("depth", 1))
	bias, class, positions := param("patch_embed.proj.bias"), param("cls_token"), param("pos_embed")
	if len(positions) != 17*dim || len(tokens) != 5*dim {
		t.Fatalf("%d positions and %d tokens of %d", len(positions)/dim, len(tokens)/dim, dim)
	}
	for d := range dim {
		near(t, "the class token", tokens[d:d+1], []float32{class[d] + positions[d]}, 1e-6)
		for p := range 4 {
			sum := float32(0)
			for q := range 4 {
				sum += positions[(1+(p/2*2+q/2)*4+p%2*2+q%2)*dim+d]
			}
			near(t, "a token", tokens[(1+p)*dim+d:][:1], []float32{bias[d] + sum/4}, 1e-6)
		}
	}
}

// A network that sees grey gives the same features of pictures whose channels are
// exchanged, and its first convolution has one of them.
func TestGrayFront(t *testing.T) {
	x, turned := tensor.New(shape.F32(2, 8, 8, 3)), tensor.New(shape.F32(2, 8, 8, 3))
	s := rng.New(3).Stream()
	for i := range x.F32() {
		x.F32()[i] = float32(s.Normal())
	}
	for i := range x.F32() {
		turned.F32()[i/3*3+(i+1)%3] = x.F32()[i]
	}
	small := []schema.Named{integer("depth", 10), integer("width", 8), integer("stages", 2), text("stem", "cifar"), text("front", "gray")}
	a, param := stage(t, "fw/resnet", "pooled", 8, x, small...)
	b, _ := stage(t, "fw/resnet", "pooled", 8, turned, small...)
	near(t, "features", a, b, 1e-5)
	if n := len(param("conv1.weight")); n != 8*9 {
		t.Errorf("conv1 has %d weights, expected %d", n, 8*9)
	}
}

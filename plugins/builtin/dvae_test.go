package builtin

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/sdk"
)

// tinyVAE is that of testdata/make_beit.py: 3 x 3 places of 6 codes in 12 x 12 pixels.
func tinyVAE(params ...schema.Named) train.Plugins {
	return train.Plugins{
		Backbone: inThisProcess("fw/dvae-encoder", integer("codes", 6), integer("hidden", 4), integer("layers", 2)),
		Loss:     inThisProcess("fw/masked-mse"), Crop: inThisProcess("fw/random-resized-crop"),
		Pretext: inThisProcess("fw/dvae", append([]schema.Named{integer("code_dim", 5), integer("hidden", 4)}, params...)...),
	}
}

// With its parameters, images and noise the task has the loss, its two terms, the
// gradients and the painted images of BEiT's code in PyTorch (float64).
func TestDiscreteVAEEqualsPyTorch(t *testing.T) {
	p := tinyVAE(float("temperature", 0.7), float("final_temperature", 0.7), float("anneal", 0), float("kl_weight", 6.6), float("kl_warmup", 0))
	_, flat, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: 12},
		[]*view.Output{{Name: "views.0", Shape: shape.F32(3, 12, 12, 3)}})
	if err != nil {
		t.Fatal(err)
	}
	given(t, flat.Func, "rng_uniform", "noise")
	r := referenceOf(t, "beit.safetensors", "dvae")
	output := r.compare(flat, map[string]string{"batch/views.0": "x", "noise": "noise"})
	for name, want := range map[string]string{"metric/train/kl": "kl", "metric/train/reconstruction": "reconstruction", "relaxed": "painted", "of tokens": "of_tokens"} {
		within(t, name, output(name), r.read(want).F32(), 2e-5)
	}
}

// The temperature falls along half a cosine within its share of the run, and the
// divergence's weight rises within its own; both then stay.
func TestDiscreteVAESchedules(t *testing.T) {
	set, err := data.Open("synthetic", data.Options{Count: 16, Size: 12, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.NewTrainer(context.Background(), train.Config{Plugins: tinyVAE(float("anneal", 0.5), float("kl_weight", 6.6), float("kl_warmup", 0.25)), Data: set.Train, Workers: 2, Seed: 1,
		Facts: train.Facts{Batch: 8, Samples: set.Train.Len(), Channels: 3, ImageSize: 12},
		Optim: optim.Config{Name: "sgd", LR: 0.01, Steps: 8}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if tr.LossClasses != 0 {
		t.Errorf("the loss is not that of guessing among %d", tr.LossClasses)
	}
	b, _ := tr.Exec.Input(link.StepsInput)
	for _, c := range []struct {
		step              int32
		temperature, beta float32
	}{{0, 1, 0}, {1, 0.862706, 3.3}, {2, 0.53125, 6.6}, {3, 0.199794, 6.6}, {4, 0.0625, 6.6}, {7, 0.0625, 6.6}} {
		s, _ := tr.Exec.Input(link.StepInput)
		s.I32[0], b.I32[0] = c.step, 8
		if err := tr.Exec.Run(); err != nil {
			t.Fatal(err)
		}
		temperature, _ := tr.Exec.Output("metric/train/temperature")
		beta, _ := tr.Exec.Output("metric/train/kl_weight")
		near(t, "the temperature", temperature.F32, []float32{c.temperature}, 1e-5)
		near(t, "the weight", beta.F32, []float32{c.beta}, 1e-5)
		if kl, _ := tr.Exec.Output("metric/train/kl"); c.step == 0 && !(kl.F32[0] >= 0 && kl.F32[0] < 0.1) { // ln 6 where one code is certain
			t.Errorf("a divergence of %v from the uniform prior before the first step", kl.F32[0])
		}
	}
}

// Perplexity is as many codes as are used alike.
func TestPerplexity(t *testing.T) {
	for _, c := range []struct {
		shares []float32
		want   float32
	}{{[]float32{0.25, 0.25, 0.25, 0.25}, 4}, {[]float32{0, 1, 0, 0}, 1}, {[]float32{0.5, 0, 0.5, 0}, 2}, {[]float32{0.5, 0.25, 0.25, 0}, float32(math.Exp(1.5 * math.Ln2))}} {
		out := traced(t, map[string]tensor.Tensor{"p": tensor.FromF32(c.shares, 4)}, func(_ *sdk.Builder, in map[string]sdk.Value) map[string]sdk.Value {
			return map[string]sdk.Value{"perplexity": sdk.Perplexity(in["p"])}
		})
		near(t, "the perplexity", out["perplexity"].F32, []float32{c.want}, 1e-5)
	}
}

// What does not fit the images, or falls the wrong way, is refused by the parameter's name.
func TestDiscreteVAERefuses(t *testing.T) {
	for want, c := range map[string]struct {
		size  int
		param schema.Named
	}{
		"fw/dvae-encoder: parameter layers: images of 10 x 10 pixels cannot be halved 2 times":        {10, integer("hidden", 4)},
		"fw/dvae: parameter final_temperature: expected at most temperature, which is 1.0, found 2.0": {12, float("final_temperature", 2)},
	} {
		p := tinyVAE(c.param)
		_, _, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: c.size},
			[]*view.Output{{Name: "views.0", Shape: shape.F32(3, c.size, c.size, 3)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

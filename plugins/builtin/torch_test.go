package builtin

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// Ten steps of each task on each network follow PyTorch's (in float64): losses,
// parameters after one step, which shows the gradients, and after ten, and the
// running statistics. Fixtures: testdata/make_fixtures.py; at this rate PyTorch's own
// float32 follows its float64 as closely.
func TestTrainingEqualsPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/torch.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	n := func(name string, v int) schema.Named { return schema.Named{Name: name, Value: schema.OfInt(v)} }
	networks := map[string]*client.Client{
		"resnet": at("fw/resnet", n("depth", 10), n("width", 8), n("stages", 2), schema.Named{Name: "stem", Value: schema.OfString("cifar")}),
		"vit":    at("fw/vit", n("dim", 16), n("heads", 2), n("depth", 2), n("patch", 4)),
	}
	for _, task := range []string{"simclr", "rotation"} {
		for net, backbone := range networks {
			t.Run(task+"/"+net, func(t *testing.T) {
				key := task + "." + net + "."
				read := func(name string) []float32 {
					x, err := f.Read(key + name)
					if err != nil {
						t.Fatal(err)
					}
					return x.F32()
				}
				p := train.Plugins{Backbone: backbone, Crop: at("fw/random-resized-crop"), Pretext: at("fw/simclr", n("hidden", 12), n("out", 8)), Loss: at("fw/ntxent")}
				batch := 6
				if task == "rotation" {
					p.Pretext, p.Loss, batch = at("fw/rotation"), at("fw/cross-entropy"), 3
				}
				set, err := data.Open("synthetic", data.Options{Count: 12, Size: 12})
				if err != nil {
					t.Fatal(err)
				}
				tr, err := train.NewTrainer(context.Background(), train.Config{Plugins: p, Data: set.Train, Workers: 2,
					Facts: train.Facts{Batch: batch, Samples: 12, Channels: 3, ImageSize: 12},
					Optim: optim.Config{Name: "sgd", LR: 0.01, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "constant", Steps: 10}})
				if err != nil {
					t.Fatal(err)
				}
				defer tr.Close()
				input := func(name string) []float32 {
					b, ok := tr.Exec.Input(name)
					if !ok {
						t.Fatalf("the step has no input %s", name)
					}
					return b.F32
				}
				params := 0
				for _, name := range f.Names() {
					if rest, ok := strings.CutPrefix(name, key+"start."); ok {
						params++
						copy(input("param/"+rest), read("start."+rest))
					}
				}
				if params != len(tr.Flat.Params) {
					t.Fatalf("PyTorch has %d parameters, the step %d", params, len(tr.Flat.Params))
				}
				copy(input("batch/views.0"), read("x"))
				if b, ok := tr.Exec.Input("batch/target.angle"); ok {
					for i := range b.I32 {
						b.I32[i] = int32(i / batch)
					}
				}
				check := func(when, prefix string, bound float64) {
					for _, name := range f.Names() {
						if rest, ok := strings.CutPrefix(name, key+when); ok {
							near(t, when+rest, input(prefix+rest), read(when+rest), bound)
						}
					}
				}
				for step, want := range read("losses") {
					b, _ := tr.Exec.Input("step")
					b.I32[0] = int32(step)
					if err := tr.Exec.Run(); err != nil {
						t.Fatal(err)
					}
					loss, _ := tr.Exec.Output("loss")
					near(t, "loss", loss.F32, []float32{want}, 1e-4)
					if step == 0 {
						check("one.", "param/", 1e-5)
					}
				}
				check("ten.", "param/", 1e-3)
				check("state.", "state/", 1e-3)
			})
		}
	}
}

func near(t *testing.T, what string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= bound*math.Max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("%s: element %d is %v, PyTorch has %v", what, i, got[i], want[i])
		}
	}
}

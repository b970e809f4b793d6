package builtin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// method is a pretext task with a loss, as an experiment would name them.
type method struct {
	name, pretext, loss string
	params, lossParams  []schema.Named
}

// methods are small enough for the fixtures of testdata/make_methods.py.
var methods = []method{
	{"simsiam", "fw/simsiam", "fw/negative-cosine", []schema.Named{integer("dim", 8), integer("bottleneck", 4)}, nil},
	{"byol", "fw/byol", "fw/cosine-distance", []schema.Named{integer("hidden", 12), integer("out", 8), float("tau", 0.9)}, nil},
	{"moco-v1", "fw/moco", "fw/infonce-queue", []schema.Named{integer("dim", 8), integer("queue", 16), float("momentum", 0.9), flag("mlp", false), flag("shuffle", false), integer("batch_parts", 1)}, nil},
	{"moco-v2", "fw/moco", "fw/infonce-queue", []schema.Named{integer("dim", 8), integer("queue", 16), float("momentum", 0.9), integer("batch_parts", 2)}, nil},
	{"moco-symmetric", "fw/moco", "fw/infonce-queue", []schema.Named{integer("dim", 8), integer("queue", 16), float("momentum", 0.9), integer("batch_parts", 2), flag("symmetric", true)}, nil},
	{"moco-v3", "fw/moco-v3", "fw/infonce", []schema.Named{integer("hidden", 12), integer("out", 8), float("momentum", 0.9)}, []schema.Named{float("temperature", 0.5)}},
	{"barlow-twins", "fw/barlow-twins", "fw/cross-correlation", []schema.Named{integer("hidden", 12), integer("out", 8)}, nil},
	{"vicreg", "fw/vicreg", "fw/vicreg-loss", []schema.Named{integer("hidden", 12), integer("out", 8)}, nil},
	{"nnclr", "fw/nnclr", "fw/infonce", []schema.Named{integer("hidden", 12), integer("out", 8), integer("predictor", 10), integer("queue", 16)}, []schema.Named{float("temperature", 0.5)}},
	{"instdisc", "fw/instdisc", "fw/nce", []schema.Named{integer("dim", 8), float("proximal", 30)}, []schema.Named{integer("negatives", 6), float("temperature", 0.5)}},
	{"triplet", "fw/triplet", "fw/triplet-loss", []schema.Named{integer("hidden", 12), integer("out", 8)}, nil},
	{"n-pair", "fw/n-pair-views", "fw/n-pair", []schema.Named{integer("hidden", 12), integer("out", 8)}, nil},
	{"swav", "fw/swav", "fw/soft-cross-entropy", []schema.Named{integer("hidden", 12), integer("out", 8), integer("prototypes", 6), integer("freeze_prototypes", 3), integer("queue", 16), float("queue_start", 0)}, nil},
	{"dino", "fw/dino", "fw/dino-loss", []schema.Named{integer("hidden", 12), integer("bottleneck", 8), integer("out", 10), float("momentum", 0.9)}, nil},
	{"swav-multi", "fw/swav", "fw/soft-cross-entropy", []schema.Named{integer("hidden", 12), integer("out", 8), integer("prototypes", 6), integer("freeze_prototypes", 3), integer("queue", 16), float("queue_start", 0), integer("small_views", 2), integer("small_size", 8)}, nil},
	{"dino-multi", "fw/dino", "fw/dino-loss", []schema.Named{integer("hidden", 12), integer("bottleneck", 8), integer("out", 10), float("momentum", 0.9), integer("small_views", 2), integer("small_size", 8)}, nil},
	{"deepcluster", "fw/deepcluster", "fw/cross-entropy", []schema.Named{integer("clusters", 5), integer("pca", 4)}, nil},
}

const (
	methodBatch   = 8
	methodSamples = 16
	methodSide    = 12
	methodSteps   = 10
)

// trainer is a small training of the method.
func (m *method) trainer(change func(*train.Config)) (*train.Trainer, error) {
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	set, err := data.Open("synthetic", data.Options{Count: methodSamples, Size: methodSide, Channels: 3, Classes: 3})
	if err != nil {
		return nil, err
	}
	c := train.Config{
		Plugins: train.Plugins{Pretext: at(m.pretext, m.params...), Loss: at(m.loss, m.lossParams...), Crop: at("fw/random-resized-crop"),
			Backbone: at("fw/resnet", integer("depth", 10), integer("width", 4), integer("stages", 2), text("stem", "cifar"))},
		Data: set.Train, Workers: 2, Seed: 1,
		Facts: train.Facts{Batch: methodBatch, Samples: set.Train.Len(), Channels: 3, ImageSize: methodSide},
		Optim: optim.Config{Name: "sgd", LR: 0.01, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine", Steps: methodSteps}}
	if change != nil {
		change(&c)
	}
	return train.NewTrainer(context.Background(), c)
}

// Five steps of each method follow its authors' code in PyTorch: losses, parameters
// after the first, which shows the gradients, and the last, and after every step
// what is kept beside them: queues, banks, centres, averages and batch statistics.
// Fixtures: testdata/make_methods.py.
func TestMethodsEqualPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/methods.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	must := func(name string) tensor.Tensor {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	images, small, indices := must("x").F32(), must("small").F32(), must("indices").I32()
	for _, m := range methods {
		t.Run(m.name, func(t *testing.T) {
			tr, err := m.trainer(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			key := m.name + "."
			check := func(when string, bound float64) (n int) {
				for _, name := range f.Names() {
					rest, ok := strings.CutPrefix(name, key+when)
					if !ok {
						continue
					}
					b, ok := tr.Exec.Input(link.ParamPrefix + rest)
					if !ok {
						if b, ok = tr.Exec.Input(link.StatePrefix + rest); !ok {
							t.Fatalf("%s: the step has no parameter or state of that name", rest)
						}
					}
					want := must(name)
					if want.Shape.DType == dtype.I32 {
						if !slices.Equal(b.I32, want.I32()) {
							t.Fatalf("%s%s is %d, PyTorch has %d", when, rest, b.I32, want.I32())
						}
					} else {
						near(t, when+rest, b.F32, want.F32(), bound)
					}
					n++
				}
				return n
			}
			started := 0
			for _, name := range f.Names() {
				if rest, ok := strings.CutPrefix(name, key+"start."); ok {
					for _, average := range []string{rest, averaged(rest)} {
						if b, ok := tr.Exec.Input(link.ParamPrefix + average); ok {
							copy(b.U8, must(name).Data)
							started++
						}
					}
					if b, ok := tr.Exec.Input(link.StatePrefix + rest); ok {
						copy(b.U8, must(name).Data)
					}
				}
			}
			if started != len(tr.Flat.Params) {
				t.Fatalf("PyTorch has %d parameters, the step %d", started, len(tr.Flat.Params))
			}
			for step, want := range must(key + "losses").F32() {
				set := func(name string, v ...uint32) {
					if b, ok := tr.Exec.Input(name); ok {
						copy(b.U32, v)
					}
				}
				set(link.StepInput, uint32(step))
				set(link.StepsInput, methodSteps)
				set(link.KeyInput, uint32(step)+1, 7)
				x, _ := tr.Exec.Input("batch/views.0")
				copy(x.F32, images[step*2*methodBatch*methodSide*methodSide*3:])
				if b, ok := tr.Exec.Input("batch/views.1"); ok {
					copy(b.F32, small[step*2*methodBatch*8*8*3:])
				}
				if b, ok := tr.Exec.Input(link.IndexInput); ok {
					copy(b.I32, indices[step*methodBatch:])
				}
				if err := tr.Exec.Run(); err != nil {
					t.Fatal(err)
				}
				loss, _ := tr.Exec.Output("loss")
				near(t, fmt.Sprintf("the loss of step %d", step), loss.F32, []float32{want}, 1e-3)
				if step == 0 {
					check("one.", 1e-4)
				}
				check(fmt.Sprintf("state%d.", step), 1e-3)
			}
			if n := check("five.", 2e-3); n != len(tr.Flat.Params) {
				t.Fatalf("%d parameters are compared, the step has %d", n, len(tr.Flat.Params))
			}
		})
	}
}

// averaged is the name of the parameter that follows another, if its module has an average.
func averaged(name string) string {
	module, rest, _ := strings.Cut(name, ".")
	return module + "_ema." + rest
}

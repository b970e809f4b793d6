package builtin

import (
	"context"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// spatial are the tasks of testdata/make_spatial.py: nine tiles of 6 pixels, or
// pictures of 12 whose colours are asked for at every pixel.
var spatial = []struct {
	method
	batch, side int
}{
	{method{"relative-position", "fw/relative-position", "fw/cross-entropy", []schema.Named{integer("tile", 6), integer("hidden", 10)}, nil}, 4, 24},
	{method{"jigsaw", "fw/jigsaw", "fw/cross-entropy", []schema.Named{integer("tile", 6), integer("permutations", 5), integer("width", 7), integer("channels_apart", 1)}, nil}, 4, 24},
	{method{"colorization", "fw/colorization", "fw/rebalanced-cross-entropy", []schema.Named{integer("stride", 1), integer("hidden", 6)}, nil}, 2, 12},
}

// taskTrainer is a training of a task with the tiny ResNet.
func taskTrainer(t *testing.T, m method, set data.Dataset, f train.Facts, o optim.Config) *train.Trainer {
	t.Helper()
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	f.Samples = set.Len()
	tr, err := train.NewTrainer(context.Background(), train.Config{
		Plugins: train.Plugins{Pretext: at(m.pretext, m.params...), Loss: at(m.loss, m.lossParams...), Crop: at("fw/random-crop"),
			Backbone: at("fw/resnet", integer("depth", 10), integer("width", 8), integer("stages", 2), text("stem", "cifar"))},
		Data: set, Workers: 2, Seed: 1, Facts: f, Optim: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

// Three steps of each spatial task follow its authors' code, or the one for ResNets,
// in PyTorch: losses, gradients of the first step, parameters and statistics at the end.
func TestSpatialTasksEqualPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/spatial.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, m := range spatial {
		t.Run(m.name, func(t *testing.T) {
			read := func(name string) tensor.Tensor {
				x, err := f.Read(m.name + "." + name)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			set, err := data.Open("synthetic", data.Options{Count: 12, Size: m.side, Channels: 3})
			if err != nil {
				t.Fatal(err)
			}
			tr := taskTrainer(t, m.method, set.Train, train.Facts{Batch: m.batch, Channels: 3, ImageSize: m.side},
				optim.Config{Name: "sgd", LR: 0.01, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "constant", Steps: 3})
			fill := func(input func(name string) (b []byte, ok bool), step string) {
				for _, name := range f.Names() {
					rest, ok := strings.CutPrefix(name, m.name+"."+step+".")
					if !ok {
						continue
					}
					to := link.BatchPrefix + "target." + rest
					if rest == "view" {
						to = link.BatchPrefix + "views.0"
					}
					b, ok := input(to)
					if x := read(step + "." + rest); !ok || len(b) != len(x.Data) {
						t.Fatalf("input %s has %d bytes, PyTorch's %d", to, len(b), len(x.Data))
					} else {
						copy(b, x.Data)
					}
				}
			}
			input := func(name string) ([]byte, bool) { b, ok := tr.Exec.Input(name); return b.U8, ok }
			for _, p := range tr.Flat.Params {
				b, _ := input(link.ParamPrefix + p.Name)
				copy(b, read("start."+p.Name).Data)
			}
			gradients(t, tr, func(input func(string) ([]byte, bool)) { fill(input, "0") }, func(name string) []float32 { return read("grad." + name).F32() })
			for step, want := range read("losses").F32() {
				fill(input, strconv.Itoa(step))
				if err := tr.Exec.Run(); err != nil {
					t.Fatal(err)
				}
				loss, _ := tr.Exec.Output("loss")
				near(t, "the loss", loss.F32, []float32{want}, 1e-5)
			}
			ends := 0
			for _, name := range f.Names() {
				rest, ok := strings.CutPrefix(name, m.name+".end.")
				if !ok {
					continue
				}
				b, ok := tr.Exec.Input(link.ParamPrefix + rest)
				if !ok {
					if b, ok = tr.Exec.Input(link.StatePrefix + rest); !ok {
						t.Fatalf("the step has no parameter or state %s", rest)
					}
				} else {
					ends++
				}
				near(t, rest, b.F32, read("end."+rest).F32(), 1e-5)
			}
			if ends != len(tr.Flat.Params) {
				t.Errorf("PyTorch has %d parameters, the step %d", ends, len(tr.Flat.Params))
			}
		})
	}
}

// gradients compares those of the trainer's objective on a batch.
func gradients(t *testing.T, tr *train.Trainer, fill func(input func(string) ([]byte, bool)), want func(name string) []float32) {
	t.Helper()
	f := tr.Stages["linked"].Clone()
	loss, _ := f.Output(link.LossOutput)
	var wrt []ir.ID
	for _, p := range tr.Flat.Params {
		wrt = append(wrt, p.Value)
	}
	grads, err := autodiff.Gradients(f, loss, wrt)
	if err != nil {
		t.Fatal(err)
	}
	f.Outputs = nil
	for i, g := range grads {
		f.Outputs = append(f.Outputs, ir.Port{Name: tr.Flat.Params[i].Name, Value: g})
	}
	c, err := compile.Func(f)
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(2)
	defer workers.Close()
	ex, err := exec.New(c, exec.Options{Pool: workers, Inputs: tr.State.Buffers()})
	if err != nil {
		t.Fatal(err)
	}
	fill(func(name string) ([]byte, bool) { b, ok := ex.Input(name); return b.U8, ok })
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	for _, p := range tr.Flat.Params {
		g, _ := ex.Output(p.Name)
		within(t, "gradient of "+p.Name, g.F32, want(p.Name), 2e-5)
	}
}

// With a last layer of zeros every answer is as likely as any: ln 8 for places, ln P for
// orders, ln Q for colours; and as the layers start they are not far from it.
func TestSpatialTasksAtChance(t *testing.T) {
	for _, m := range spatial {
		set, err := data.Open("synthetic", data.Options{Count: 40, Size: m.side, Channels: 3})
		if err != nil {
			t.Fatal(err)
		}
		want := math.Log(map[string]float64{"relative-position": 8, "jigsaw": 5, "colorization": 261}[m.name])
		for _, zero := range []bool{false, true} {
			tr := taskTrainer(t, m.method, set.Train, train.Facts{Batch: 16, Channels: 3, ImageSize: m.side}, optim.Config{Name: "sgd", LR: 0.01, Schedule: "constant", Steps: 1})
			bound := 0.4
			for _, p := range tr.Flat.Params {
				if b, ok := tr.Exec.Input(link.ParamPrefix + p.Name); ok && zero && strings.HasPrefix(p.Name, "head.") {
					clear(b.F32)
					bound = 1e-5
				}
			}
			loss, metrics, err := tr.Run()
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(loss-want) > bound {
				t.Errorf("%s, a last layer of zeros %v: loss %v, expected %v", m.name, zero, loss, want)
			}
			if top1, ok := metrics["train/pretext_top1"]; !ok || top1 < 0 || top1 > 100 {
				t.Errorf("%s: train/pretext_top1 is %v", m.name, top1)
			}
		}
	}
}

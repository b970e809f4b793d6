package builtin

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// inpainting is the tasks of testdata/make_inpainting.py, on images of 16 pixels.
var inpainting = []method{
	{"denoising", "fw/denoising-autoencoder", "fw/masked-mse", []schema.Named{integer("width", 6)}, nil},
	{"center", "fw/context-encoder", "fw/masked-mse", []schema.Named{integer("overlap", 1)}, nil},
	{"adversarial", "fw/context-encoder", "fw/masked-mse", []schema.Named{text("region", "blocks"), integer("overlap", 1), integer("width", 6), float("adversarial", 0.4), integer("discriminator_width", 4)}, nil},
	{"simmim", "fw/simmim", "fw/masked-l1", []schema.Named{integer("mask_patch", 8)}, nil},
}

// inpainter is a small training of the task by plain SGD with momentum.
func inpainter(t *testing.T, m method, batch int, more ...schema.Named) *train.Trainer {
	t.Helper()
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	set, err := data.Open("synthetic", data.Options{Count: 8 * batch, Size: 16, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	backbone := at("fw/resnet", integer("depth", 10), integer("width", 2), integer("stages", 3), text("stem", "cifar"))
	if m.pretext == "fw/simmim" {
		backbone = at("fw/vit", integer("dim", 16), integer("heads", 2), integer("depth", 2), integer("patch", 4))
	}
	tr, err := train.NewTrainer(context.Background(), train.Config{
		Plugins: train.Plugins{Pretext: at(m.pretext, append(append([]schema.Named(nil), m.params...), more...)...), Loss: at(m.loss), Crop: at("fw/random-resized-crop"), Backbone: backbone},
		Data:    set.Train, Workers: 2, Seed: 1,
		Facts: train.Facts{Batch: batch, Samples: set.Train.Len(), Channels: 3, ImageSize: 16},
		Optim: optim.Config{Name: "sgd", LR: 0.05, Momentum: 0.9, Schedule: "constant", Steps: 10}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

// Three steps of each task follow PyTorch's: losses, every gradient as the momentum
// that it makes, and the running statistics. With an adversary both players' are
// compared: each has the gradient of its own loss, both at the parameters before the
// step, and the discriminator a tenth of the rate.
func TestInpaintingEqualsPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/inpainting.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, m := range inpainting {
		t.Run(m.name, func(t *testing.T) {
			tr := inpainter(t, m, 3)
			key := m.name + "."
			must := func(name string) tensor.Tensor {
				x, err := f.Read(key + name)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			set := func(input string, x tensor.Tensor) {
				b, ok := tr.Exec.Input(input)
				if !ok || len(b.U8) != len(x.Data) {
					t.Fatalf("input %s: %d bytes, PyTorch has %s", input, len(b.U8), x.Shape)
				}
				copy(b.U8, x.Data)
			}
			each := func(prefix string, do func(rest, name string)) (n int) {
				for _, name := range f.Names() {
					if rest, ok := strings.CutPrefix(name, key+prefix); ok {
						do(rest, prefix+rest)
						n++
					}
				}
				return n
			}
			if n := each("start.", func(rest, name string) { set(link.ParamPrefix+rest, must(name)) }); n != len(tr.Flat.Params) {
				t.Fatalf("PyTorch has %d parameters, the step %d", n, len(tr.Flat.Params))
			}
			output := func(name string) []float32 {
				b, ok := tr.Exec.Output(name)
				if !ok {
					t.Fatalf("the step has no output %s", name)
				}
				return b.F32
			}
			for step, want := range must("losses").F32() {
				each(fmt.Sprintf("batch%d.", step), func(rest, name string) { set(link.BatchPrefix+rest, must(name)) })
				at(t, tr, step)
				within(t, "loss", output(link.LossOutput), []float32{want}, 1e-5)
				if m.name == "adversarial" {
					within(t, "the discriminator's loss", output("metric/train/discriminator"), must("judged").F32()[step:step+1], 1e-5)
				}
				bound := []float64{2e-5, 5e-5, 1e-4}[step]
				n := each(fmt.Sprintf("momentum%d.", step), func(rest, name string) {
					b, ok := tr.Exec.Input(link.OptimPrefix + rest + ".momentum")
					if !ok {
						t.Fatalf("%s has no momentum", rest)
					}
					within(t, name, b.F32, must(name).F32(), bound)
				})
				if n != len(tr.Flat.Params) {
					t.Fatalf("%d gradients are compared, the step has %d parameters", n, len(tr.Flat.Params))
				}
			}
			each("state.", func(rest, name string) {
				b, ok := tr.Exec.Input(link.StatePrefix + rest)
				if !ok {
					t.Fatalf("no state %s", rest)
				}
				within(t, name, b.F32, must(name).F32(), 1e-5)
			})
		})
	}
}

package builtin

import (
	"bytes"
	"context"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/sdk"
)

// apprentice learns to give the features of a network of elsewhere.
type apprentice struct{}

func (apprentice) Views(v *sdk.Views) { v.View(v.Crop(v.Image())) }

func (apprentice) Objective(s *sdk.Step) sdk.Value {
	x := s.View(0)
	master := s.Module("master", s.Backbone().Pooled()).Pretrained()
	pupil := s.Module("pupil", s.Backbone().Pooled())
	return s.Loss(pupil.Apply(x), master.Apply(x))
}

func apprenticeship(t *testing.T, modules map[string]train.Module) (*train.Trainer, error) {
	t.Helper()
	task := sdk.Pretext("t/apprentice", "1.0.0", "predict", apprentice{}).Doc("follow")
	inproc := host.New("inproc", func(context.Context) (host.Caller, error) {
		return host.Func(sdk.Handler(append(Plugins(), task)...)), nil
	})
	set, err := data.Open("synthetic", data.Options{Count: 16, Size: 12, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.NewTrainer(context.Background(), train.Config{
		Plugins: train.Plugins{Pretext: &client.Client{Host: inproc, ID: "t/apprentice"}, Loss: inThisProcess("fw/cosine-distance"), Crop: inThisProcess("fw/random-resized-crop"),
			Backbone: inThisProcess("fw/resnet", integer("depth", 10), integer("width", 4), integer("stages", 2), text("stem", "cifar"))},
		Data: set.Train, Workers: 2, Seed: 1, Modules: modules,
		Facts: train.Facts{Batch: 8, Samples: set.Train.Len(), Channels: 3, ImageSize: 12},
		Optim: optim.Config{Name: "sgd", LR: 0.1, Momentum: 0.9, WeightDecay: 0.1, Steps: 6}})
	if err == nil {
		t.Cleanup(tr.Close)
	}
	return tr, err
}

// under is what a trainer keeps of a module, by the names within it.
func under(tr *train.Trainer, module string) map[string]tensor.Tensor {
	all := map[string]tensor.Tensor{}
	for name, x := range snapshot(tr) {
		for _, prefix := range []string{"param/", "state/"} {
			if within, ok := strings.CutPrefix(name, prefix+module+"."); ok {
				all[within] = x
			}
		}
	}
	return all
}

// masterwork is the encoder of another training after some steps.
func masterwork(t *testing.T) map[string]tensor.Tensor {
	t.Helper()
	tr := named(t, "simsiam")
	for range 3 {
		step(t, tr)
	}
	all := under(tr, "encoder")
	maps.DeleteFunc(all, func(name string, _ tensor.Tensor) bool { return !strings.HasPrefix(name, "backbone.") })
	return all
}

// A module of elsewhere has the tensors it is given, parameters and statistics, before
// and after training; nothing is kept of it for the optimizer; and batch normalisations
// use the statistics, so that an image's features do not depend on its batch.
func TestPretrainedModulesStayAsTheyAre(t *testing.T) {
	given := masterwork(t)
	given["backbone.bn1.num_batches_tracked"] = tensor.FromI32([]int32{3})
	tr, err := apprenticeship(t, map[string]train.Module{"master": {Source: "x", Tensors: given}})
	if err != nil {
		t.Fatal(err)
	}
	pupil := under(tr, "pupil")
	for range 3 {
		step(t, tr)
	}
	delete(given, "backbone.bn1.num_batches_tracked")
	master := under(tr, "master")
	if len(master) != len(given) || len(given) == 0 {
		t.Fatalf("%d tensors were given, the module has %d", len(given), len(master))
	}
	for name, x := range given {
		if !bytes.Equal(x.Data, master[name].Data) {
			t.Errorf("%s has changed", name)
		}
	}
	moved := 0
	for name, x := range under(tr, "pupil") {
		if !bytes.Equal(x.Data, pupil[name].Data) {
			moved++
		}
	}
	if moved == 0 {
		t.Error("nothing is trained")
	}
	for name := range snapshot(tr) {
		if strings.HasPrefix(name, "optim/master.") {
			t.Errorf("%s is kept for a module that does not move", name)
		}
	}
	if scope := train.EncoderScope(tr.Flat); scope != "pupil.backbone" {
		t.Errorf("%s is evaluated", scope)
	}
	for _, in := range tr.Stages["linked"].Instrs {
		if in.Op == "batch_norm_inference" {
			return
		}
	}
	t.Error("no normalisation by the statistics that were given")
}

// What does not fit is refused with the module's name, the source and the tensor.
func TestPretrainedModulesAreChecked(t *testing.T) {
	whole := masterwork(t)
	with := func(change func(m map[string]tensor.Tensor)) map[string]train.Module {
		m := maps.Clone(whole)
		change(m)
		return map[string]train.Module{"master": {Source: "before.safetensors", Tensors: m}}
	}
	nan := tensor.New(whole["backbone.bn1.weight"].Shape)
	nan.F32()[2] = float32(math.NaN())
	two := with(func(map[string]tensor.Tensor) {})
	two["other"] = two["master"]
	for want, modules := range map[string]map[string]train.Module{
		`modules.master: pretext "t/apprentice" takes this module from elsewhere: expected a section [modules.master] with the run or file it is from, found none`: nil,
		`modules.other: pretext "t/apprentice" takes no module of that name; it takes master`:                                                                      two,
		"modules.master: before.safetensors has no backbone.bn1.weight, which is declared at":                                                                      with(func(m map[string]tensor.Tensor) { delete(m, "backbone.bn1.weight") }),
		"modules.master: before.safetensors: backbone.bn1.weight: expected f32[4], as declared at":                                                                 with(func(m map[string]tensor.Tensor) { m["backbone.bn1.weight"] = tensor.New(shape.F32(5)) }),
		"modules.master: before.safetensors: backbone.bn1.weight: element 2 is not finite":                                                                         with(func(m map[string]tensor.Tensor) { m["backbone.bn1.weight"] = nan }),
		"modules.master: before.safetensors has head.weight, which the task's module does not":                                                                     with(func(m map[string]tensor.Tensor) { m["head.weight"] = nan }),
	} {
		if _, err := apprenticeship(t, modules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

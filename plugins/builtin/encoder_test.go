package builtin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/compile"
	coreexec "github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// encoders are exported under the names that testdata/load_encoder.py knows.
var encoders = []struct {
	name, plugin string
	size         int
	params       []schema.Named
}{
	{"resnet18", "fw/resnet", 64, []schema.Named{integer("depth", 18), text("stem", "imagenet")}},
	{"resnet18-cifar", "fw/resnet", 32, []schema.Named{integer("depth", 18), text("stem", "cifar")}},
	{"resnet34", "fw/resnet", 64, []schema.Named{integer("depth", 34), text("stem", "imagenet")}},
	{"resnet50", "fw/resnet", 64, []schema.Named{integer("depth", 50), text("stem", "imagenet")}},
	{"vit_tiny_patch16_224", "fw/vit", 224, []schema.Named{text("size", "tiny"), integer("patch", 16)}},
	{"vit_small_patch16_224", "fw/vit", 224, []schema.Named{text("size", "small"), integer("patch", 16)}},
	{"vit_tiny-fixed-mean", "fw/vit", 224, []schema.Named{text("size", "tiny"), integer("patch", 16), text("weights", "xavier"), text("positions", "fixed"), text("pool", "mean")}},
	{"vit_base_patch16_224", "fw/vit", 224, []schema.Named{text("size", "base"), integer("patch", 16)}},
}

func integer(name string, v int) schema.Named {
	return schema.Named{Name: name, Value: schema.OfInt(v)}
}
func text(name, v string) schema.Named { return schema.Named{Name: name, Value: schema.OfString(v)} }

// exported writes the encoder with parameters and statistics drawn anew, two
// images and their features.
func exported(t *testing.T, i int, dir string) {
	t.Helper()
	e := encoders[i]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	inproc := inProcess()
	p := train.Plugins{Backbone: &client.Client{Host: inproc, ID: e.plugin, Params: e.params}}
	facts := train.Facts{Batch: 2, Samples: 2, Channels: 3, ImageSize: e.size}
	flat, err := p.Encoder(context.Background(), facts, 2, "backbone")
	must(err)
	workers := pool.New(2)
	defer workers.Close()
	state, err := train.NewState(flat, nil, rng.New(1), workers)
	must(err)
	s := rng.New(2).Stream()
	for name, b := range state.Buffers() {
		switch {
		case strings.HasSuffix(name, "running_mean"), strings.HasSuffix(name, "bias"):
			for j := range b.F32 {
				b.F32[j] = float32(0.1 * s.Normal())
			}
		case strings.HasSuffix(name, "running_var"):
			for j := range b.F32 {
				b.F32[j] = float32(0.5 + s.Float64())
			}
		}
	}
	f, err := compile.Func(flat.Func)
	must(err)
	ex, err := coreexec.New(f, coreexec.Options{Pool: workers, Inputs: state.Buffers()})
	must(err)
	x, _ := ex.Input("batch/x")
	for j := range x.F32 {
		x.F32[j] = float32(s.Normal())
	}
	must(ex.Run())
	y, _ := ex.Output("features")
	must(state.Export(filepath.Join(dir, e.name+".safetensors"), "backbone", 3, nil))
	w, err := os.Create(filepath.Join(dir, e.name+".io.safetensors"))
	must(err)
	defer w.Close()
	sample := func(v []float32, dims ...int) tensor.Tensor {
		out := tensor.New(shape.F32(dims...))
		copy(out.F32(), v)
		return out
	}
	must(tensor.Write(w, tensor.Items(map[string]tensor.Tensor{"x": sample(x.F32, 2, e.size, e.size, 3), "features": sample(y.F32, 2, len(y.F32)/2)}), nil))
}

// Exported encoders have the parameters of torchvision's and timm's networks,
// by name, type and shape; their lists are in testdata/encoders, which
// load_encoder.py --lists wrote.
func TestEncoderHasPyTorchsNames(t *testing.T) {
	for i, e := range encoders {
		t.Run(e.name, func(t *testing.T) {
			if testing.Short() && strings.Contains(e.name, "base") {
				t.Skip("skipped with -short: 86 million parameters")
			}
			dir := t.TempDir()
			exported(t, i, dir)
			got := header(t, filepath.Join(dir, e.name+".safetensors"))
			want, err := os.ReadFile(filepath.Join("testdata", "encoders", e.name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("found:\n%s\nPyTorch has:\n%s", got, want)
			}
		})
	}
}

// header lists the tensors of a safetensors file.
func header(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string]struct {
		DType string `json:"dtype"`
		Shape []int  `json:"shape"`
	}
	if err := json.Unmarshal(b[8:8+binary.LittleEndian.Uint64(b)], &entries); err != nil {
		t.Fatal(err)
	}
	delete(entries, "__metadata__")
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		fmt.Fprintf(&out, "%s %s %s\n", name, entries[name].DType, shape.DimsString(entries[name].Shape))
	}
	return out.String()
}

// Exported encoders load strictly into the networks themselves, whose features
// are then ours.
func TestEncoderLoadsInPyTorch(t *testing.T) {
	python := os.Getenv("FW_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import torch, torchvision, timm, safetensors").CombinedOutput(); err != nil {
		t.Skipf("%s with torch, torchvision, timm and safetensors: %v %s", python, err, strings.TrimSpace(string(out)))
	}
	dir := t.TempDir()
	for i := range encoders {
		exported(t, i, dir)
	}
	out, err := exec.Command(python, "testdata/load_encoder.py", dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

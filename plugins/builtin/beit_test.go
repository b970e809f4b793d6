package builtin

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// reference is a case of a file that PyTorch made.
type reference struct {
	*testing.T
	file *tensor.File
	name string
}

func (r *reference) read(name string) tensor.Tensor {
	r.Helper()
	x, err := r.file.Read(r.name + "." + name)
	if err != nil {
		r.Fatal(err)
	}
	return x
}

// compare runs an objective with the reference's parameters and inputs, which are
// given by the names they have there, and compares its loss and all gradients. It
// gives the other outputs.
func (r *reference) compare(flat *link.Flat, inputs map[string]string) func(output string) []float32 {
	r.Helper()
	workers := pool.New(2)
	r.Cleanup(workers.Close)
	state, err := train.NewState(flat, nil, rng.New(1), workers)
	if err != nil {
		r.Fatal(err)
	}
	f := flat.Func
	loss, _ := f.Output(link.LossOutput)
	var wrt []ir.ID
	for _, p := range flat.Params {
		wrt = append(wrt, p.Value)
	}
	grads, err := autodiff.Gradients(f, loss, wrt)
	if err != nil {
		r.Fatal(err)
	}
	for i, g := range grads {
		f.Outputs = append(f.Outputs, ir.Port{Name: "grad." + flat.Params[i].Name, Value: g})
	}
	for _, m := range flat.Metrics {
		f.Outputs = append(f.Outputs, ir.Port{Name: link.MetricPrefix + m.Name, Value: m.Value})
	}
	f.Outputs = append(f.Outputs, flat.Pictures...)
	compiled, err := compile.Func(f)
	if err != nil {
		r.Fatal(err)
	}
	ex, err := exec.New(compiled, exec.Options{Pool: workers, Inputs: state.Buffers()})
	if err != nil {
		r.Fatal(err)
	}
	found := 0
	for _, name := range r.file.Names() {
		if rest, ok := strings.CutPrefix(name, r.name+".param."); ok {
			found++
			inputs[link.ParamPrefix+rest] = "param." + rest
		}
	}
	if found != len(flat.Params) {
		r.Fatalf("PyTorch has %d parameters, the task %d", found, len(flat.Params))
	}
	for name, from := range inputs {
		b, ok := ex.Input(name)
		if !ok {
			r.Fatalf("no input %s", name)
		}
		x := r.read(from)
		if x.Shape.DType == dtype.I32 && len(b.U8) == x.Shape.Size() { // booleans
			for i, v := range x.I32() {
				b.U8[i] = byte(v)
			}
			continue
		}
		if copy(b.U8, x.Data) != len(b.U8) {
			r.Fatalf("%s has %d bytes, the input %s %d", from, len(x.Data), name, len(b.U8))
		}
	}
	if err := ex.Run(); err != nil {
		r.Fatal(err)
	}
	output := func(name string) []float32 {
		b, ok := ex.Output(name)
		if !ok {
			r.Fatalf("no output %s", name)
		}
		return b.F32
	}
	within(r.T, "loss", output(link.LossOutput), r.read("loss").F32(), 1e-5)
	for _, p := range flat.Params {
		within(r.T, "gradient of "+p.Name, output("grad."+p.Name), r.read("grad."+p.Name).F32(), 2e-5)
	}
	return output
}

func referenceOf(t *testing.T, file, name string) *reference {
	t.Helper()
	f, err := tensor.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &reference{t, f, name}
}

// tinyBEiT is that of testdata/make_beit.py: 9 patches, 4 of them hidden, 6 codes.
func tinyBEiT(pretext string, params ...schema.Named) train.Plugins {
	return train.Plugins{
		Backbone: inThisProcess("fw/vit", integer("dim", 16), integer("heads", 2), integer("depth", 2), integer("patch", 4)),
		Loss:     inThisProcess("fw/masked-cross-entropy"), Crop: inThisProcess("fw/random-resized-crop"),
		Pretext: inThisProcess(pretext, append([]schema.Named{integer("patch", 4), integer("codes", 6), integer("masked", 4), integer("min_block", 1)}, params...)...),
	}
}

// beitOutputs are what the views of a batch of 12 x 12 images give.
func beitOutputs(batch int) []*view.Output {
	return []*view.Output{{Name: "views.0", Shape: shape.F32(batch, 12, 12, 3)}, {Name: "target.hidden", Shape: shape.Of(dtype.Bool, batch, 3, 3)}}
}

// With its parameters, images, masks and codebook the task has the tokens, the loss
// and the gradients of the authors' code in PyTorch (float64), on a plain transformer
// and on theirs, with relative positions and scaled branches.
func TestBEiTEqualsPyTorch(t *testing.T) {
	for _, positions := range []string{"absolute", "relative"} {
		t.Run(positions, func(t *testing.T) { beitEqualsPyTorch(t, positions) })
	}
}

func beitEqualsPyTorch(t *testing.T, positions string) {
	p := tinyBEiT("fw/beit-k-means")
	if positions == "relative" {
		p.Backbone.Params = append(p.Backbone.Params, text("positions", "relative"), float("layer_scale", 0.5), text("weights", "rescaled"))
	}
	_, flat, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: 12}, beitOutputs(3))
	if err != nil {
		t.Fatal(err)
	}
	r := referenceOf(t, "beit.safetensors", positions)
	output := r.compare(flat, map[string]string{"batch/views.0": "x", "batch/target.hidden": "hidden", "state/codebook": "codebook"})
	within(t, "accuracy", output("metric/train/token_accuracy"), r.read("accuracy").F32(), 1e-6)
}

// beitTrainer trains on 64 images of 16 pixels, 16 patches each.
func beitTrainer(t *testing.T, change func(*train.Config), params ...schema.Named) (*train.Trainer, error) {
	t.Helper()
	set, err := data.Open("synthetic", data.Options{Count: 64, Size: 16, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	c := train.Config{Plugins: tinyBEiT("fw/beit-k-means", params...), Data: set.Train, Workers: 2, Seed: 1,
		Facts: train.Facts{Batch: 16, Samples: set.Train.Len(), Channels: 3, ImageSize: 16},
		Optim: optim.Config{Name: "adamw", LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, Steps: 8}}
	if change != nil {
		change(&c)
	}
	tr, err := train.NewTrainer(context.Background(), c)
	if err == nil {
		t.Cleanup(tr.Close)
	}
	return tr, err
}

// Before it has learnt anything a guess among K codes costs ln K, and is right once
// in K times; the codebook is used, and a mask hides as many patches as it says.
func TestBEiTAtTheStart(t *testing.T) {
	const codes = 32
	tr, err := beitTrainer(t, nil, integer("codes", codes), integer("masked", 7))
	if err != nil {
		t.Fatal(err)
	}
	if tr.LossClasses != codes {
		t.Errorf("the loss is one of %d classes, expected %d", tr.LossClasses, codes)
	}
	found := runPhases(t, tr)
	if p := found["codebook/perplexity"]; p < codes/4 || p > codes {
		t.Errorf("a perplexity of %v of %d codes", p, codes)
	}
	loss, metrics, err := tr.Run()
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(loss-math.Log(codes)) > 0.05 {
		t.Errorf("a loss of %v, expected %v", loss, math.Log(codes))
	}
	if a := metrics["train/token_accuracy"]; a > 0.3 {
		t.Errorf("an accuracy of %v before the first step", a)
	}
	p, err := tr.Views(0, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range p.Outputs {
		if o.Name != "target.hidden" {
			continue
		}
		for i := range 16 {
			n := 0
			for _, x := range o.Data[16*i : 16*i+16] {
				n += int(x)
			}
			if n != 7 {
				t.Errorf("image %d: %d patches are hidden, expected 7", i, n)
			}
		}
	}
}

// What does not fit the images, the network or the codebook is refused by the
// parameter's name, with the reason.
func TestBEiTRefuses(t *testing.T) {
	for want, param := range map[string]schema.Named{
		"parameter patch: images of 16 pixels do not divide into patches of 5":                                  integer("patch", 5),
		"parameter patch: expected the backbone's, which makes 16 patches of an image, found 2, which makes 64": integer("patch", 2),
		"parameter masked: expected less than the image's 16 patches, found 16":                                 integer("masked", 16),
		"parameter min_block: expected at most masked, which is 4, found 5":                                     integer("min_block", 5),
		"parameter codes: expected at most the 256 patches that are clustered, found 257":                       integer("codes", 257),
		"parameter per_image: expected at most the 16 patches of an image, found 17":                            integer("per_image", 17),
	} {
		if _, err := beitTrainer(t, nil, param); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

// The weights that end the branches of the l-th block start within 0.02/sqrt(2l), all
// others within 0.02; biases by relative position start at 0, and branches as they are told.
func TestRescaledWeights(t *testing.T) {
	p := tinyBEiT("fw/beit-k-means")
	p.Backbone.Params = append(p.Backbone.Params, text("positions", "relative"), float("layer_scale", 0.1), text("weights", "rescaled"))
	_, flat, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: 12}, beitOutputs(3))
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(2)
	defer workers.Close()
	state, err := train.NewState(flat, nil, rng.New(1), workers)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"blocks.0.attn.qkv.weight": 0.02, "blocks.1.mlp.fc1.weight": 0.02, "patch_embed.proj.weight": 0.02,
		"blocks.0.attn.proj.weight": 0.02 / math.Sqrt(2), "blocks.0.mlp.fc2.weight": 0.02 / math.Sqrt(2),
		"blocks.1.attn.proj.weight": 0.02 / 2, "blocks.1.mlp.fc2.weight": 0.02 / 2,
		"rel_pos_bias.relative_position_bias_table": 0, "blocks.1.ls2.gamma": 0.1,
	} {
		top := 0.0
		for _, x := range state.Buffers()["param/backbone."+name].F32 {
			top = max(top, math.Abs(float64(x)))
		}
		if top > want*(1+1e-6) || top < 0.9*want {
			t.Errorf("%s is within %v, expected %v", name, top, want)
		}
	}
}

// A network with relative positions needs every patch, which a masked autoencoder hides.
func TestRelativePositionsNeedEveryPatch(t *testing.T) {
	p := maskedAutoencoder("fixed", true, 0.5)
	p.Backbone.Params = append(p.Backbone.Params[:3:3], integer("patch", 4), text("positions", "relative"))
	want := "fw/vit: parameter positions: relative ones need the class token and all 9 patches, in their order; the task shows 5 tokens"
	_, _, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: 12}, []*view.Output{{Name: "views.0", Shape: shape.F32(3, 12, 12, 3)}})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("expected %q, found %v", want, err)
	}
}

// A patch of more pixels than a token has is one token of a smaller image, as 16 of 8
// in the paper.
func TestTokenizersSeeSmallerImages(t *testing.T) {
	p := tinyBEiT("fw/beit", integer("layers", 1), integer("hidden", 4), integer("code_dim", 5))
	_, flat, err := p.Objective(context.Background(), train.Facts{Batch: 3, Samples: 9, Channels: 3, ImageSize: 12}, beitOutputs(3))
	if err != nil {
		t.Fatal(err)
	}
	if len(flat.Pretrained) != 1 || flat.Pretrained[0] != "tokenizer" {
		t.Errorf("modules of elsewhere: %q", flat.Pretrained)
	}
	for _, p := range flat.Pictures {
		want := shape.F32(3, 6, 6, 3)
		if p.Name == "seen" {
			want = shape.F32(3, 12, 12, 3)
		}
		if got := flat.Func.Shape(p.Value); !got.Equal(want) {
			t.Errorf("%s: %s, expected %s", p.Name, got, want)
		}
	}
}

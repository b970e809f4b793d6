package builtin

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/sdk"
)

const (
	boxedSamples = 24
	boxedBatch   = 8
	boxedSide    = 12
	boxedEpochs  = 5
)

// headless is a network without a feature map.
type headless struct{}

func (headless) Stage(n *sdk.Net, stage string, x sdk.Value) sdk.Value {
	if stage != "pooled" {
		n.Fail("only pooled")
	}
	return sdk.Convolution("c", 4, 3, sdk.Square(1, 1))("", x).Mean(1, 2)
}

// boxed is a small training whose crops go by boxes.
func boxed(backbone string, change func(*train.Config)) (*train.Trainer, error) {
	handler := sdk.Handler(append(Plugins(), sdk.Backbone("t/headless", "1.0.0", headless{}))...)
	inproc := host.New("inproc", func(context.Context) (host.Caller, error) { return host.Func(handler), nil })
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	n := func(name string, v int) schema.Named { return schema.Named{Name: name, Value: schema.OfInt(v)} }
	params := map[string][]schema.Named{
		"fw/resnet": {n("depth", 10), n("width", 8), n("stages", 2), {Name: "stem", Value: schema.OfString("cifar")}},
		"fw/vit":    {n("dim", 16), n("heads", 2), n("depth", 1), n("patch", 4)},
	}
	p := train.Plugins{Backbone: at(backbone, params[backbone]...), Crop: at("fw/contrastive-crop"),
		Pretext: at("fw/simclr", n("hidden", 12), n("out", 8)), Loss: at("fw/ntxent")}
	set, err := data.Open("synthetic", data.Options{Count: boxedSamples * 5 / 4, Holdout: 0.2, Size: boxedSide, Channels: 3, Classes: 3})
	if err != nil {
		return nil, err
	}
	c := train.Config{Plugins: p, Data: set.Train, Workers: 2, Seed: 1,
		Facts:        train.Facts{Batch: boxedBatch, Samples: set.Train.Len(), Channels: 3, ImageSize: boxedSide},
		Optim:        optim.Config{Name: "sgd", LR: 0.3, Momentum: 0.9, Schedule: "constant", Steps: boxedEpochs * (set.Train.Len() / boxedBatch)},
		Localization: &localize.Schedule{WarmupEpochs: 2, EveryEpochs: 1, Threshold: 0.6, Initial: localize.Whole, Heat: localize.Sum}}
	if change != nil {
		change(&c)
	}
	return train.NewTrainer(context.Background(), c)
}

func mustBoxed(t *testing.T, backbone string, change func(*train.Config)) *train.Trainer {
	t.Helper()
	tr, err := boxed(backbone, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func step(t *testing.T, tr *train.Trainer) {
	t.Helper()
	if _, _, err := tr.Run(); err != nil {
		t.Fatal(err)
	}
}

func relocalize(t *testing.T, tr *train.Trainer) *localize.Coverage {
	t.Helper()
	c, err := tr.Relocalize(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seen is what the last step read, and what its batch looks like by the boxes of now.
func seen(t *testing.T, tr *train.Trainer) (read, now []byte) {
	t.Helper()
	per := tr.StepsPerEpoch()
	epoch, at := (tr.Step-1)/per, (tr.Step-1)%per
	views, err := tr.Views(epoch, data.Order(tr.Key(), epoch, tr.Data.Len())[at*boxedBatch:][:boxedBatch])
	if err != nil {
		t.Fatal(err)
	}
	b, _ := tr.Exec.Input(link.BatchPrefix + views.Outputs[0].Name)
	return slices.Clone(b.U8), views.Outputs[0].Data
}

// Every batch is cropped by the boxes that hold in its epoch, though the loader is
// ahead: found anew, they reach exactly the batches after them.
func TestBoxesReachTheBatchesAfterThem(t *testing.T) {
	tr := mustBoxed(t, "fw/resnet", nil)
	if tr.StepsPerEpoch() != 3 {
		t.Fatalf("%d steps an epoch", tr.StepsPerEpoch())
	}
	found := 0
	for tr.Step < tr.Optim.Steps {
		step(t, tr)
		if read, now := seen(t, tr); !bytes.Equal(read, now) {
			t.Fatalf("step %d saw other crops than its boxes give", tr.Step)
		}
		old := slices.Clone(tr.Boxes())
		time.Sleep(20 * time.Millisecond) // the loader fills what it can
		done, boundary := tr.Step/3, tr.Step%3 == 0
		c := relocalize(t, tr)
		if due := boundary && done >= 2 && done < boxedEpochs; (c != nil) != due {
			t.Fatalf("step %d: found %v, due %v", tr.Step, c != nil, due)
		}
		if c == nil {
			continue
		}
		if slices.Equal(old, tr.Boxes()) {
			t.Errorf("step %d: the boxes are the old ones; the test shows nothing", tr.Step)
		}
		found++
		if c.Images != tr.Data.Len() || c.Empty != 0 || c.Whole > 0.5 || c.Area <= 0 {
			t.Errorf("coverage %+v", *c)
		}
	}
	if found != 3 {
		t.Errorf("boxes were found %d times", found)
	}
}

// The first epochs crop without boxes, and what a later epoch sees of the initial
// box depends on the epoch alone.
func TestWarmUpIsByEpoch(t *testing.T) {
	with := func(warmup int, box view.Box) *train.Trainer {
		return mustBoxed(t, "fw/resnet", func(c *train.Config) {
			c.Localization = &localize.Schedule{WarmupEpochs: warmup, Threshold: 0.5, Initial: box, Heat: localize.Sum}
		})
	}
	at := []int{0, 1, 2, 3, 4, 5, 6, 7}
	views := func(tr *train.Trainer, epoch int) []byte {
		v, err := tr.Views(epoch, at)
		if err != nil {
			t.Fatal(err)
		}
		return v.Outputs[0].Data
	}
	plain, late, corner := with(boxedEpochs, localize.Whole), with(2, localize.Whole), with(2, view.Box{Y1: 0.2, X1: 0.2})
	for epoch := range boxedEpochs {
		if same := bytes.Equal(views(plain, epoch), views(late, epoch)); same != (epoch < 2) {
			t.Errorf("epoch %d: as plain crops: %v", epoch, same)
		}
		if same := bytes.Equal(views(late, epoch), views(corner, epoch)); same != (epoch < 2) {
			t.Errorf("epoch %d: the box changes nothing: %v", epoch, same)
		}
	}
}

// The box is that of the last map's channels added up by hand, with the statistics
// of evaluation.
func TestHeatIsOfTheLastMap(t *testing.T) {
	for _, c := range []struct {
		backbone string
		heat     localize.Heat
	}{{"fw/resnet", localize.Sum}, {"fw/resnet", localize.Norm}, {"fw/vit", localize.Norm}} {
		tr := mustBoxed(t, c.backbone, func(k *train.Config) { k.Localization.Heat, k.Localization.WarmupEpochs = c.heat, 0 })
		for range tr.StepsPerEpoch() {
			step(t, tr)
		}
		if relocalize(t, tr) == nil {
			t.Fatal("not due")
		}
		n := tr.Data.Len()
		maps, h, w, d := lastMaps(t, tr, n)
		for i := range n {
			heat := make([]float32, h*w)
			for p := range heat {
				var sum float64
				for _, x := range maps[(i*h*w+p)*d:][:d] {
					if c.heat == localize.Norm {
						x *= x
					}
					sum += float64(x)
				}
				if c.heat == localize.Norm {
					sum = math.Sqrt(sum)
				}
				heat[p] = float32(sum)
			}
			want, _ := localize.Find(heat, h, w, boxedSide, boxedSide, tr.Localization.Threshold)
			if got := tr.Boxes()[i]; got != want {
				t.Errorf("%s, %s: image %d: %v, expected %v", c.backbone, c.heat, i, got, want)
			}
		}
	}
}

// A ViT's attention is that of its class token in the last block, by hand: the mean
// over heads of softmax(q k / sqrt(d)), scaled to 0 to 1.
func TestAttentionIsTheClassTokens(t *testing.T) {
	tr := mustBoxed(t, "fw/vit", func(k *train.Config) { k.Localization.Heat = localize.Attention })
	step(t, tr)
	const n, dim, heads = 6, 16, 2
	tokens, dims := stageOf(t, tr, "embed", n)
	param := func(name string) []float32 {
		b, ok := tr.Exec.Input("param/" + train.EncoderScope(tr.Flat) + "." + name)
		if !ok {
			t.Fatalf("no parameter %s", name)
		}
		return b.F32
	}
	scale, offset := param("blocks.0.norm1.weight"), param("blocks.0.norm1.bias")
	weight, bias := param("blocks.0.attn.qkv.weight"), param("blocks.0.attn.qkv.bias")
	at := []int{0, 1, 2, 3, 4, 5}
	got, err := tr.Heats(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		project := func(token, row int) (sum float64) { // row of the 3*dim that qkv gives
			x := tokens[(i*dims[1]+token)*dim:][:dim]
			var mean, sq float64
			for _, v := range x {
				mean += float64(v) / dim
			}
			for _, v := range x {
				sq += (float64(v) - mean) * (float64(v) - mean) / dim
			}
			for j, v := range x {
				y := (float64(v)-mean)/math.Sqrt(sq+1e-6)*float64(scale[j]) + float64(offset[j])
				sum += y * float64(weight[row*dim+j])
			}
			return sum + float64(bias[row])
		}
		want := make([]float32, dims[1]-1)
		for h := range heads {
			e, total := make([]float64, dims[1]), 0.0
			for k := range e {
				dot := 0.0
				for j := range dim / heads {
					dot += project(0, h*dim/heads+j) * project(k, dim+h*dim/heads+j)
				}
				e[k] = math.Exp(dot / math.Sqrt(dim/heads))
				total += e[k]
			}
			for p := range want {
				want[p] += float32(e[p+1] / total / heads)
			}
		}
		scaled, _ := localize.Scaled(want)
		for p, w := range scaled {
			if d := got[i].Values[p] - w; got[i].H != 3 || got[i].W != 3 || d > 2e-3 || d < -2e-3 {
				t.Fatalf("image %d: %+v, want %v", i, got[i], scaled)
			}
		}
	}
	if _, err := boxed("fw/resnet", func(k *train.Config) { k.Localization.Heat = localize.Attention }); err == nil || !strings.Contains(err.Error(), `heat "attention"`) {
		t.Errorf("a network without attention: %v", err)
	}
}

// lastMaps runs the backbone up to its feature map on the first n whole images.
func lastMaps(t *testing.T, tr *train.Trainer, n int) (maps []float32, h, w, d int) {
	t.Helper()
	maps, dims := stageOf(t, tr, "map", n)
	return maps, dims[1], dims[2], dims[3]
}

// stageOf runs a stage of the backbone on the first n whole images.
func stageOf(t *testing.T, tr *train.Trainer, stage string, n int) ([]float32, []int) {
	t.Helper()
	x := shape.F32(n, boxedSide, boxedSide, 3)
	g, err := tr.Plugins.Stage(context.Background(), tr.Facts, stage, false, []shape.Shape{x})
	if err != nil {
		t.Fatal(err)
	}
	out := g.Shape(g.Outputs[0].Value)
	b := trace.New("maps")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return out, nil })
	if err := trace.Trace(func() { b.Output("map", b.Call("backbone."+stage, train.EncoderScope(tr.Flat), b.Input("x", x))) }); err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(b.Func(), func(ir.Attrs, []shape.Shape) (*ir.Func, error) { return g, nil })
	if err != nil {
		t.Fatal(err)
	}
	ex, err := exec.New(flat.Func, exec.Options{Pool: tr.Pool, Inputs: tr.State.Buffers()})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := eval.Plain(tr.Data, boxedSide, 3, n, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	if _, err := plain.Fill(tr.Pool, at, rng.New(0)); err != nil {
		t.Fatal(err)
	}
	in, _ := ex.Input("batch/x")
	copy(in.U8, plain.Outputs[0].Data)
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	r, _ := ex.Output("map")
	return r.F32, out.Dims
}

// torn is a dataset with an image that cannot be read.
type torn struct {
	data.Dataset
	at int
}

func (d torn) Decode(i int) (data.Image, error) {
	if i == d.at {
		return data.Image{}, errors.New("torn")
	}
	return d.Dataset.Decode(i)
}

// Where there is nothing to see the box is the whole image, and it is counted.
func TestImagesWithoutABox(t *testing.T) {
	tr := mustBoxed(t, "fw/resnet", func(c *train.Config) {
		c.Data, c.Localization.WarmupEpochs = torn{c.Data, 5}, 0
	})
	for range tr.StepsPerEpoch() {
		step(t, tr)
	}
	tr.Skipped = nil
	c := relocalize(t, tr)
	if c.Empty != 1 || tr.Boxes()[5] != localize.Whole || len(tr.Skipped) != 1 || tr.Skipped[0].ID != tr.Data.ID(5) {
		t.Errorf("an image that cannot be read: %+v, box %v, skipped %v", *c, tr.Boxes()[5], tr.Skipped)
	}
	for _, p := range tr.Flat.Params { // a dead network
		if b, ok := tr.Exec.Input(link.ParamPrefix + p.Name); ok && strings.Contains(p.Name, "backbone") {
			clear(b.F32)
		}
	}
	if c := relocalize(t, tr); c.Empty != tr.Data.Len() || c.Whole != 1 || c.Area != 1 {
		t.Errorf("a dead network: %+v", *c)
	}
}

func TestBoxesAreInTheCheckpoint(t *testing.T) {
	tr := mustBoxed(t, "fw/resnet", nil)
	for tr.Step < 2*tr.StepsPerEpoch() {
		step(t, tr)
	}
	relocalize(t, tr)
	items := func() map[string]tensor.Tensor {
		m := map[string]tensor.Tensor{}
		for _, i := range tr.Items() {
			m[i.Name] = i.Tensor.Clone()
		}
		return m
	}
	saved := items()
	again := mustBoxed(t, "fw/resnet", nil)
	if err := again.Restore(tr.Step, saved); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(tr.Boxes(), make([]view.Box, tr.Data.Len())) || !slices.Equal(tr.Boxes(), again.Boxes()) {
		t.Fatal("other boxes")
	}
	step(t, tr)
	step(t, again)
	a, _ := seen(t, tr)
	if b, _ := seen(t, again); !bytes.Equal(a, b) {
		t.Error("the batch after resuming differs")
	}
	nan := float32(math.NaN())
	for want, spoil := range map[string]func(m map[string]tensor.Tensor){
		"the checkpoint has none":                                      func(m map[string]tensor.Tensor) { delete(m, "sample/boxes") },
		"expected f32[24,4], the checkpoint has f32[5,4]":              func(m map[string]tensor.Tensor) { m["sample/boxes"] = tensor.FromF32(make([]float32, 20), 5, 4) },
		"image 1: expected edges from 0 to 1, the checkpoint has [NaN": func(m map[string]tensor.Tensor) { m["sample/boxes"].F32()[4] = nan },
		"image 2: expected edges from 0 to 1, the checkpoint has":      func(m map[string]tensor.Tensor) { copy(m["sample/boxes"].F32()[8:], []float32{0.5, 0, 0.25, 1}) },
	} {
		m := items()
		spoil(m)
		before := slices.Clone(again.Boxes())
		if err := again.Restore(tr.Step, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
		if !slices.Equal(before, again.Boxes()) {
			t.Errorf("%s: the boxes were changed", want)
		}
	}
}

// A network without a feature map is refused before the first step, unless no box
// will ever be found.
func TestBackbonesWithoutAMap(t *testing.T) {
	if _, err := boxed("t/headless", nil); err == nil || !strings.Contains(err.Error(), "only pooled") {
		t.Errorf("found %v", err)
	}
	tr, err := boxed("t/headless", func(c *train.Config) { c.Localization.WarmupEpochs = boxedEpochs })
	if err != nil {
		t.Fatal(err)
	}
	tr.Close()
}

package builtin

import (
	"context"
	"math"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// viewed is what a task's view program gives of n images of noise, of size pixels and
// not normalised.
func viewed(t *testing.T, pretext string, n, size int, params ...schema.Named) func(output string) *view.Output {
	t.Helper()
	ctx := context.Background()
	inproc := inProcess()
	p := train.Plugins{Pretext: &client.Client{Host: inproc, ID: pretext, Params: params}, Crop: &client.Client{Host: inproc, ID: "fw/random-crop"}}
	set, err := data.Open("synthetic", data.Options{Count: 2 * n, Size: size, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := p.Views(ctx, train.Facts{Batch: n, Samples: n, Channels: 3, ImageSize: size})
	if err != nil {
		t.Fatal(err)
	}
	program, err := view.New(flat, set.Train, n, nil, nil, &view.Calls{Crops: func(r view.CropRequest) ([]view.Rect, error) { return p.Crop.Crops(ctx, r) }})
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(2)
	defer workers.Close()
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	if _, err := program.Fill(workers, indices, rng.New(7)); err != nil {
		t.Fatal(err)
	}
	return func(name string) *view.Output {
		for _, o := range program.Outputs {
			if o.Name == name {
				return o
			}
		}
		t.Fatalf("%s gives no %s", pretext, name)
		return nil
	}
}

// counted is how many elements of each image a mask hides.
func counted(o *view.Output) (counts []int) {
	n := o.Shape.Dims[0]
	for i := range n {
		c := 0
		for _, b := range o.Data[i*len(o.Data)/n:][:len(o.Data)/n] {
			c += int(b)
		}
		counts = append(counts, c)
	}
	return counts
}

// SimMIM at 224 pixels hides ceil(0.6 * 49) = 30 cells of 32 pixels, at 192 pixels
// ceil(0.6 * 36) = 22. The context encoder cuts 56 x 56
// pixels of 128 x 128 out, a quarter at most in blocks, and a fifth to 30 % in regions.
func TestHowMuchIsHidden(t *testing.T) {
	for _, c := range []struct {
		pretext, mask string
		size          int
		params        []schema.Named
		least, most   int
	}{
		{"fw/simmim", "target.mask", 224, nil, 30, 30},
		{"fw/simmim", "target.mask", 192, nil, 22, 22},
		{"fw/simmim", "target.mask", 32, []schema.Named{integer("mask_patch", 8)}, 10, 10},
		{"fw/context-encoder", "target.hole", 128, nil, 56 * 56, 56 * 56},
		{"fw/context-encoder", "target.hole", 128, []schema.Named{integer("hole", 96), integer("overlap", 7)}, 82 * 82, 82 * 82},
		{"fw/context-encoder", "target.hole", 128, []schema.Named{text("region", "blocks")}, 16 * 16, 64 * 64},
		{"fw/context-encoder", "target.hole", 32, []schema.Named{text("region", "blocks"), integer("blocks", 7)}, 3 * 3, 16 * 16},
		{"fw/context-encoder", "target.hole", 128, []schema.Named{text("region", "random")}, 128 * 128 / 5, 128 * 128 * 3 / 10},
	} {
		counts := counted(viewed(t, c.pretext, 12, c.size, c.params...)(c.mask))
		for i, n := range counts {
			if n < c.least || n > c.most {
				t.Errorf("%s at %d pixels, image %d: %d are hidden, expected %d to %d", c.pretext, c.size, i, n, c.least, c.most)
			}
		}
	}
}

// What is seen of an image is the clean one where there is no hole, and the mean
// colour, 0, in the hole.
func TestHolesHaveTheMeanColour(t *testing.T) {
	at := viewed(t, "fw/context-encoder", 6, 32, text("region", "blocks"))
	seen, clean, hole := at("views.0"), at("target.clean"), at("target.hole")
	for i, b := range hole.Data {
		for c := range 3 {
			want := clean.F32(3*i + c)
			if b == 1 {
				want = 0
			}
			if got := seen.F32(3*i + c); got != want {
				t.Fatalf("pixel %d, channel %d: %v is seen, expected %v", i, c, got, want)
			}
		}
	}
}

// Each kind of noise destroys its share of the numbers: masking makes them 0, salt and
// pepper 0 as often as 1, and gaussian noise moves all, with the deviation asked for;
// what is to be painted stays clean.
func TestNoise(t *testing.T) {
	const n = 16 * 32 * 32 * 3
	for _, c := range []struct {
		noise        string
		param        schema.Named
		zeros, ones  float64
		changed, std float64
	}{
		{"masking", float("share", 0.4), 0.4, 0, 0.4, 0},
		{"salt-and-pepper", float("share", 0.3), 0.15, 0.15, 0.3, 0},
		{"gaussian", float("sigma", 0.3), 0, 0, 1, 0.3},
	} {
		at := viewed(t, "fw/denoising-autoencoder", 16, 32, text("noise", c.noise), c.param)
		x, clean := at("views.0"), at("target.clean")
		var zeros, ones, changed, square float64
		for i := range n {
			from, to := clean.F32(i), x.F32(i)
			if from < 0 || from > 1 {
				t.Fatalf("%s: clean pixels are %v", c.noise, from)
			}
			d := float64(to - from)
			square += d * d
			switch {
			case d == 0:
				continue
			case to == 0:
				zeros++
			case to == 1:
				ones++
			}
			changed++
		}
		for what, v := range map[string][2]float64{"zeros": {zeros, c.zeros}, "ones": {ones, c.ones}, "changed": {changed, c.changed}} {
			if got := v[0] / n; math.Abs(got-v[1]) > 0.015 { // images of noise hold 0.4 % of 0 and of 1 already
				t.Errorf("%s: a share of %v is %s, expected %v", c.noise, got, what, v[1])
			}
		}
		if std := math.Sqrt(square / n); c.std > 0 && math.Abs(std-c.std) > 0.01 {
			t.Errorf("%s: deviation %v, expected %v", c.noise, std, c.std)
		}
	}
}

// Where nothing is painted and the truth is 1 everywhere, the loss is the mean weight
// of the pixels that count: of a square of 8 with a band of 1, (36 + 10*28)/64; of a
// block of 5 x 4 in a corner, (20 + 10*10)/30.
func TestOverlapCountsTenTimes(t *testing.T) {
	for region, want := range map[string]float32{"center": 316. / 64, "blocks": 120. / 30} {
		tr := inpainter(t, inpainting[1], 3, text("region", region))
		for _, name := range []string{"decoder.0.weight", "decoder.3.weight"} {
			if w, ok := tr.Exec.Input(link.ParamPrefix + name); ok {
				clear(w.F32)
			}
		}
		clean, _ := tr.Exec.Input("batch/target.clean")
		for i := range clean.F32 {
			clean.F32[i] = 1
		}
		hole, _ := tr.Exec.Input("batch/target.hole")
		for i := range 3 {
			for y := range 16 {
				for x := range 16 {
					in := y < 5 && x < 4
					if region == "center" {
						in = min(y, x) >= 5 && max(y, x) < 11
					}
					if in {
						hole.U8[(i*16+y)*16+x] = 1
					}
				}
			}
		}
		at(t, tr, 0)
		loss, _ := tr.Exec.Output(link.LossOutput)
		near(t, region, loss.F32, []float32{want}, 1e-6)
	}
}

// A discriminator that knows nothing is wrong by ln 2 on each of its two questions, and
// so is what it says to the painter.
func TestDiscriminatorAtChance(t *testing.T) {
	tr := inpainter(t, inpainting[2], 3)
	w, _ := tr.Exec.Input(link.ParamPrefix + "discriminator.5.weight")
	clear(w.F32)
	hole, _ := tr.Exec.Input("batch/target.hole")
	hole.U8[0] = 1
	at(t, tr, 0)
	for name, want := range map[string]float64{"metric/train/discriminator": 2 * math.Ln2, "metric/train/adversarial": math.Ln2} {
		got, _ := tr.Exec.Output(name)
		near(t, name, got.F32, []float32{float32(want)}, 1e-6)
	}
}

// Of tokens with weights 0, 1 and 10 two count: errors of 2 in all numbers have
// (4 + 10*4)/2 of squares and (2 + 10*2)/2 of absolute values. With weights of 0 and 1
// it is the mean over the hidden ones.
func TestErrorsOverWhatCounts(t *testing.T) {
	prediction, target := tensor.New(shape.F32(1, 3, 4)), tensor.New(shape.F32(1, 3, 4))
	for i := range target.F32() {
		target.F32()[i] = 2
	}
	for id, want := range map[string][2]float32{"fw/masked-mse": {22, 4}, "fw/masked-l1": {11, 2}} {
		for i, weights := range [][]float32{{0, 1, 10}, {1, 0, 1}} {
			mask := tensor.New(shape.F32(1, 3))
			copy(mask.F32(), weights)
			in := []tensor.Tensor{prediction, target, mask}
			ex := evaluated(t, lossFunc(t, id, nil, []shape.Shape{in[0].Shape, in[1].Shape, in[2].Shape}).Func, in)
			got, _ := ex.Output("loss")
			near(t, id, got.F32, want[i:i+1], 1e-6)
		}
	}
}

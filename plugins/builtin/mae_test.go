package builtin

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// maskedAutoencoder is the tiny one of testdata/make_mae.py.
func maskedAutoencoder(positions string, normPix bool, ratio float64) train.Plugins {
	inproc := inProcess()
	at := func(id string, params ...schema.Named) *client.Client {
		return &client.Client{Host: inproc, ID: id, Params: params}
	}
	return train.Plugins{
		Backbone: at("fw/vit", integer("dim", 16), integer("heads", 2), integer("depth", 2), integer("patch", 4), text("positions", positions), text("weights", "xavier")),
		Loss:     at("fw/masked-mse"),
		Pretext: at("fw/mae", integer("dim", 8), integer("depth", 1), integer("heads", 2), text("positions", positions),
			schema.Named{Name: "norm_pix", Value: schema.OfBool(normPix)}, schema.Named{Name: "mask_ratio", Value: schema.OfFloat(ratio)}),
	}
}

// objective is the task over a batch of 12 x 12 images.
func objective(t *testing.T, p train.Plugins, batch int) *link.Flat {
	t.Helper()
	_, flat, err := p.Objective(context.Background(), train.Facts{Batch: batch, Samples: batch, Channels: 3, ImageSize: 12},
		[]*view.Output{{Name: "views.0", Shape: shape.F32(batch, 12, 12, 3)}})
	if err != nil {
		t.Fatal(err)
	}
	return flat
}

// given makes the result of the function's only instruction of that op an input.
func given(t *testing.T, f *ir.Func, op, name string) {
	t.Helper()
	at := slices.IndexFunc(f.Instrs, func(in ir.Instr) bool { return in.Op == op })
	if at < 0 {
		t.Fatalf("no %s", op)
	}
	drawn := f.Instrs[at].Out[0]
	v := f.AddInput(name, f.Shape(drawn))
	f.Instrs = slices.Delete(f.Instrs, at, at+1)
	for i := range f.Instrs {
		for j, w := range f.Instrs[i].In {
			if w == drawn {
				f.Instrs[i].In[j] = v
			}
		}
	}
}

// With its parameters, images and noise, the task has the loss, the gradients and
// the painted pixels of the authors' code in PyTorch (float64).
func TestMaskedAutoencoderEqualsPyTorch(t *testing.T) {
	file, err := tensor.Open("testdata/mae.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	workers := pool.New(2)
	defer workers.Close()
	for _, c := range []struct {
		positions string
		normPix   bool
		ratio     float64
	}{{"fixed", true, 0.75}, {"learned", false, 0.5}} {
		t.Run(c.positions, func(t *testing.T) {
			read := func(name string) []float32 {
				x, err := file.Read(c.positions + "." + name)
				if err != nil {
					t.Fatal(err)
				}
				return x.F32()
			}
			flat := objective(t, maskedAutoencoder(c.positions, c.normPix, c.ratio), 3)
			state, err := train.NewState(flat, nil, rng.New(1), workers)
			if err != nil {
				t.Fatal(err)
			}
			f := flat.Func
			given(t, f, "rng_uniform", "noise")
			loss, _ := f.Output(link.LossOutput)
			var wrt []ir.ID
			var names []string
			for _, p := range flat.Params {
				if p.Attrs.Int("frozen", 0) >= 0 {
					wrt, names = append(wrt, p.Value), append(names, p.Name)
				}
			}
			grads, err := autodiff.Gradients(f, loss, wrt)
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range grads {
				f.Outputs = append(f.Outputs, ir.Port{Name: "grad." + names[i], Value: g})
			}
			f.Outputs = append(f.Outputs, flat.Pictures...)
			compiled, err := compile.Func(f)
			if err != nil {
				t.Fatal(err)
			}
			ex, err := exec.New(compiled, exec.Options{Pool: workers, Inputs: state.Buffers()})
			if err != nil {
				t.Fatal(err)
			}
			input := func(name string) []float32 {
				b, ok := ex.Input(name)
				if !ok {
					t.Fatalf("no input %s", name)
				}
				return b.F32
			}
			if c.positions == "fixed" {
				within(t, "pos_embed as it starts", input("param/backbone.pos_embed"), read("param.backbone.pos_embed"), 1e-6)
			}
			found := 0
			for _, name := range file.Names() {
				if rest, ok := strings.CutPrefix(name, c.positions+".param."); ok {
					found++
					copy(input("param/"+rest), read("param."+rest))
				}
			}
			if found != len(flat.Params) {
				t.Fatalf("PyTorch has %d parameters, the task %d", found, len(flat.Params))
			}
			copy(input("batch/views.0"), read("x"))
			copy(input("noise"), read("noise"))
			if err := ex.Run(); err != nil {
				t.Fatal(err)
			}
			output := func(name string) []float32 {
				b, ok := ex.Output(name)
				if !ok {
					t.Fatalf("no output %s", name)
				}
				return b.F32
			}
			within(t, "loss", output(link.LossOutput), read("loss"), 1e-5)
			for _, name := range names {
				within(t, "gradient of "+name, output("grad."+name), read("grad."+name), 2e-5)
			}
			painted := read("painted")
			within(t, "painted", patches(output("painted"), 3), painted, 1e-5)

			// The picture has the pixels of the seen patches, and what was painted elsewhere.
			x, mask, around := patches(read("x"), 3), read("mask"), patches(output("painted around seen"), 3)
			for i := range x {
				want := x[i]
				if mask[i/48] == 1 {
					want = painted[i]
				}
				if d := math.Abs(float64(around[i] - want)); d > 1e-5 {
					t.Fatalf("painted around seen: pixel %d is %v, want %v", i, around[i], want)
				}
			}
		})
	}
}

// patches is [n,12,12,3] as [n,9,48]: rows, columns, channels of each 4 x 4 patch.
func patches(x []float32, n int) []float32 {
	out := make([]float32, 0, len(x))
	for i := range n {
		for p := range 9 {
			for q := range 16 {
				at := ((i*12+p/3*4+q/4)*12 + p%3*4 + q%4) * 3
				out = append(out, x[at:at+3]...)
			}
		}
	}
	return out
}

// within bounds the error by a share of the largest element.
func within(t *testing.T, what string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	top := 0.0
	for _, w := range want {
		top = max(top, math.Abs(float64(w)))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= bound*top) {
			t.Fatalf("%s: element %d is %v, PyTorch has %v; the largest is %v", what, i, got[i], w, top)
		}
	}
}

// Standardised patches have a mean square of (n-1)/n over n pixels, which is the loss of
// a decoder that paints nothing; one as it starts adds the variance of what it paints.
func TestMaskedAutoencoderAtTheStart(t *testing.T) {
	const batch = 64
	flat := objective(t, maskedAutoencoder("fixed", true, 0.75), batch)
	ex := atTheStart(t, flat)
	x, _ := ex.Input("batch/views.0")
	st := rng.New(2).Stream()
	for i := range x.F32 {
		x.F32[i] = float32(st.Normal())
	}
	loss := func() float64 {
		if err := ex.Run(); err != nil {
			t.Fatal(err)
		}
		b, _ := ex.Output(link.LossOutput)
		return float64(b.F32[0])
	}
	// A row of the last layer has a variance of 2/(8+48); its input, out of a
	// LayerNorm, a mean square of 1.
	if got, want := loss(), 47./48+8*2./(8+48); math.Abs(got-want) > 0.15 {
		t.Errorf("at the start: found %v, expected about %v", got, want)
	}
	w, _ := ex.Input("param/decoder_pred.weight")
	clear(w.F32)
	if got := loss(); math.Abs(got-47./48) > 1e-5 {
		t.Errorf("nothing painted: found %v, expected 47/48", got)
	}
}

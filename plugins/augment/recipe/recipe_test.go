package recipe

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// traced is the probabilities of an op in the recipe for a view: that of the draw
// which chooses it.
func traced(t *testing.T, id string, view int, params ...schema.Named) (map[string]float64, *ir.Func) {
	t.Helper()
	req := wire.TraceRequest{Plugin: id, Func: "augment", View: view, Params: params, Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 8, 8, 3)}}}
	b, err := sdk.Handler(Plugins()...)(abi.Trace, wire.Marshal(nil, &req))
	if err != nil {
		t.Fatal(err)
	}
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	f := reply.Program.Func("augment")
	by := map[ir.ID]*ir.Instr{}
	for i := range f.Instrs {
		for _, out := range f.Instrs[i].Out {
			by[out] = &f.Instrs[i]
		}
	}
	p := map[string]float64{}
	for i := range f.Instrs {
		if in := &f.Instrs[i]; in.Op == "select" {
			p[strings.TrimPrefix(by[in.In[1]].Op, "image_")] = by[in.In[0]].Attrs.Float("p", -1)
		}
	}
	return p, f
}

// The asymmetric pair of BYOL, the third kind of view of DINO, and what MoCo v1
// does without are as published.
func TestRecipesPerView(t *testing.T) {
	for _, c := range []struct {
		id   string
		view int
		want map[string]float64
	}{
		{"fw/byol-augment", 0, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 0.8, "grayscale": 0.2, "gaussian_blur": 1}},
		{"fw/byol-augment", 1, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 0.8, "grayscale": 0.2, "gaussian_blur": 0.1, "solarize": 0.2}},
		{"fw/dino-augment", 1, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 0.8, "grayscale": 0.2, "gaussian_blur": 0.1, "solarize": 0.2}},
		{"fw/dino-augment", 7, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 0.8, "grayscale": 0.2, "gaussian_blur": 0.5}},
		{"fw/moco-augment", 1, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 0.8, "grayscale": 0.2, "gaussian_blur": 0.5}},
		{"fw/instdisc-augment", 0, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 1, "grayscale": 0.2}},
		{"fw/beit-augment", 0, map[string]float64{"flip_horizontal": 0.5, "color_jitter": 1}},
	} {
		got, f := traced(t, c.id, c.view)
		if len(got) != len(c.want) {
			t.Errorf("%s, view %d: %v, want %v", c.id, c.view, got, c.want)
		}
		for op, p := range c.want {
			if got[op] != p {
				t.Errorf("%s, view %d: %s with probability %v, want %v", c.id, c.view, op, got[op], p)
			}
		}
		if c.id == "fw/byol-augment" { // factors of jitter 0.4, 0.4, 0.2 and hue 0.1
			var bounds []float64
			for i := range f.Instrs {
				if in := &f.Instrs[i]; in.Op == "draw_uniform" {
					bounds = append(bounds, in.Attrs.Float("low", 0), in.Attrs.Float("high", 0))
				}
			}
			for i, want := range []float64{0.6, 1.4, 0.6, 1.4, 0.8, 1.2, -0.1, 0.1, 0.1, 2} {
				if bounds[i] != want {
					t.Errorf("bounds %v", bounds)
					break
				}
			}
		}
	}
}

func TestRecipesRefuseNoNumbers(t *testing.T) {
	req := wire.TraceRequest{Plugin: "fw/byol-augment", Func: "augment", Params: []schema.Named{{Name: "blur", Value: schema.OfFloats()}}, Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 8, 8, 3)}}}
	_, err := sdk.Handler(Plugins()...)(abi.Trace, wire.Marshal(nil, &req))
	if err == nil || err.Error() != "fw/byol-augment: parameter blur: expected a probability for each view, found none" {
		t.Error(err)
	}
}

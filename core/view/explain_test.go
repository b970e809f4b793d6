package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// An explanation has what was really done to a view: the branch that was taken,
// the numbers that were drawn, what the author named, and the view's targets alone.
func TestExplanations(t *testing.T) {
	const n = 40
	b := trace.New("views")
	err := trace.Trace(func() {
		emit := func(op string, in []trace.Value, attrs ...ir.Attr) trace.Value { return b.Emit(op, in, attrs...)[0] }
		in := b.Input("image", shape.Of(dtype.Image))
		x := emit("image_crop_resize", []trace.Value{in, emit("image_rect", []trace.Value{in})}, ir.Int("height", 8), ir.Int("width", 8), ir.Int("channels", 3), ir.String("interpolation", "bilinear"))
		sigma := emit("draw_uniform", nil, ir.Float("low", 0.5), ir.Float("high", 2))
		b.Emit("note", []trace.Value{sigma}, ir.String("name", "sigma"))
		coin := emit("draw_bernoulli", nil, ir.Float("p", 0.5))
		blurred := coin.Where(emit("image_gaussian_blur", []trace.Value{x, sigma}), emit("image_flip_horizontal", []trace.Value{x}))
		b.Output("view.0", emit("image_to_float", []trace.Value{blurred}))
		b.Output("target.coin.0", coin)
		grey := emit("image_to_float", []trace.Value{emit("image_grayscale", []trace.Value{x})})
		b.Output("view.1", grey)
		b.Output("view.2", coin.Where(grey, emit("image_to_float", []trace.Value{x}))) // of numbers, not pictures
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(b.Func(), noise(n, 9), n, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Explain = true
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	w := pool.New(3)
	defer w.Close()
	if _, err := p.Fill(w, all, rng.New(3)); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for i := range n {
		e := p.Explanations(i)
		if got := fmt.Sprint(e[1]); len(e) != 3 || got != "[{grayscale [] false}]" {
			t.Errorf("sample %d, view 1: %s", i, got)
		}
		got := fmt.Sprint(e[0])
		heads := strings.Contains(got, "{coin [1] true}")
		if grey := strings.Contains(fmt.Sprint(e[2]), "grayscale"); grey != heads {
			t.Errorf("sample %d, view 2: %v, the coin shows %v", i, e[2], heads)
		}
		if heads {
			taken++
			if len(e[0]) != 3 || e[0][0].Name != "sigma" || e[0][1].Name != "gaussian_blur" || e[0][0].Values[0] != e[0][1].Values[0] || !(e[0][0].Values[0] >= 0.5 && e[0][0].Values[0] < 2) {
				t.Errorf("sample %d: %s", i, got)
			}
		} else if got != "[{flip_horizontal [] false} {coin [0] true}]" {
			t.Errorf("sample %d: %s", i, got)
		}
	}
	if taken == 0 || taken == n {
		t.Errorf("the coin falls %d times of %d", taken, n)
	}
}

// A draw for the batch is one for all of its samples and another in another batch.
func TestDrawsOfABatch(t *testing.T) {
	p, err := program(noise(6, 5), 3, Rect{}, func(b *trace.Builder, in trace.Value) {
		x := b.Emit("image_crop_resize", []trace.Value{in, b.Emit("image_rect", []trace.Value{in})[0]}, ir.Int("height", 2), ir.Int("width", 2), ir.Int("channels", 3), ir.String("interpolation", "bilinear"))
		b.Output("view.0", b.Emit("image_to_float", x)[0])
		b.Output("target.shared.0", b.Emit("draw_uniform", nil, ir.Float("low", 0), ir.Float("high", 1), ir.Int("batch", 1))[0])
		b.Output("target.own.0", b.Emit("draw_uniform", nil, ir.Float("low", 0), ir.Float("high", 1), ir.OfShape("shape", shape.F32(4)))[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float32]bool{}
	for _, indices := range [][]int{{0, 1, 2}, {3, 4, 5}} {
		fill(t, p, indices, 2)
		own, shared := p.Outputs[2], p.Outputs[1]
		if own.Name != "target.own" {
			own, shared = shared, own
		}
		if shared.F32(0) != shared.F32(1) || shared.F32(1) != shared.F32(2) || seen[shared.F32(0)] {
			t.Errorf("batch %v: %v %v %v", indices, shared.F32(0), shared.F32(1), shared.F32(2))
		}
		seen[shared.F32(0)] = true
		for i := range 12 {
			if seen[own.F32(i)] {
				t.Errorf("element %d of %v is drawn twice", i, indices)
			}
			seen[own.F32(i)] = true
		}
	}
}

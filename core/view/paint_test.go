package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// paintedTwice is two views: one that a plugin computes twice, one after the other and
// only half of the time at first, and one that it computes once.
func paintedTwice(b *trace.Builder, in trace.Value) {
	emit := func(op string, in []trace.Value, attrs ...ir.Attr) trace.Value { return b.Emit(op, in, attrs...)[0] }
	x := emit("image_crop_resize", []trace.Value{in, emit("image_rect", []trace.Value{in})}, ir.Int("height", 4), ir.Int("width", 4), ir.Int("channels", 3), ir.String("interpolation", "bilinear"))
	ask := func(x trace.Value, view int) trace.Value {
		return emit("call", []trace.Value{x}, ir.String("callee", "pixels"), ir.Int("view", view), ir.OfShape("shape", x.Shape()))
	}
	half := emit("draw_bernoulli", nil, ir.Float("p", 0.5))
	first := half.Where(ask(x, 0), x)
	second := emit("image_flip_horizontal", []trace.Value{ask(emit("image_flip_horizontal", []trace.Value{first}), 1)})
	b.Output("view.0", emit("image_to_float", []trace.Value{second}))
	b.Output("view.1", emit("image_to_float", []trace.Value{ask(x, 2)}))
	b.Output("target.half.0", half)
}

// added adds 1 + view to every level, and what the key draws to the first.
func added(asked *[]string) Pixels {
	return func(r PixelRequest) ([][]uint8, error) {
		out := make([][]uint8, len(r.Pix))
		for i, p := range r.Pix {
			if asked != nil {
				*asked = append(*asked, fmt.Sprint(r.Views[i]))
			}
			out[i] = slices.Clone(p)
			for j := range out[i] {
				out[i][j] += uint8(1 + r.Views[i])
			}
			k := r.Keys[i].Stream()
			out[i][0] += uint8(k.Uint32())
		}
		return out, nil
	}
}

func painter(t *testing.T, pixels Pixels, n int) *Program {
	t.Helper()
	b := trace.New("views")
	if err := trace.Trace(func() { paintedTwice(b, b.Input("image", shape.Of(dtype.Image))) }); err != nil {
		t.Fatal(err)
	}
	p, err := New(b.Func(), noise(n, 20), n, nil, nil, &Calls{Pixels: pixels})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a plugin computes is asked for in batches, in the order in which one
// depends on another, where it is needed alone, and for each place with a key of its own.
func TestPixelsOfAPlugin(t *testing.T) {
	const n = 30
	var asked []string
	p := painter(t, added(&asked), n)
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	views := func(workers int) []float32 { return fill(t, p, all, workers) }
	got := slices.Clone(views(1))
	counts := map[string]int{}
	for _, v := range asked {
		counts[v]++
	}
	halves := 0
	for _, h := range p.Outputs[1].Data {
		halves += int(h)
	}
	if halves == 0 || halves == n || counts["0"] != halves || counts["1"] != n || counts["2"] != n {
		t.Errorf("asked %v of %d samples, %d of which take the first", counts, n, halves)
	}
	if last := slices.Index(asked, "1"); slices.Contains(asked[last:], "0") && !slices.Contains(asked[:last], "0") {
		t.Error("the second was asked before the first")
	}
	const item = 48
	levels := func(view, i, j int) int { return int(got[(view*n+i)*item+j]*255 + 0.5) }
	keys := map[int]bool{}
	for i := range n {
		// the pixel in the middle: what the image has, plus 1 if the first was taken, plus 2 of the second
		if d := (levels(0, i, 30) - levels(1, i, 30) + 256) % 256; d != (2+int(p.Outputs[1].Data[i])-3+256)%256 {
			t.Errorf("sample %d: the views differ by %d, half is %d", i, d, p.Outputs[1].Data[i])
		}
		keys[(levels(1, i, 0)-levels(0, i, 0)+256)%256] = true
	}
	if len(keys) < n/2 {
		t.Errorf("only %d different draws", len(keys))
	}
	for _, workers := range []int{2, 5} {
		if !slices.Equal(views(workers), got) {
			t.Errorf("%d workers give other views", workers)
		}
	}
}

// A plugin may answer anything.
func TestPixelsThatDoNotFit(t *testing.T) {
	for want, f := range map[string]Pixels{
		"no thanks":                     func(PixelRequest) ([][]uint8, error) { return nil, errors.New("no thanks") },
		"pictures, found 0":             func(PixelRequest) ([][]uint8, error) { return nil, nil },
		"expected 48 bytes for u8[4,4,": func(r PixelRequest) ([][]uint8, error) { return make([][]uint8, len(r.Pix)), nil },
	} {
		w := pool.New(1)
		_, err := painter(t, f, 3).Fill(w, []int{0, 1, 2}, rng.New(2))
		w.Close()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

// Large batches are asked for in portions that a guest can hold.
func TestPixelsComeInPortions(t *testing.T) {
	most := 0
	b := trace.New("views")
	err := trace.Trace(func() {
		in := b.Input("image", shape.Of(dtype.Image))
		x := b.Emit("image_crop_resize", []trace.Value{in, b.Emit("image_rect", []trace.Value{in})[0]}, ir.Int("height", 600), ir.Int("width", 600), ir.Int("channels", 3), ir.String("interpolation", "nearest"))[0]
		y := b.Emit("call", []trace.Value{x}, ir.String("callee", "pixels"), ir.OfShape("shape", x.Shape()))
		b.Output("view.0", b.Emit("image_to_float", y)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(b.Func(), noise(9, 9), 9, nil, nil, &Calls{Pixels: func(r PixelRequest) ([][]uint8, error) {
		most = max(most, len(r.Pix))
		return r.Pix, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, p, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, 2)
	if most != maxPaint/(600*600*3) {
		t.Errorf("%d pictures at once", most)
	}
}

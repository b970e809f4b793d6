package view

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// The whole recipe runs on images of one pixel, one row and one column, in
// grey and in colour, and gives finite numbers.
func TestThinImages(t *testing.T) {
	var ds album
	for _, s := range [][3]int{{1, 1, 3}, {1, 1, 1}, {1, 300, 3}, {300, 1, 3}, {1, 2, 1}, {2, 1, 1}} {
		ds = append(ds, data.Image{Pix: bytes.Repeat([]byte{200}, s[0]*s[1]*s[2]), H: s[0], W: s[1], C: s[2]})
	}
	for _, c := range []int{1, 3} {
		p := simclr(t, ds, len(ds), 16, c)
		for seed := range uint64(40) {
			w := pool.New(1)
			if _, err := p.Fill(w, []int{0, 1, 2, 3, 4, 5}, rng.New(seed)); err != nil {
				t.Fatal(err)
			}
			w.Close()
			for i := range p.Outputs[0].Shape.Size() {
				if x := p.Outputs[0].F32(i); math.IsNaN(float64(x)) || math.Abs(float64(x)) > 5 {
					t.Fatalf("element %d is %v", i, x)
				}
			}
		}
	}
}

func TestBadRectangles(t *testing.T) {
	img := data.Image{Pix: make([]uint8, 6*9*3), H: 6, W: 9, C: 3}
	for _, r := range []Rect{
		{Y: 0, X: 0, H: 0, W: 5}, {Y: 0, X: 0, H: 5, W: 0}, {Y: 0, X: 0, H: -1, W: 5}, {Y: -1, X: 0, H: 2, W: 2}, {Y: 0, X: -1, H: 2, W: 2}, {Y: 0, X: 0, H: 7, W: 9}, {Y: 0, X: 0, H: 6, W: 10},
		{Y: 6, X: 0, H: 1, W: 1}, {Y: 0, X: 9, H: 1, W: 1}, {Y: 3, X: 3, H: 4, W: 4}, {Y: math.MaxInt, X: 0, H: 1, W: 1}, {Y: 1, X: 1, H: math.MaxInt, W: 1}, {Y: 1, X: 1, H: 1, W: math.MaxInt},
	} {
		p, err := program([]data.Image{img}, 1, r, func(b *trace.Builder, in trace.Value) { recipe(b, in, 8, 3, 1) })
		if err != nil {
			t.Fatal(err)
		}
		w := pool.New(1)
		_, err = p.Fill(w, []int{0}, rng.New(0))
		w.Close()
		if err == nil || !strings.Contains(err.Error(), "crop of image a: expected a rectangle of 1 pixel or more inside 6 x 9") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// A dataset's image that is not what it says is replaced and named; so is one
// that cannot be read. Nothing but such images is an error.
func TestBadImages(t *testing.T) {
	good := data.Image{Pix: []uint8{10, 20, 30, 40}, H: 2, W: 2, C: 1}
	for name, bad := range map[string]data.Image{
		"unreadable": {}, "short": {Pix: make([]uint8, 5), H: 2, W: 1, C: 3}, "long": {Pix: make([]uint8, 7), H: 2, W: 1, C: 3},
		"four channels": {Pix: make([]uint8, 16), H: 2, W: 2, C: 4}, "no channels": {Pix: []uint8{}, H: 2, W: 2},
		"no height": {Pix: []uint8{}, W: 3, C: 1}, "no width": {Pix: []uint8{}, H: 3, C: 1},
		"overflow": {Pix: make([]uint8, 4), H: 1 << 62, W: 4, C: 1},
	} {
		w := pool.New(2)
		p := simclr(t, album{bad, good}, 2, 4, 3)
		skipped, err := p.Fill(w, []int{0, 1}, rng.New(0))
		if err != nil || len(skipped) != 1 || skipped[0].ID != "image a" {
			t.Errorf("%s: %v, %v", name, skipped, err)
		}
		p = simclr(t, album{bad, bad}, 1, 4, 3)
		if _, err := p.Fill(w, []int{1}, rng.New(0)); err == nil || !strings.Contains(err.Error(), "2 images in a row cannot be read, the first: image b: ") {
			t.Errorf("%s alone: %v", name, err)
		}
		w.Close()
	}
}

func TestBatchOfAnotherSize(t *testing.T) {
	w := pool.New(1)
	defer w.Close()
	for _, indices := range [][]int{nil, {0}, {0, 0, 0}} {
		if _, err := simclr(t, noise(1, 9), 2, 4, 3).Fill(w, indices, rng.New(0)); err == nil || !strings.Contains(err.Error(), "expected a batch of 2 positions") {
			t.Errorf("%d positions: %v", len(indices), err)
		}
	}
}

// Programs that no engine could run are refused when they are bound, with the
// op and what was expected; values that only a sample shows, when they appear.
func TestBadPrograms(t *testing.T) {
	img := data.Image{Pix: []uint8{10, 20, 30, 40}, H: 2, W: 2, C: 1}
	for _, c := range []struct {
		want string
		f    func(b *trace.Builder, in, x trace.Value) trace.Value
	}{
		{"input y: expected the image, found f32[3]", func(b *trace.Builder, _, x trace.Value) trace.Value { b.Input("y", shape.F32(3)); return x }},
		{"param: a view program cannot run it", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Param("w", trace.Constant(0), []int{3})
			return x
		}},
		{"eval: a view program cannot run it", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("eval", []trace.Value{b.Scalar(1)}, ir.String("callee", "loss"))
			return x
		}},
		{"reshape: expected f32, i32, u32, u8 or bool, found image[]", func(b *trace.Builder, in, x trace.Value) trace.Value {
			b.Emit("reshape", []trace.Value{in}, ir.Ints("to", 1))
			return x
		}},
		{"call: the program asks for pixels, and there is no plugin", func(b *trace.Builder, _, x trace.Value) trace.Value {
			return b.Emit("call", []trace.Value{x}, ir.String("callee", "pixels"), ir.OfShape("shape", x.Shape()))[0]
		}},
		{"call: expected a call on pixels to give a picture", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("call", []trace.Value{x}, ir.String("callee", "pixels"), ir.OfShape("shape", shape.F32(3)))
			return x
		}},
		{"draw_block_mask: expected min of 1 or more", attr("draw_block_mask", true, ir.Int("height", 4), ir.Int("width", 4), ir.Int("min", 0), ir.Int("max", 0), ir.Float("min_ratio", 0.3))},
		{"draw_block_mask: expected min of 1 or more", attr("draw_block_mask", true, ir.Int("height", 4), ir.Int("width", 4), ir.Int("min", 5), ir.Int("max", 4), ir.Float("min_ratio", 0.3))},
		{"draw_block_mask: expected min of 1 or more", attr("draw_block_mask", true, ir.Int("height", 4), ir.Int("width", 4), ir.Int("min", 1), ir.Int("max", 0), ir.Float("min_ratio", math.NaN()))},
		{"draw_region_mask: expected scale in (0, 1]", attr("draw_region_mask", false, ir.Int("height", 4), ir.Int("width", 4), ir.Float("scale", 0), ir.Float("density", 0.3), ir.Float("min", 0), ir.Float("max", 1))},
		{"draw_region_mask: expected scale in (0, 1]", attr("draw_region_mask", false, ir.Int("height", 4), ir.Int("width", 4), ir.Float("scale", 0.1), ir.Float("density", math.NaN()), ir.Float("min", 0), ir.Float("max", 1))},
		{"draw_block_mask: expected a count of 0 to 16 cells, found 17", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Output("target.mask.0", b.Emit("draw_block_mask", []trace.Value{b.Fill(shape.Of(dtype.I32), 17)}, ir.Int("height", 4), ir.Int("width", 4), ir.Int("min", 1), ir.Int("max", 0), ir.Float("min_ratio", 0.3))[0])
			return x
		}},
		{"image_standardize: expected epsilon above 0", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("image_standardize", b.Emit("image_to_float", []trace.Value{x}), ir.Float("epsilon", 0))
			return x
		}},
		{"soft_quantize: expected sigma above 0, found 0", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("soft_quantize", []trace.Value{b.Fill(shape.F32(2, 2), 0), b.Fill(shape.F32(3, 2), 0)}, ir.Int("k", 1), ir.Float("sigma", 0))
			return x
		}},
		{"image_rotate: expected operand 1 of -1e+06 to 1e+06, found NaN", func(b *trace.Builder, _, x trace.Value) trace.Value {
			return b.Emit("image_rotate", []trace.Value{x, b.Scalar(math.NaN())}, ir.String("interpolation", "nearest"), ir.Int("fill", 0))[0]
		}},
		{"image_affine: expected a scale of 0.001 to 1000, found 0", func(b *trace.Builder, _, x trace.Value) trace.Value {
			z := b.Scalar(0)
			return b.Emit("image_affine", []trace.Value{x, z, z, z, z, z, z}, ir.String("interpolation", "nearest"), ir.Int("fill", 0))[0]
		}},
		{`call: expected a crop, found a call of "augment"`, func(b *trace.Builder, in, x trace.Value) trace.Value {
			b.Emit("call", []trace.Value{in}, ir.String("callee", "augment"), ir.OfShape("shape", shape.Of(dtype.Rect)))
			return x
		}},
		{"image_posterize: expected 0 to 8 bits, found 9", byInt("image_posterize", 9)},
		{"image_posterize: expected 0 to 8 bits, found -1", byInt("image_posterize", -1)},
		{"draw_int: expected n of 1", attr("draw_int", false, ir.Int("n", 0))},
		{"draw_int: expected n of 1", attr("draw_int", false, ir.Int("n", 1<<40))},
		{"draw_beta: expected shapes above 0, found 0 and 1", attr("draw_beta", false, ir.Float("a", 0), ir.Float("b", 1))},
		{"draw_bernoulli: expected a probability, found 1.5", attr("draw_bernoulli", false, ir.Float("p", 1.5))},
		{"draw_bernoulli: expected a probability, found NaN", attr("draw_bernoulli", false, ir.Float("p", math.NaN()))},
		{"draw_uniform: expected finite bounds, the lower first, found 2 and 1", attr("draw_uniform", false, ir.Float("low", 2), ir.Float("high", 1))},
		{"image_normalize: expected a mean and a standard deviation for each of 1 channels, found 3 and 3", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("image_normalize", b.Emit("image_to_float", []trace.Value{x}), ir.Floats("mean", 1, 2, 3), ir.Floats("std", 1, 2, 3))
			return x
		}},
		{"image_normalize: channel 0: expected a finite mean and a standard deviation above 0, found 1 and 0", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Emit("image_normalize", b.Emit("image_to_float", []trace.Value{x}), ir.Floats("mean", 1), ir.Floats("std", 0))
			return x
		}},
		{"constant: expected f32, i32, u32, u8 or bool, found bf16[2]", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Fill(shape.Of(dtype.BF16, 2), 1)
			return x
		}},
		{"output target.box.0: expected f32, i32, u32, u8 or bool, found rect[]", func(b *trace.Builder, in, x trace.Value) trace.Value {
			b.Output("target.box.0", b.Emit("image_rect", []trace.Value{in})[0])
			return x
		}},
		{"output target.y.1: expected i32[] as for the views before it, found i32[2]", func(b *trace.Builder, _, x trace.Value) trace.Value {
			b.Output("target.y.0", b.Fill(shape.Of(dtype.I32), 1))
			b.Output("target.y.1", b.Fill(shape.Of(dtype.I32, 2), 1))
			return x
		}},
		{"image_gaussian_blur: expected a standard deviation of 0 to 4096 pixels, found NaN (of image a)", by("image_gaussian_blur", math.NaN())},
		{"image_gaussian_blur: expected a standard deviation of 0 to 4096 pixels, found -1", by("image_gaussian_blur", -1)},
		{"image_gaussian_blur: expected a standard deviation of 0 to 4096 pixels, found 1e+09", by("image_gaussian_blur", 1e9)},
		{"image_brightness: expected a factor of 0 to 1e6, found -0.5", by("image_brightness", -0.5)},
		{"image_contrast: expected a factor of 0 to 1e6, found +Inf", by("image_contrast", math.Inf(1))},
		{"image_saturation: expected a factor of 0 to 1e6, found NaN", by("image_saturation", math.NaN())},
		{"image_hue: expected a turn of -0.5 to 0.5 of the hue's circle, found 0.6", by("image_hue", 0.6)},
		{"image_color_jitter: expected an order of 0, 1, 2 and 3, found [0 1 1 7]", func(b *trace.Builder, _, x trace.Value) trace.Value {
			one := b.Scalar(0.5)
			return b.Emit("image_color_jitter", []trace.Value{x, one, one, one, one, b.Constant(shape.Of(dtype.I32, 4), []float64{0, 1, 1, 7})})[0]
		}},
	} {
		p, err := program([]data.Image{img}, 1, Rect{H: 2, W: 2}, func(b *trace.Builder, in trace.Value) {
			x := b.Emit("image_crop_resize", []trace.Value{in, b.Emit("image_rect", []trace.Value{in})[0]}, ir.Int("height", 2), ir.Int("width", 2), ir.Int("channels", 1), ir.String("interpolation", "bilinear"))[0]
			b.Output("view.0", b.Emit("image_to_float", []trace.Value{c.f(b, in, x)})[0])
		})
		if err == nil {
			w := pool.New(1)
			_, err = p.Fill(w, []int{0}, rng.New(0))
			w.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "view: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("expected %q, found %v", c.want, err)
		}
	}
	b := trace.New("views")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return shape.Of(dtype.Rect), nil })
	if err := trace.Trace(func() { recipe(b, b.Input("image", shape.Of(dtype.Image)), 4, 3, 1) }); err != nil {
		t.Fatal(err)
	}
	if _, err := New(b.Func(), album{img}, 1, nil, nil, nil); err == nil || !strings.Contains(err.Error(), "there is no crop strategy") {
		t.Errorf("without crops: %v", err)
	}
}

// byInt adjusts the picture by a bad number.
func byInt(op string, v float64) func(b *trace.Builder, in, x trace.Value) trace.Value {
	return func(b *trace.Builder, _, x trace.Value) trace.Value {
		return b.Emit(op, []trace.Value{x, b.Fill(shape.Of(dtype.I32), v)})[0]
	}
}

// attr adds an op with bad attributes, of a count or of nothing.
func attr(op string, of bool, attrs ...ir.Attr) func(b *trace.Builder, in, x trace.Value) trace.Value {
	return func(b *trace.Builder, _, x trace.Value) trace.Value {
		var in []trace.Value
		if of {
			in = append(in, b.Fill(shape.Of(dtype.I32), 3))
		}
		b.Emit(op, in, attrs...)
		return x
	}
}

// by adjusts the picture by a bad factor.
func by(op string, v float64) func(b *trace.Builder, in, x trace.Value) trace.Value {
	return func(b *trace.Builder, _, x trace.Value) trace.Value {
		return b.Emit(op, []trace.Value{x, b.Scalar(v)})[0]
	}
}

// A select takes pictures, numbers, rectangles and constants, and the branch
// not taken is not run; the pictures it takes are not changed by what follows.
func TestSelect(t *testing.T) {
	img := data.Image{Pix: []uint8{10, 20, 30, 40}, H: 2, W: 2, C: 1}
	got := run(t, img, Rect{Y: 1, H: 1, W: 2}, func(b *trace.Builder, in trace.Value) trace.Value {
		yes, no := b.Fill(shape.Of(dtype.Bool), 1), b.Fill(shape.Of(dtype.Bool), 0)
		choose := func(p, x, y trace.Value) trace.Value { return b.Emit("select", []trace.Value{p, x, y})[0] }
		whole := b.Emit("image_rect", []trace.Value{in})[0]
		crop := b.Emit("call", []trace.Value{in}, ir.String("callee", "crop"), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
		cut := func(rect trace.Value) trace.Value {
			return b.Emit("image_crop_resize", []trace.Value{in, rect}, ir.Int("height", 2), ir.Int("width", 2), ir.Int("channels", 1), ir.String("interpolation", "nearest"))[0]
		}
		a, z := cut(choose(no, whole, crop)), cut(choose(yes, whole, crop)) // 30 40 30 40, 10 20 30 40
		bad := b.Emit("image_brightness", []trace.Value{a, b.Scalar(-1)})[0]
		x := choose(no, bad, a)
		half := b.Emit("image_brightness", []trace.Value{x, choose(yes, b.Scalar(0.5), b.Scalar(3))})[0] // 15 20 15 20
		table := b.Constant(shape.Of(dtype.U8, 2, 2, 1), []float64{1, 2, 3, 4})
		b.Output("target.x.0", x)
		b.Output("target.half.0", half)
		b.Output("target.table.0", choose(yes, table, z))
		return b.Emit("image_to_float", []trace.Value{choose(yes, z, half)})[0]
	})
	for i, want := range []float32{10, 20, 30, 40} {
		if got[i] != want/255 {
			t.Errorf("the view is %v", got)
		}
	}
}

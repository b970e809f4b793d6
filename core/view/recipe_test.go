package view

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// recipe traces SimCLR's two views (Chen et al. 2020, appendix A) at strength
// 1: crop, flip, jitter, grayscale, blur, normalisation. p scales every probability.
func recipe(b *trace.Builder, img trace.Value, size, c int, p float64) {
	emit := func(op string, in []trace.Value, attrs ...ir.Attr) trace.Value { return b.Emit(op, in, attrs...)[0] }
	uniform := func(lo, hi float64) trace.Value {
		return emit("draw_uniform", nil, ir.Float("low", lo), ir.Float("high", hi))
	}
	mean, std := []float64{0.485, 0.456, 0.406}[:c], []float64{0.229, 0.224, 0.225}[:c]
	for v := range 2 {
		maybe := func(x trace.Value, p float64, op string, in ...trace.Value) trace.Value {
			y := emit(op, append([]trace.Value{x}, in...))
			return emit("draw_bernoulli", nil, ir.Float("p", p)).Where(y, x)
		}
		rect := emit("call", []trace.Value{img}, ir.String("callee", "crop"), ir.Int("view", v), ir.OfShape("shape", shape.Of(dtype.Rect)))
		x := emit("image_crop_resize", []trace.Value{img, rect}, ir.Int("height", size), ir.Int("width", size), ir.Int("channels", c), ir.String("interpolation", "bilinear"))
		x = maybe(x, 0.5*p, "image_flip_horizontal")
		x = maybe(x, 0.8*p, "image_color_jitter", uniform(0.2, 1.8), uniform(0.2, 1.8), uniform(0.2, 1.8), uniform(-0.2, 0.2),
			emit("draw_permutation", nil, ir.Int("n", 4)))
		x = maybe(x, 0.2*p, "image_grayscale")
		x = maybe(x, 0.5*p, "image_gaussian_blur", uniform(0.1, 2))
		b.Output(fmt.Sprint("view.", v), emit("image_normalize", []trace.Value{emit("image_to_float", []trace.Value{x})}, ir.Floats("mean", mean...), ir.Floats("std", std...)))
	}
}

// keyed crops as a strategy does: a pure function of size and key.
func keyed(r CropRequest) ([]Rect, error) {
	out := make([]Rect, len(r.Sizes))
	for i, s := range r.Sizes {
		k := r.Keys[i].Stream()
		h, w := 1+k.Intn(s[0]), 1+k.Intn(s[1])
		out[i] = Rect{Y: k.Intn(s[0] - h + 1), X: k.Intn(s[1] - w + 1), H: h, W: w}
	}
	return out, nil
}

func simclr(t testing.TB, ds data.Dataset, batch, size, c int) *Program {
	t.Helper()
	b := trace.New("views")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return shape.Of(dtype.Rect), nil })
	if err := trace.Trace(func() { recipe(b, b.Input("image", shape.Of(dtype.Image)), size, c, 1) }); err != nil {
		t.Fatal(err)
	}
	p, err := New(b.Func(), ds, batch, nil, nil, &Calls{Crops: keyed})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// noise is n images of random sizes and pixels, grey ones among them.
func noise(n, most int) album {
	var out album
	for i := range n {
		k := rng.New(uint64(i)).Stream()
		m := data.Image{H: 1 + k.Intn(most), W: 1 + k.Intn(most), C: 3 - 2*(i%2)}
		m.Pix = make([]uint8, m.H*m.W*m.C)
		for j := range m.Pix {
			m.Pix[j] = uint8(k.Uint32())
		}
		out = append(out, m)
	}
	return out
}

// A view depends on the key and the dataset position alone: not on the workers,
// the order or size of the batch, or on what the memory held before.
func TestAKeyDecidesEverything(t *testing.T) {
	const n, size = 12, 16
	ds := noise(n, 50)
	perm := []int{7, 3, 11, 0, 5, 9, 1, 10, 2, 8, 6, 4}
	straight := make([]int, n)
	for i := range straight {
		straight[i] = i
	}
	// views are the two views of each position
	views := func(p *Program, key rng.Key, workers int, indices []int) [][]byte {
		w := pool.New(workers)
		defer w.Close()
		if _, err := p.Fill(w, indices, key); err != nil {
			t.Fatal(err)
		}
		o := p.Outputs[0]
		at := make([][]byte, n)
		for i, index := range indices {
			at[index] = append(append([]byte(nil), o.Data[i*o.item:][:o.item]...), o.Data[(len(indices)+i)*o.item:][:o.item]...)
		}
		return at
	}
	p := simclr(t, ds, n, size, 3)
	key := rng.New(4)
	want := views(p, key, 1, straight)
	same := func(how string, got [][]byte, positions []int) {
		t.Helper()
		for _, i := range positions {
			if string(got[i]) != string(want[i]) {
				t.Errorf("%s: image %d has another view", how, i)
			}
		}
	}
	same("again", views(p, key, 1, straight), straight)
	for _, workers := range []int{2, 3, 8} {
		same(fmt.Sprint(workers, " workers"), views(p, key, workers, straight), straight)
	}
	same("shuffled", views(p, key, 2, perm), straight)
	same("a fork", views(p.Fork(), key, 2, perm), straight)
	for _, workers := range []int{1, 3} {
		bound, largest := int64(4000), int64(0)
		p.maxDecoded = bound
		same(fmt.Sprint("in ranges, ", workers, " workers"), views(p, key, workers, perm), straight)
		for _, m := range ds {
			largest = max(largest, int64(len(m.Pix)))
		}
		if held := p.Timing.Decoded; held < bound || held > bound+int64(workers)*largest {
			t.Errorf("%d workers held %d bytes of images, the bound is %d and an image of up to %d for each", workers, held, bound, largest)
		}
		p.maxDecoded = MaxDecoded
	}
	half := simclr(t, ds, 5, size, 3)
	same("another batch size", views(half, key, 2, perm[:5]), perm[:5])

	other := views(p, rng.New(5), 1, straight)
	for i := range n {
		if item := p.Outputs[0].item; ds[i].H*ds[i].W > 16 && (string(other[i]) == string(want[i]) || string(want[i][:item]) == string(want[i][item:])) {
			t.Errorf("image %d: another key, or the second view, gives the same view", i)
		}
	}
}

// Every draw is the one its key gives, and draws over many samples have the
// distribution that was asked for.
func TestDrawsHaveTheirDistributions(t *testing.T) {
	const n = 20000
	pixel := data.Image{Pix: []uint8{1, 2, 3}, H: 1, W: 1, C: 3}
	ds := make(album, n)
	for i := range ds {
		ds[i] = pixel
	}
	draws := []struct {
		op    string
		attrs []ir.Attr
		exact func(k *rng.Stream) float64
		test  func(x []float64) float64 // at most 1
	}{
		{"draw_bernoulli", []ir.Attr{ir.Float("p", 0.5)}, func(k *rng.Stream) float64 { return truth(k.Bool(0.5)) }, binomial(0.5)},
		{"draw_bernoulli", []ir.Attr{ir.Float("p", 0.8)}, func(k *rng.Stream) float64 { return truth(k.Bool(0.8)) }, binomial(0.8)},
		{"draw_bernoulli", []ir.Attr{ir.Float("p", 0.2)}, func(k *rng.Stream) float64 { return truth(k.Bool(0.2)) }, binomial(0.2)},
		{"draw_uniform", []ir.Attr{ir.Float("low", 0.2), ir.Float("high", 1.8)}, func(k *rng.Stream) float64 { return k.Uniform(0.2, 1.8) }, uniformity(0.2, 1.8)},
		{"draw_uniform", []ir.Attr{ir.Float("low", -0.2), ir.Float("high", 0.2)}, func(k *rng.Stream) float64 { return k.Uniform(-0.2, 0.2) }, uniformity(-0.2, 0.2)},
		{"draw_int", []ir.Attr{ir.Int("n", 6)}, func(k *rng.Stream) float64 { return float64(k.Intn(6)) }, chiSquare(6)},
		{"draw_normal", nil, func(k *rng.Stream) float64 { return k.Normal() }, kolmogorov(func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) })},
		{"draw_beta", []ir.Attr{ir.Float("a", 2), ir.Float("b", 1)}, func(k *rng.Stream) float64 { return k.Beta(2, 1) }, kolmogorov(func(x float64) float64 { return x * x })},
		{"draw_permutation", []ir.Attr{ir.Int("n", 4)}, nil, chiSquare(24)},
	}
	p, err := program(ds, n, Rect{}, func(b *trace.Builder, in trace.Value) {
		for i, d := range draws {
			b.Output(fmt.Sprintf("target.%d.0", i), b.Emit(d.op, nil, d.attrs...)[0])
		}
		x := b.Emit("image_crop_resize", []trace.Value{in, b.Emit("image_rect", []trace.Value{in})[0]}, ir.Int("height", 1), ir.Int("width", 1), ir.Int("channels", 3), ir.String("interpolation", "bilinear"))
		b.Output("view.0", b.Emit("image_to_float", x)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	w := pool.New(2)
	defer w.Close()
	key := rng.New(9)
	if _, err := p.Fill(w, indices, key); err != nil {
		t.Fatal(err)
	}
	values := make([][]float64, len(draws))
	for i, d := range draws {
		for _, o := range p.Outputs {
			if o.Name == fmt.Sprint("target.", i) {
				values[i] = drawsOf(o, n)
			}
		}
		for j, x := range values[i] {
			if d.exact == nil {
				break
			}
			k := key.Fold(uint64(j)).Fold(0).Fold(uint64(i)).Stream()
			if want := d.exact(&k); x != float64(float32(want)) {
				t.Fatalf("%s %v of sample %d is %v, its key gives %v", d.op, d.attrs, j, x, want)
			}
		}
		if badness := d.test(values[i]); !(badness <= 1) {
			t.Errorf("%s %v: %.2f times beyond the bound", d.op, d.attrs, badness)
		}
	}
	both := 0.0 // two draws of one sample are independent
	for j := range n {
		both += values[0][j] * values[1][j]
	}
	if z := (both/n - 0.4) / math.Sqrt(0.4*0.6/n); math.Abs(z) > 4 {
		t.Errorf("two draws of a sample hang together: %.1f standard deviations", z)
	}
}

// A flip with probability p is seen in that share of the views, and only where
// its draw says so.
func TestFlipsAsOftenAsAsked(t *testing.T) {
	const n = 20000
	ds := make(album, n)
	for i := range ds {
		ds[i] = data.Image{Pix: []uint8{0, 255}, H: 1, W: 2, C: 1}
	}
	for _, p := range []float64{0, 0.1, 0.5, 1} {
		prog, err := program(ds, n, Rect{}, func(b *trace.Builder, in trace.Value) {
			emit := func(op string, in []trace.Value, attrs ...ir.Attr) trace.Value { return b.Emit(op, in, attrs...)[0] }
			x := emit("image_crop_resize", []trace.Value{in, emit("image_rect", []trace.Value{in})}, ir.Int("height", 1), ir.Int("width", 2), ir.Int("channels", 1), ir.String("interpolation", "bilinear"))
			yes := emit("draw_bernoulli", nil, ir.Float("p", p))
			b.Output("view.0", emit("image_to_float", []trace.Value{yes.Where(emit("image_flip_horizontal", []trace.Value{x}), x)}))
			b.Output("target.flipped.0", yes)
		})
		if err != nil {
			t.Fatal(err)
		}
		indices := make([]int, n)
		for i := range indices {
			indices[i] = i
		}
		seen := fill(t, prog, indices, 2)
		flipped := make([]float64, n)
		for i := range n {
			if flipped[i] = float64(seen[2*i]); flipped[i] != float64(prog.Outputs[1].Data[i]) {
				t.Fatalf("p = %v: view %d begins with %v, its draw is %v", p, i, flipped[i], prog.Outputs[1].Data[i])
			}
		}
		sum := 0.0
		for _, f := range flipped {
			sum += f
		}
		if math.Abs(sum-n*p) > 4*math.Sqrt(n*p*(1-p)) {
			t.Errorf("p = %v: %v of %d views are flipped", p, sum, n)
		}
	}
}

// drawsOf is a draw of each of n samples; a permutation becomes its rank.
func drawsOf(o *Output, n int) (out []float64) {
	per := o.item
	for i := range n {
		b := o.Data[i*per:][:per]
		switch {
		case o.Shape.DType == dtype.F32:
			out = append(out, float64(o.F32(i)))
		case o.Shape.DType == dtype.Bool:
			out = append(out, float64(b[0]))
		case per == 4:
			out = append(out, float64(b[0]))
		default:
			rank := 0
			for j := range 4 {
				less := 0
				for k := j + 1; k < 4; k++ {
					if b[4*k] < b[4*j] {
						less++
					}
				}
				rank = rank*(4-j) + less
			}
			out = append(out, float64(rank))
		}
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func binomial(p float64) func([]float64) float64 {
	return func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v
		}
		n := float64(len(x))
		return math.Abs(sum-n*p) / math.Sqrt(n*p*(1-p)) / 4
	}
}

func uniformity(lo, hi float64) func([]float64) float64 {
	return kolmogorov(func(x float64) float64 {
		if x < lo-1e-7 || x > hi+1e-7 {
			return math.NaN()
		}
		return (x - lo) / (hi - lo)
	})
}

// kolmogorov compares with a distribution function: D sqrt(n) exceeds 2.23 once in 10,000.
func kolmogorov(cdf func(float64) float64) func([]float64) float64 {
	return func(x []float64) float64 {
		x = append([]float64(nil), x...)
		slices.Sort(x)
		d, n := 0.0, float64(len(x))
		for i, v := range x {
			f := cdf(v)
			if math.IsNaN(f) {
				return math.Inf(1)
			}
			d = max(d, math.Abs(f-float64(i)/n), math.Abs(f-float64(i+1)/n))
		}
		return d * math.Sqrt(n) / 2.23
	}
}

// chiSquare compares counts of 0..k-1 with equal shares: the sum of squares
// exceeds k-1 + 4.5 sqrt(2(k-1)) less than once in 1,000 for few classes; one seed is tried.
func chiSquare(k int) func([]float64) float64 {
	return func(x []float64) float64 {
		count, want, sum := make([]float64, k), float64(len(x))/float64(k), 0.0
		for _, v := range x {
			count[int(v)]++
		}
		for _, c := range count {
			sum += (c - want) * (c - want) / want
		}
		return sum / (float64(k-1) + 4.5*math.Sqrt(2*float64(k-1)))
	}
}

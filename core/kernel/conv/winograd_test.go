package conv

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

// product is one of the three products of a convolution: by the direct path and
// by Winograd's, with its operands and what each term adds to.
type product struct {
	name             string
	direct, winograd func(workers int) method
	out              int
	half             bool // the result is bfloat16
	a, b             func(x, w, dy []float32) []float32
	term             func(xi, wi, yi int) (out, a, b int)
}

func products(s Spec) []product { return tiled(twos, s) }

func tiled(t tiling, s Spec) []product {
	x := func(x, w, dy []float32) []float32 { return x }
	w := func(x, w, dy []float32) []float32 { return w }
	dy := func(x, w, dy []float32) []float32 { return dy }
	return []product{
		{"y", func(n int) method { return newDirect(forward(s), s.Bias, n) }, func(n int) method { return newFewer(t, forward(s), s.Bias, n) },
			s.sizeY(), s.Half, x, w, func(xi, wi, yi int) (int, int, int) { return yi, xi, wi }},
		{"dx", func(n int) method { return newDirect(backward(s), false, n) }, func(n int) method { return newFewer(t, backward(s), false, n) },
			s.sizeX(), s.Half, dy, w, func(xi, wi, yi int) (int, int, int) { return xi, yi, wi }},
		{"dw", func(n int) method { return newWeightSum(s, n) }, func(n int) method { return newFewerSum(t, s, n) },
			s.sizeW(), false, dy, x, func(xi, wi, yi int) (int, int, int) { return wi, yi, xi }},
	}
}

// numbers are those of a result, whose memory has as many float32s as words.
func (p product) numbers(out []float32) []float32 {
	if p.half {
		return widened(out[:p.out/2])
	}
	return out
}

func run(m method, workers, out int, a, b, bias []float32) []float32 {
	nan := func(n int) []float32 { // what was in scratch and outputs must not matter
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(math.NaN())
		}
		return out
	}
	y := nan(out)
	m.Bind(nan(m.Scratch()), y, a, b, bias)
	p := pool.New(workers)
	defer p.Close()
	for range 2 {
		m.Run(p)
	}
	return y
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// integers are small: sums and transforms of them are exact, whatever the order.
func integers(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(math.Round(3 * s.Normal()))
	}
	return out
}

// Of integers Winograd's result is the sum itself, for any number of workers.
func exactly(t testing.TB, s Spec) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	x, w, dy, bias := integers(1, s.sizeX()), integers(2, s.sizeW()), integers(3, s.sizeY()), integers(4, s.O)
	xs, ws, dys := x, w, dy
	if s.Half {
		xs, ws, dys = words(x), words(w), words(dy)
	}
	for _, p := range products(s) {
		a, b := p.a(x, w, dy), p.b(x, w, dy)
		want := make([]float32, p.out)
		if s.Bias && p.name == "y" {
			for i := range want {
				want[i] = bias[i%s.O]
			}
		}
		s.each(func(xi, wi, yi int) {
			o, i, j := p.term(xi, wi, yi)
			want[o] += a[i] * b[j]
		})
		if p.half {
			bf16.Round(want, want)
		}
		for _, workers := range []int{1, 3} {
			got := p.numbers(run(p.winograd(workers), workers, p.out, p.a(xs, ws, dys), p.b(xs, ws, dys), bias))
			if i := slices.IndexFunc(got, func(v float32) bool { return v != v }); i >= 0 {
				t.Fatalf("%+v: %s[%d] is not a number", s, p.name, i)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%+v: %s[%d] = %v, want %v, %d workers", s, p.name, i, got[i], want[i], workers)
				}
			}
		}
	}
}

func TestWinogradOfIntegersIsExact(t *testing.T) {
	for _, s := range []Spec{
		square(1, 1, 1, 1, 1, 3, 1, 1, 1, 1),
		square(2, 5, 7, 3, 5, 3, 1, 1, 1, 1),
		square(2, 5, 7, 3, 5, 3, 1, 0, 1, 1),
		square(3, 8, 6, 16, 16, 3, 1, 1, 1, 1),
		square(9, 8, 8, 24, 40, 3, 1, 1, 1, 1),
		square(9, 7, 7, 20, 36, 3, 1, 0, 1, 1),
		square(30, 4, 4, 32, 17, 3, 1, 1, 1, 1),
		square(2, 28, 28, 16, 16, 3, 1, 1, 1, 1),
		square(3, 3, 3, 9, 2, 3, 1, 5, 1, 1), // pixels that see padding alone
		square(2, 4, 4, 650, 33, 3, 1, 1, 1, 1),
	} {
		exactly(t, s)
		s.Bias = true
		exactly(t, s)
	}
}

func TestAnyWinogradOfIntegersIsExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) { exactly(t, anyWinograd(r)) })
}

// anyWinograd is a small layer with any padding.
func anyWinograd(r *rapid.T) Spec {
	n := func(name string, least, most int) int { return rapid.IntRange(least, most).Draw(r, name) }
	s := Spec{
		B: n("b", 1, 9), H: n("h", 1, 11), W: n("w", 1, 11), C: n("c", 1, 40), O: n("o", 1, 40), KH: 3, KW: 3, StrideH: 1, StrideW: 1,
		PadTop: n("pt", 0, 4), PadBottom: n("pb", 0, 4), PadLeft: n("pl", 0, 4), PadRight: n("pr", 0, 4),
		DilationH: 1, DilationW: 1, Groups: 1, Bias: rapid.Bool().Draw(r, "bias"),
	}
	if s.Check() != nil {
		r.Skip("kernel larger than image")
	}
	return s
}

// frobenius is |got - want| / |want|.
func frobenius(got []float32, want []float64) float64 {
	var difference, size float64
	for i, w := range want {
		d := float64(got[i]) - w
		difference += d * d
		size += w * w
	}
	return math.Sqrt(difference / size)
}

// errorShapes are layers whose errors are measured.
var errorShapes = []Spec{
	square(4, 28, 28, 16, 16, 3, 1, 1, 1, 1), square(4, 14, 14, 32, 32, 3, 1, 1, 1, 1), square(4, 7, 7, 64, 64, 3, 1, 1, 1, 1),
	square(2, 16, 16, 128, 64, 3, 1, 1, 1, 1), square(2, 8, 8, 256, 64, 3, 1, 0, 1, 1), square(3, 4, 4, 512, 48, 3, 1, 1, 1, 1),
}

// The error of F(2x2,3x3) is at most twice the direct path's, or 1e-7, relative to
// float64 over the whole result, that of F(4x4,3x3) at most 8e-6; the same bits come
// for any number of workers.
func TestWinogradError(t *testing.T) {
	for _, s := range errorShapes {
		x, w, dy := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(3, s.sizeY())
		fours := tiled(fours, s)
		for i, p := range tiled(twos, s) {
			a, b := p.a(x, w, dy), p.b(x, w, dy)
			want := make([]float64, p.out)
			s.each(func(xi, wi, yi int) {
				o, i, j := p.term(xi, wi, yi)
				want[o] += float64(a[i]) * float64(b[j])
			})
			direct := frobenius(run(p.direct(1), 1, p.out, a, b, nil), want)
			for _, c := range []struct {
				name  string
				new   func(workers int) method
				bound float64
			}{
				{"F(2x2)", p.winograd, 2*direct + 1e-7},
				{"F(4x4)", fours[i].winograd, 8e-6},
			} {
				got := run(c.new(1), 1, p.out, a, b, nil)
				e := frobenius(got, want)
				t.Logf("%dx%dx%d to %d %s: direct %.2g, %s %.2g", s.H, s.W, s.C, s.O, p.name, direct, c.name, e)
				if !(e <= c.bound) {
					t.Errorf("%+v: %s: error of %s %.2g, the direct path's is %.2g", s, p.name, c.name, e, direct)
				}
				if !sameBits(got, run(c.new(3), 3, p.out, a, b, nil)) {
					t.Errorf("%+v: %s: bits of %s differ between 1 and 3 workers", s, p.name, c.name)
				}
			}
		}
	}
}

// F(4x4,3x3) of any shape is near the direct path.
func TestAnyFoursAreNearTheDirectPath(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := anyWinograd(r)
		x, w, dy, bias := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(3, s.sizeY()), normal(4, s.O)
		for _, p := range tiled(fours, s) {
			a, b := p.a(x, w, dy), p.b(x, w, dy)
			want := make([]float64, p.out)
			for i, v := range run(p.direct(2), 2, p.out, a, b, bias) {
				want[i] = float64(v)
			}
			if e := frobenius(run(p.winograd(2), 2, p.out, a, b, bias), want); e > 2e-5 {
				r.Fatalf("%+v: %s: differs by %.2g from the direct path", s, p.name, e)
			}
		}
	})
}

func TestWinogradIsChosenByShape(t *testing.T) {
	for _, c := range []struct {
		s    Spec
		want string
	}{
		{square(512, 28, 28, 16, 16, 3, 1, 1, 1, 1), "y dx dw"},
		{square(512, 14, 14, 32, 32, 3, 1, 1, 1, 1), "y dx dw"},
		{square(512, 7, 7, 64, 64, 3, 1, 1, 1, 1), "y dx dw"},
		{square(64, 32, 32, 64, 64, 3, 1, 1, 1, 1), "y dx dw"},
		{square(64, 4, 4, 512, 512, 3, 1, 1, 1, 1), "y dx dw"},
		{square(64, 7, 7, 512, 512, 3, 1, 1, 1, 1), "y dx dw"},
		{square(512, 28, 28, 8, 8, 3, 1, 1, 1, 1), ""},       // transforms cost what products save
		{square(512, 28, 28, 32, 8, 3, 1, 1, 1, 1), ""},      // half a panel is idle
		{square(512, 28, 28, 24, 24, 3, 1, 1, 1, 1), "y dx"}, // no whole panels
		{square(512, 28, 28, 20, 20, 3, 1, 1, 1, 1), ""},     // no whole vectors
		{square(512, 3, 3, 64, 64, 3, 1, 1, 1, 1), ""},       // tiles reach over the image
		{square(1, 7, 7, 512, 512, 3, 1, 1, 1, 1), ""},       // the weights are most of the work
		{square(64, 32, 32, 64, 64, 3, 2, 1, 1, 1), ""},      // strided
		{square(64, 32, 32, 64, 64, 3, 1, 2, 2, 1), ""},      // dilated
		{square(64, 32, 32, 64, 64, 3, 1, 1, 1, 2), ""},      // grouped
		{square(64, 32, 32, 64, 64, 5, 1, 2, 1, 1), ""},
		{half(square(64, 32, 32, 64, 64, 3, 1, 1, 1, 1)), "y dx dw"},
		{half(square(512, 8, 8, 64, 64, 3, 1, 1, 1, 1)), "y dx dw"},
		{half(square(512, 16, 16, 32, 32, 3, 1, 1, 1, 1)), ""}, // products are half as dear, transforms are not
		{half(square(512, 7, 7, 64, 64, 3, 1, 1, 1, 1)), ""},
		{half(square(512, 16, 16, 72, 64, 3, 1, 1, 1, 1)), ""}, // no whole panels
	} {
		if c.s.Half && !c.s.Pairs() {
			continue
		}
		f, _ := New(c.s, 1)
		fx, _ := NewInputGrad(c.s, 1)
		fw, _ := NewWeightGrad(c.s, 1)
		var got []string
		if _, ok := f.method.(*fewer); ok {
			got = append(got, "y")
		}
		if _, ok := fx.method.(*fewer); ok {
			got = append(got, "dx")
		}
		if _, ok := fw.method.(*fewerSum); ok {
			got = append(got, "dw")
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%+v: Winograd chosen for %q, want %q", c.s, got, c.want)
		}
	}
}

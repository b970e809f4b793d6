package conv

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

func normal(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal())
	}
	return out
}

// square is a convolution with a square kernel and the same stride, padding and dilation on all sides.
func square(b, h, w, c, o, k, stride, pad, dilation, groups int) Spec {
	return Spec{B: b, H: h, W: w, C: c, O: o, KH: k, KW: k, StrideH: stride, StrideW: stride, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad,
		DilationH: dilation, DilationW: dilation, Groups: groups}
}

// each calls f for all products of the convolution: y[yi] += x[xi] * w[wi].
func (s Spec) each(f func(xi, wi, yi int)) {
	cg, og := s.C/s.Groups, s.O/s.Groups
	oh, ow := s.Out()
	for b := range s.B {
		for y := range oh {
			for x := range ow {
				for kh := range s.KH {
					for kw := range s.KW {
						ih, iw := y*s.StrideH-s.PadTop+kh*s.DilationH, x*s.StrideW-s.PadLeft+kw*s.DilationW
						if ih < 0 || iw < 0 || ih >= s.H || iw >= s.W {
							continue
						}
						for o := range s.O {
							for c := range cg {
								f(((b*s.H+ih)*s.W+iw)*s.C+o/og*cg+c, ((o*cg+c)*s.KH+kh)*s.KW+kw, ((b*oh+y)*ow+x)*s.O+o)
							}
						}
					}
				}
			}
		}
	}
}

// exact is a sum in float64 and the sum of the terms' sizes.
type exact struct {
	sum, size []float64
	terms     []int
}

func newExact(n int) exact { return exact{make([]float64, n), make([]float64, n), make([]int, n)} }

func (e exact) add(i int, x float64) {
	e.sum[i] += x
	e.size[i] += math.Abs(x)
	e.terms[i]++
}

func (e exact) check(t testing.TB, s Spec, what string, got []float32) {
	t.Helper()
	for i, x := range got {
		if bound := float64(e.terms[i]+2) * 0x1p-23 * e.size[i]; !(math.Abs(float64(x)-e.sum[i]) <= bound) {
			t.Fatalf("%+v: %s[%d] = %v, want %v within %.2g", s, what, i, x, e.sum[i], bound)
		}
	}
}

// all runs the convolution and its gradients on so many workers.
func all(t testing.TB, s Spec, workers int, x, w, dy, bias []float32) (y, dx, dw []float32) {
	t.Helper()
	f, err := New(s, workers)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	fx, err := NewInputGrad(s, workers)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	fw, err := NewWeightGrad(s, workers)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	nan := func(n int) []float32 { // what was in scratch and outputs must not matter
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(math.NaN())
		}
		return out
	}
	y, dx, dw = nan(len(dy)), nan(len(x)), nan(len(w))
	f.Bind(nan(f.Scratch()), y, x, w, bias)
	fx.Bind(nan(fx.Scratch()), dx, dy, w)
	fw.Bind(nan(fw.Scratch()), dw, x, dy)
	p := pool.New(workers)
	defer p.Close()
	for range 2 {
		f.Run(p)
		fx.Run(p)
		fw.Run(p)
	}
	return y, dx, dw
}

func check3(t testing.TB, s Spec, counts ...int) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	x, w, dy, bias := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(3, s.sizeY()), normal(4, s.O)
	wantY, wantX, wantW := newExact(len(dy)), newExact(len(x)), newExact(len(w))
	if s.Bias {
		for i := range dy {
			wantY.add(i, float64(bias[i%s.O]))
		}
	}
	s.each(func(xi, wi, yi int) {
		wantY.add(yi, float64(x[xi])*float64(w[wi]))
		wantX.add(xi, float64(dy[yi])*float64(w[wi]))
		wantW.add(wi, float64(dy[yi])*float64(x[xi]))
	})
	y, dx, dw := all(t, s, 1, x, w, dy, bias)
	wantY.check(t, s, "y", y)
	wantX.check(t, s, "dx", dx)
	wantW.check(t, s, "dw", dw)
	bits := func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	}
	for _, workers := range counts {
		y2, dx2, dw2 := all(t, s, workers, x, w, dy, bias)
		if !bits(y, y2) || !bits(dx, dx2) || !bits(dw, dw2) {
			t.Fatalf("%+v: bits differ between 1 and %d workers", s, workers)
		}
	}
}

func TestConvolutionAndGradients(t *testing.T) {
	for _, s := range []Spec{
		square(1, 1, 1, 1, 1, 1, 1, 0, 1, 1),
		square(2, 5, 7, 3, 5, 3, 1, 1, 1, 1),
		square(3, 9, 8, 10, 17, 3, 2, 1, 1, 1),
		square(2, 6, 6, 16, 4, 1, 2, 0, 1, 1),   // a residual block's shortcut
		square(2, 6, 6, 24, 20, 1, 1, 0, 1, 1),  // pointwise
		square(2, 6, 6, 24, 20, 1, 1, 0, 1, 4),  // pointwise in groups
		square(1, 11, 11, 1, 8, 7, 2, 3, 1, 1),  // ImageNet's stem
		square(2, 28, 28, 1, 6, 3, 1, 1, 1, 1),  // a digit
		square(4, 16, 16, 3, 20, 4, 4, 0, 1, 1), // patches
		square(2, 8, 8, 6, 12, 3, 1, 2, 2, 3),
		square(2, 7, 7, 9, 9, 3, 1, 1, 1, 9), // depthwise
		square(18, 9, 9, 40, 40, 3, 2, 1, 1, 40),
		square(2, 5, 5, 4, 8, 3, 1, 1, 1, 4),    // depthwise with two outputs a channel
		square(1, 4, 4, 520, 7, 3, 1, 1, 1, 1),  // channels in blocks
		square(26, 4, 4, 20, 36, 3, 1, 1, 1, 1), // tiles across images
		square(27, 5, 5, 12, 10, 3, 2, 1, 1, 1),
		square(24, 1, 1, 12, 10, 3, 1, 1, 1, 1),
		square(25, 3, 2, 12, 18, 3, 1, 2, 2, 2),
		square(3, 20, 20, 12, 40, 3, 1, 1, 1, 1),
		square(40, 10, 10, 12, 16, 3, 1, 1, 1, 1),
		square(1, 6, 6, 2, 3, 2, 3, 0, 1, 1),
		square(2, 8, 8, 16, 8, 3, 2, 1, 2, 2),   // groups read where they are
		square(2, 6, 5, 140, 33, 3, 1, 1, 1, 1), // a weight gradient in blocks of channels
		square(1, 3, 3, 9, 2, 3, 1, 7, 1, 1),    // pixels that see padding alone
		square(1, 2, 2, 2, 3, 1, 1, 5, 1, 1),
		square(1, 2, 2, 2, 3, 2, 9, 4, 1, 1),
	} {
		check3(t, s, 2, 3, 7)
		s.Bias = true
		check3(t, s)
	}
}

func TestAnyConvolution(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := func(name string, least, most int) int { return rapid.IntRange(least, most).Draw(r, name) }
		s := Spec{
			B: n("b", 1, 4), H: n("h", 1, 9), W: n("w", 1, 9), KH: n("kh", 1, 4), KW: n("kw", 1, 4), StrideH: n("sh", 1, 3), StrideW: n("sw", 1, 3),
			PadTop: n("pt", 0, 3), PadBottom: n("pb", 0, 3), PadLeft: n("pl", 0, 3), PadRight: n("pr", 0, 3),
			DilationH: n("dh", 1, 2), DilationW: n("dw", 1, 2), Groups: n("groups", 1, 3), Bias: rapid.Bool().Draw(r, "bias"),
		}
		s.C, s.O = s.Groups*n("c", 1, 12), s.Groups*n("o", 1, 20)
		if n("many", 1, 4) == 1 {
			s.B = n("images", 24, 30)
		}
		if s.Check() != nil {
			r.Skip("kernel larger than image")
		}
		check3(t, s, 2)
	})
}

func TestRefusedSpecs(t *testing.T) {
	for _, c := range []struct {
		want string
		edit func(s *Spec)
	}{
		{"StrideH: expected 1 to 2147483647, found 0", func(s *Spec) { s.StrideH = 0 }},
		{"padding: expected none below 0, found top 1, bottom 1, left -1, right 1", func(s *Spec) { s.PadLeft = -1 }},
		{"groups: expected a divisor of 8 input and 16 output channels, found 3", func(s *Spec) { s.Groups = 3 }},
		{"kernel of 9x9 with dilation 1,1: expected it to fit the padded image of 6x6", func(s *Spec) { s.KH, s.KW = 9, 9 }},
		{"x f32[1048576 4 4 128]: expected at most", func(s *Spec) { s.B, s.C = 1<<20, 128 }},
		{"padding: expected at most", func(s *Spec) { s.PadTop = math.MaxInt }},
	} {
		s := square(2, 4, 4, 8, 16, 3, 1, 1, 1, 1)
		c.edit(&s)
		if _, err := New(s, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v): error %v, want %q", s, err, c.want)
		}
	}
	if _, err := NewWeightGrad(square(2, 4, 4, 8, 16, 3, 1, 1, 1, 1), 0); err == nil {
		t.Error("planned for no workers")
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, s := range []Spec{
		square(26, 4, 4, 20, 36, 3, 1, 1, 1, 1), square(2, 16, 16, 12, 20, 3, 2, 1, 1, 1), square(2, 28, 28, 1, 6, 3, 1, 1, 1, 1),
		square(2, 7, 7, 9, 9, 3, 1, 1, 1, 9), square(2, 6, 6, 24, 20, 1, 1, 0, 1, 1),
		square(8, 7, 7, 64, 64, 3, 1, 1, 1, 1), // by Winograd
	} {
		f, _ := New(s, 2)
		fx, _ := NewInputGrad(s, 2)
		fw, _ := NewWeightGrad(s, 2)
		x, w, y := make([]float32, s.sizeX()), make([]float32, s.sizeW()), make([]float32, s.sizeY())
		f.Bind(make([]float32, f.Scratch()), y, x, w, nil)
		fx.Bind(make([]float32, fx.Scratch()), x, y, w)
		fw.Bind(make([]float32, fw.Scratch()), w, x, y)
		if n := testing.AllocsPerRun(5, func() { f.Run(p); fx.Run(p); fw.Run(p) }); n != 0 {
			t.Errorf("%+v: Run allocates %v times", s, n)
		}
	}
}

func ExampleNew() {
	s := Spec{B: 1, H: 3, W: 3, C: 1, O: 1, KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	f, err := New(s, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := pool.New(1)
	defer p.Close()
	y := make([]float32, 4)
	f.Bind(make([]float32, f.Scratch()), y, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, []float32{1, 0, 0, 1}, nil)
	f.Run(p)
	fmt.Println(y)
	// Output: [6 8 12 14]
}

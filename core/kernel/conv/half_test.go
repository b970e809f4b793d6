package conv

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/pool"
)

// rounded are n normal numbers as words of bfloat16s, and as the float32s that they are.
func rounded(key, n int) (words, values []float32) {
	values = normal(key, n)
	h := make([]uint16, n)
	bf16.Narrow(h, values)
	bf16.Widen(values, h)
	return unsafe.Slice((*float32)(unsafe.Pointer(&h[0])), n/2), values
}

// words are numbers rounded to bfloat16s, two to a word.
func words(values []float32) []float32 {
	h := make([]uint16, len(values))
	bf16.Narrow(h, values)
	return unsafe.Slice((*float32)(unsafe.Pointer(&h[0])), len(values)/2)
}

func widened(words []float32) []float32 {
	out := make([]float32, 2*len(words))
	bf16.Widen(out, halves(words))
	return out
}

func half(s Spec) Spec {
	s.Half = true
	return s
}

// far is the Frobenius norm of the difference to the exact sums, relative to theirs.
func (e exact) far(got []float32) float64 {
	var d, n float64
	for i, x := range got {
		d += (float64(x) - e.sum[i]) * (float64(x) - e.sum[i])
		n += e.sum[i] * e.sum[i]
	}
	return math.Sqrt(d / max(n, 1e-30))
}

// checkRounded is check of results that were then rounded to bfloat16.
func (e exact) checkRounded(t testing.TB, s Spec, what string, got []float32) {
	t.Helper()
	for i, x := range got {
		sum := float64(e.terms[i]+2) * 0x1p-23 * e.size[i]
		if bound := 1.01*sum + 0x1p-8*math.Abs(e.sum[i]); !(math.Abs(float64(x)-e.sum[i]) <= bound) {
			t.Fatalf("%+v: %s[%d] = %v, want %v within %.2g", s, what, i, x, e.sum[i], bound)
		}
	}
}

// Convolutions of bfloat16 are near the exact sums of the same numbers: a stored
// bfloat16 is 1.1e-3 off on average, and a Winograd tile's are rounded once more
// before they are multiplied. They have the same bits for any workers.
func TestHalvesAreNearTheExactSums(t *testing.T) {
	skipWithoutBF16(t)
	for _, s := range []Spec{
		square(3, 9, 7, 16, 16, 3, 1, 1, 1, 1), square(2, 8, 8, 32, 48, 3, 1, 1, 1, 1), square(8, 8, 8, 64, 64, 3, 1, 1, 1, 1),
		square(5, 4, 4, 128, 128, 3, 1, 1, 1, 1), square(1, 16, 16, 16, 32, 3, 1, 0, 1, 1), square(13, 6, 6, 32, 32, 3, 1, 1, 1, 1),
		square(16, 9, 7, 64, 96, 3, 1, 1, 1, 1), square(5, 15, 13, 48, 32, 3, 1, 1, 1, 1), square(6, 11, 11, 144, 160, 3, 1, 0, 1, 1),
		square(3, 9, 7, 10, 14, 3, 2, 1, 1, 1), square(2, 8, 8, 16, 32, 3, 2, 1, 1, 1), square(7, 8, 8, 64, 128, 1, 2, 0, 1, 1),
		square(2, 6, 6, 34, 20, 1, 1, 0, 1, 1), square(2, 9, 9, 12, 18, 5, 1, 2, 1, 1), square(4, 7, 7, 24, 24, 3, 1, 2, 2, 2),
		square(30, 5, 5, 20, 36, 3, 1, 1, 1, 2), square(2, 5, 5, 640, 32, 3, 1, 1, 1, 1), square(1, 3, 3, 12, 2, 3, 1, 1, 1, 1),
	} {
		s.Half = true
		t.Run(fmt.Sprintf("%d@%dx%d to %d, k %d, stride %d, groups %d, batch %d", s.C, s.H, s.W, s.O, s.KH, s.StrideH, s.Groups, s.B), func(t *testing.T) { nearExact(t, s, true) })
	}
}

// nearExact compares bits between numbers of workers, direct results one by one
// with their bound and, if norms is set, all of them by the norm of their errors.
func nearExact(t *testing.T, s Spec, norms bool) {
	x, xv := rounded(1, s.sizeX())
	w, wv := rounded(2, s.sizeW())
	dy, dyv := rounded(3, s.sizeY())
	y, dx, dw := newExact(len(dyv)), newExact(len(xv)), newExact(len(wv))
	bias := normal(4, s.O)
	if s.Bias {
		for i := range dyv {
			y.add(i, float64(bias[i%s.O]))
		}
	}
	s.each(func(xi, wi, yi int) {
		y.add(yi, float64(xv[xi])*float64(wv[wi]))
		dx.add(xi, float64(dyv[yi])*float64(wv[wi]))
		dw.add(wi, float64(xv[xi])*float64(dyv[yi]))
	})
	run := func(workers int) (got [3][]float32) {
		p := pool.New(workers)
		defer p.Close()
		f, err := New(s, workers)
		if err != nil {
			t.Fatal(err)
		}
		fx, _ := NewInputGrad(s, workers)
		fw, _ := NewWeightGrad(s, workers)
		nan := func(n int) []float32 { return slices.Repeat([]float32{float32(math.NaN())}, n) }
		got = [3][]float32{nan(len(dy)), nan(len(x)), nan(len(wv))}
		f.Bind(nan(f.Scratch()), got[0], x, w, bias)
		f.Run(p)
		fx.Bind(nan(fx.Scratch()), got[1], dy, w)
		fx.Run(p)
		fw.Bind(nan(fw.Scratch()), got[2], x, dy)
		fw.Run(p)
		return got
	}
	one, three := run(1), run(3)
	for i, what := range []string{"y", "dx", "dw"} {
		for j := range one[i] {
			if math.Float32bits(one[i][j]) != math.Float32bits(three[i][j]) {
				t.Fatalf("%s: word %d differs between 1 and 3 workers", what, j)
			}
		}
	}
	var winograd [3]bool
	_, winograd[0] = fewerWins(s, forward(s))
	_, winograd[1] = fewerWins(s, backward(s))
	_, winograd[2] = fewerSumWins(s)
	for i, e := range []exact{y, dx, dw} {
		if winograd[i] {
			continue
		}
		if i < 2 {
			e.checkRounded(t, s, []string{"y", "dx"}[i], widened(one[i]))
		} else {
			e.check(t, s, "dw", one[i])
		}
	}
	if !norms {
		return
	}
	for i, far := range []float64{y.far(widened(one[0])), dx.far(widened(one[1])), dw.far(one[2])} {
		bound := []float64{3e-3, 3e-3, 1e-6}[i]
		if winograd[i] {
			bound = 8e-3
		}
		t.Logf("%s: %.1e from the exact sums, winograd %v", []string{"y", "dx", "dw"}[i], far, winograd[i])
		if !(far <= bound) {
			t.Errorf("%s is %.2g from the exact sums, want at most %.2g", []string{"y", "dx", "dw"}[i], far, bound)
		}
	}
}

// Transforms of small integers are bfloat16s: sums of them are exact until they are stored.
func TestHalfWinogradOfIntegersIsExact(t *testing.T) {
	skipWithoutBF16(t)
	for _, s := range []Spec{
		square(1, 1, 1, 16, 16, 3, 1, 1, 1, 1),
		square(2, 5, 7, 16, 32, 3, 1, 0, 1, 1),
		square(3, 8, 6, 16, 16, 3, 1, 1, 1, 1),
		square(9, 8, 8, 32, 48, 3, 1, 1, 1, 1),
		square(9, 7, 7, 48, 64, 3, 1, 0, 1, 1),
		square(30, 4, 4, 32, 16, 3, 1, 1, 1, 1),
		square(2, 28, 28, 16, 16, 3, 1, 1, 1, 1),
		square(3, 3, 3, 16, 32, 3, 1, 5, 1, 1), // pixels that see padding alone
		square(2, 4, 4, 656, 32, 3, 1, 1, 1, 1),
		square(3, 5, 5, 160, 144, 3, 1, 1, 1, 1), // a weight gradient in blocks of channels
	} {
		exactly(t, half(s))
		s.Bias = true
		exactly(t, half(s))
	}
}

func TestAnyHalfWinogradOfIntegersIsExact(t *testing.T) {
	skipWithoutBF16(t)
	rapid.Check(t, func(r *rapid.T) {
		n := func(name string, least, most int) int { return rapid.IntRange(least, most).Draw(r, name) }
		s := Spec{
			B: n("b", 1, 9), H: n("h", 1, 11), W: n("w", 1, 11), C: 16 * n("c", 1, 4), O: 16 * n("o", 1, 4), KH: 3, KW: 3, StrideH: 1, StrideW: 1,
			PadTop: n("pt", 0, 4), PadBottom: n("pb", 0, 4), PadLeft: n("pl", 0, 4), PadRight: n("pr", 0, 4),
			DilationH: 1, DilationW: 1, Groups: 1, Bias: rapid.Bool().Draw(r, "bias"), Half: true,
		}
		if s.Check() != nil {
			r.Skip("kernel larger than image")
		}
		exactly(t, s)
	})
}

func TestAnyHalfConvolutionIsNearTheExactSums(t *testing.T) {
	skipWithoutBF16(t)
	rapid.Check(t, func(r *rapid.T) {
		n := func(name string, least, most int) int { return rapid.IntRange(least, most).Draw(r, name) }
		s := Spec{
			B: n("b", 1, 5), H: n("h", 1, 9), W: n("w", 1, 9), KH: n("kh", 1, 4), KW: n("kw", 1, 4), StrideH: n("sh", 1, 3), StrideW: n("sw", 1, 3),
			PadTop: n("pt", 0, 3), PadBottom: n("pb", 0, 3), PadLeft: n("pl", 0, 3), PadRight: n("pr", 0, 3),
			DilationH: n("dh", 1, 2), DilationW: n("dw", 1, 2), Groups: n("groups", 1, 3), Bias: rapid.Bool().Draw(r, "bias"), Half: true,
		}
		s.C, s.O = 2*s.Groups*n("c", 1, 20), 2*s.Groups*n("o", 1, 20)
		if n("many", 1, 4) == 1 {
			s.B = n("images", 48, 53)
		}
		if s.Check() != nil || !s.Pairs() {
			r.Skip("kernel larger than image, or thin")
		}
		nearExact(t, s, false)
	})
}

func skipWithoutBF16(t testing.TB) {
	if !isa.BF16() {
		t.Skip("this processor or build has no bfloat16 instructions (avx512bf16)")
	}
}

// A bfloat16 output of float32 images is float32's, rounded, but where a sum in
// another order rounds to the neighbour; their weights' gradient is that of the same
// dy in float32, to the bit.
func TestNarrowOutputIsFloat32Rounded(t *testing.T) {
	for _, s := range []Spec{
		square(3, 32, 32, 3, 16, 3, 1, 1, 1, 1), square(2, 28, 28, 1, 6, 5, 2, 1, 1, 1), square(2, 9, 30, 3, 18, 7, 2, 3, 1, 1),
		square(3, 8, 8, 3, 40, 4, 4, 0, 1, 1), square(2, 5, 5, 3, 4, 1, 1, 0, 1, 1),
	} {
		for _, s.Bias = range []bool{false, true} {
			x, w, bias := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(4, s.O)
			dyw, dy := rounded(3, s.sizeY())
			y, _, _ := all(t, s, 1, x, w, dy, bias)
			want := words(y)
			h := s
			h.HalfOut = true
			wantW := run(newWeightSum(s, 1), 1, s.sizeW(), dy, x, nil)
			for _, workers := range []int{1, 3} {
				f, err := New(h, workers)
				if err != nil {
					t.Fatal(err)
				}
				fw, err := NewWeightGrad(h, workers)
				if err != nil {
					t.Fatal(err)
				}
				got, gotW := make([]float32, len(want)), make([]float32, len(w))
				f.Bind(make([]float32, f.Scratch()), got, x, w, bias)
				fw.Bind(make([]float32, fw.Scratch()), gotW, x, dyw)
				p := pool.New(workers)
				f.Run(p)
				fw.Run(p)
				p.Close()
				if far := apart(widened(got), widened(want)); far > 1 || !sameBits(gotW, wantW) {
					t.Errorf("%+v: %d steps of bfloat16 from float32's, dw the same %v, %d workers", h, far, sameBits(gotW, wantW), workers)
				}
			}
		}
	}
}

// apart is the most bfloat16s that lie between two numbers of the same sign.
func apart(a, b []float32) (most int) {
	for i := range a {
		d := int(math.Float32bits(a[i])>>16) - int(math.Float32bits(b[i])>>16)
		most = max(most, d, -d)
	}
	return most
}

func TestHalfRefused(t *testing.T) {
	for _, s := range []Spec{square(1, 4, 4, 3, 16, 3, 1, 1, 1, 1), square(1, 4, 4, 16, 15, 3, 1, 1, 1, 1), square(1, 4, 4, 12, 12, 3, 1, 1, 1, 12)} {
		s.Half = true
		if _, err := New(s, 1); err == nil || s.Pairs() {
			t.Errorf("%+v: no error", s)
		}
	}
	for _, s := range []Spec{square(1, 4, 4, 3, 15, 3, 1, 1, 1, 1), square(1, 4, 4, 16, 16, 3, 1, 1, 1, 1), square(1, 4, 4, 4, 4, 3, 1, 1, 1, 2)} {
		s.HalfOut = true
		if _, err := New(s, 1); err == nil || s.Narrows() {
			t.Errorf("%+v: no error", s)
		}
	}
	s := square(1, 4, 4, 3, 16, 3, 1, 1, 1, 1)
	s.HalfOut = true
	if _, err := NewInputGrad(s, 1); err == nil {
		t.Error("planned a gradient of float32 images of a bfloat16 output")
	}
}

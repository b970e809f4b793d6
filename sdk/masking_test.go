package sdk

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
)

// values traces f over a batch and computes what it gives, for the step's key and
// one operand of counting numbers.
func values(t *testing.T, batch int, key float64, x shape.Shape, f func(s *Step, x Value) []Value) [][]float64 {
	t.Helper()
	b := trace.New("objective")
	err := trace.Trace(func() {
		for _, v := range f(&Step{Builder: b, req: &wire.TraceRequest{Batch: batch}}, b.Input("x", x)) {
			b.Output("y", v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(b.Func(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var in []interp.Tensor
	for _, p := range flat.Func.Inputs {
		v := interp.Zeros(flat.Func.Shape(p.Value))
		for i := range v.V {
			if v.V[i] = float64(i); v.Shape.DType == dtype.U32 {
				v.V[i] += key
			}
		}
		in = append(in, v)
	}
	out, err := interp.Run(flat.Func, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float64
	for _, o := range out {
		list = append(list, o.V)
	}
	return list
}

// A mask of three quarters of 196 patches shows 49, each sample its own, each patch
// as often as any other; the three ways to say which agree.
func TestRandomMask(t *testing.T) {
	const batch, n, seen = 400, 196, 49
	draw := func(key float64) [][]float64 {
		return values(t, batch, key, shape.F32(1), func(s *Step, _ Value) []Value {
			m, other := s.RandomMask(n, 0.75), s.RandomMask(n, 0.75)
			return []Value{m.Keep, m.Hidden, m.Restore, other.Keep}
		})
	}
	out := draw(7)
	keep, hidden, restore := out[0], out[1], out[2]
	if len(keep) != batch*seen {
		t.Fatalf("%d patches of %d images are seen, expected 49 each", len(keep), batch)
	}
	often := make([]float64, n)
	for i := range batch {
		k := keep[i*seen : (i+1)*seen]
		for p := range n {
			place := slices.Index(k, float64(p))
			if (place >= 0) == (hidden[i*n+p] == 1) {
				t.Fatalf("image %d: patch %d is in keep at %d, and hidden is %v", i, p, place, hidden[i*n+p])
			}
			if r := restore[i*n+p]; place >= 0 && r != float64(place) || place < 0 && (r < seen || r >= n) {
				t.Fatalf("image %d: patch %d is in keep at %d, and restore is %v", i, p, place, r)
			}
			often[p] += 1 - hidden[i*n+p]
		}
	}
	deviation := math.Sqrt(batch * 0.25 * 0.75)
	for p, c := range often {
		if math.Abs(c-batch/4) > 5*deviation {
			t.Errorf("patch %d is seen in %v of %d images", p, c, batch)
		}
	}
	if slices.Equal(keep[:seen], keep[seen:2*seen]) || slices.Equal(keep, out[3]) {
		t.Error("two samples, or two masks of a step, are the same")
	}
	if again := draw(7); !slices.Equal(keep, again[0]) {
		t.Error("the same key gives another mask")
	}
	if slices.Equal(keep, draw(8)[0]) {
		t.Error("another key gives the same mask")
	}
}

// What was taken comes back to its place, behind the leading token; elsewhere is the fill.
func TestTakeAndFillAround(t *testing.T) {
	const batch, n, d = 3, 9, 2
	for _, leading := range []int{0, 1} {
		x := shape.F32(batch, leading+n, d)
		out := values(t, batch, 1, x, func(s *Step, x Value) []Value {
			m := s.RandomMask(n, 0.75)
			return []Value{m.FillAround(m.Take(x), s.Constant(shape.F32(1, 1, d), []float64{-1, -2})), m.Hidden, m.Take(x)}
		})
		if want := batch * (leading + 2) * d; len(out[2]) != want {
			t.Fatalf("%d leading: took %d numbers, expected %d", leading, len(out[2]), want)
		}
		for i := range x.Size() {
			b, token, c := i/d/(leading+n), i/d%(leading+n), i%d
			want := float64(i)
			if token >= leading && out[1][b*n+token-leading] == 1 {
				want = -float64(c + 1)
			}
			if out[0][i] != want {
				t.Errorf("%d leading: image %d, token %d: found %v, expected %v", leading, b, token, out[0][i], want)
			}
		}
	}
}

func TestMaskOfEverythingIsRefused(t *testing.T) {
	for _, ratio := range []float64{0.95, 0} {
		err := trace.Trace(func() {
			(&Step{Builder: trace.New("objective"), req: &wire.TraceRequest{Batch: 2}}).RandomMask(16, ratio)
		})
		if err == nil || !strings.Contains(err.Error(), "expected some and not all") {
			t.Errorf("ratio %v: %v", ratio, err)
		}
	}
}

// Patches have their pixels in the order row, column, channel, and go back together.
func TestPatchify(t *testing.T) {
	out := values(t, 2, 0, shape.F32(2, 4, 6, 3), func(_ *Step, x Value) []Value {
		p := Patchify(x, 2)
		return []Value{p, Unpatchify(p, 2, 4, 6)}
	})
	// The second patch of the second row of patches of the first image.
	want := []float64{42, 43, 44, 45, 46, 47, 60, 61, 62, 63, 64, 65}
	if got := out[0][4*12 : 5*12]; !slices.Equal(got, want) {
		t.Errorf("patch 4: found %v, expected %v", got, want)
	}
	for i, x := range out[1] {
		if x != float64(i) {
			t.Fatalf("pixel %d comes back as %v", i, x)
		}
	}
}

// Standardize uses the unbiased variance, and its two numbers undo it.
func TestStandardize(t *testing.T) {
	out := values(t, 1, 0, shape.F32(2, 4), func(_ *Step, x Value) []Value {
		y, scale, offset := Standardize(x, 1, 1e-6)
		return []Value{y, y.Mul(scale).Add(offset)}
	})
	for i, x := range out[0] { // of 0 1 2 3 and of 4 5 6 7: mean 1.5, variance 5/3
		if want := (float64(i%4) - 1.5) / math.Sqrt(5./3+1e-6); math.Abs(x-want) > 1e-6 {
			t.Errorf("element %d: found %v, expected %v", i, x, want)
		}
		if math.Abs(out[1][i]-float64(i)) > 1e-6 {
			t.Errorf("element %d comes back as %v", i, out[1][i])
		}
	}
}

// By hand for a grid of two and a width of four: one frequency.
func TestSinCos2D(t *testing.T) {
	s, c := math.Sin(1), math.Cos(1)
	want := []float64{0, 0, 0, 0, 0, 1, 0, 1, s, c, 0, 1, 0, 1, s, c, s, c, s, c}
	if got := SinCos2D(2, 1, 4); !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}

func TestGrid(t *testing.T) {
	for tokens, want := range map[int][2]int{65: {8, 1}, 17: {4, 1}, 197: {14, 1}, 64: {8, 0}, 2: {1, 1}} {
		b := trace.New("x")
		if n, leading := Grid(b.Input("x", shape.F32(1, tokens, 1))); [2]int{n, leading} != want {
			t.Errorf("%d tokens: found %d and %d, expected %v", tokens, n, leading, want)
		}
	}
}

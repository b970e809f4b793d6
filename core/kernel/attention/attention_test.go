package attention

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

// shapes has tokens and widths that are no multiple of anything, more than one
// block of rows with and without a rest, and one of everything.
var shapes = []Spec{
	{1, 1, 1, 1, 1}, {2, 3, 2, 5, 0.5}, {3, 17, 3, 64, 0.125}, {2, 65, 4, 32, 0.2}, {1, 197, 2, 64, 0.125},
	{1, 256, 1, 8, 1}, {1, 300, 1, 7, 0.4}, {1, 512, 1, 3, 0.5}, {2, 700, 1, 2, 0.5},
}

// operands are x and do, as large as real ones are.
func operands(s Spec) (x, do buf.Buf) {
	x, do = buf.New(4*s.N*s.T*3*s.Heads*s.D), buf.New(4*s.N*s.T*s.Heads*s.D)
	st := rng.New(7).Fold(uint64(s.T)).Stream()
	for i := range x.F32 {
		x.F32[i] = float32(1.5 * st.Normal())
	}
	for i := range do.F32 {
		do.F32[i] = float32(st.Normal())
	}
	return x, do
}

// results are out, lse and dx, by so many workers.
func results(t testing.TB, s Spec, workers int) (out, lse, dx buf.Buf) {
	t.Helper()
	x, do := operands(s)
	out, lse, dx = buf.New(len(do.U8)), buf.New(4*s.N*s.Heads*s.T), buf.New(len(x.U8))
	forward, err := New(s, workers)
	if err != nil {
		t.Fatal(err)
	}
	backward, err := NewGrad(s, workers)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []buf.Buf{out, lse, dx} {
		for i := range b.F32 {
			b.F32[i] = float32(math.NaN()) // what is not written shows
		}
	}
	scratch := make([]float32, max(forward.Scratch(), backward.Scratch()))
	for i := range scratch {
		scratch[i] = float32(math.NaN())
	}
	forward.Bind(scratch, []buf.Buf{out, lse}, []buf.Buf{x})
	backward.Bind(scratch, []buf.Buf{dx}, []buf.Buf{x, out, lse, do})
	p := pool.New(workers)
	defer p.Close()
	forward.Run(p)
	backward.Run(p)
	return out, lse, dx
}

// Kernels equal the oracle, and have the same bits for any number of workers.
func TestAttentionEqualsInterp(t *testing.T) {
	for _, s := range shapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			x, do := operands(s)
			packed, mixed, sums := shape.F32(s.N, s.T, 3, s.Heads, s.D), shape.F32(s.N, s.T, s.Heads, s.D), shape.F32(s.N, s.Heads, s.T)
			attrs := ir.NewAttrs(ir.Float("scale", float64(s.Scale)))
			want := []interp.Tensor{interp.Zeros(mixed), interp.Zeros(sums)}
			in := interp.FromBytes(packed, x.U8)
			if err := interp.Instr(&ir.Instr{Op: "scaled_dot_product_attention", Attrs: attrs}, []interp.Tensor{in}, want); err != nil {
				t.Fatal(err)
			}
			grad := []interp.Tensor{interp.Zeros(packed)}
			if err := interp.Instr(&ir.Instr{Op: "scaled_dot_product_attention_grad", Attrs: attrs}, []interp.Tensor{in, want[0], want[1], interp.FromBytes(mixed, do.U8)}, grad); err != nil {
				t.Fatal(err)
			}
			out, lse, dx := results(t, s, 1)
			near(t, "out", out.F32, want[0].V)
			near(t, "lse", lse.F32, want[1].V)
			near(t, "dx", dx.F32, grad[0].V)
			out3, lse3, dx3 := results(t, s, 3)
			if !slices.Equal(out.U32, out3.U32) || !slices.Equal(lse.U32, lse3.U32) || !slices.Equal(dx.U32, dx3.U32) {
				t.Error("bits differ between 1 and 3 workers")
			}
		})
	}
}

// near bounds the error by 2e-5 of the largest element.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	top, worst := 1.0, 0.0
	for _, w := range want {
		top = max(top, math.Abs(w))
	}
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if !(d <= 2e-5*top) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], w)
		}
		worst = max(worst, d/top)
	}
	t.Logf("%s: largest error %.1e of the largest element", what, worst)
}

// Scores far beyond e^x's range are no trouble, and where one key has all the weight
// its value comes out.
func TestLargeScores(t *testing.T) {
	s := Spec{N: 1, T: 3, Heads: 1, D: 2, Scale: 1}
	k, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, out, lse := buf.New(4*18), buf.New(4*6), buf.New(4*3)
	for i := range 3 {
		copy(x.F32[6*i:], []float32{1e3, 0, float32(i) * 1e3, 0, float32(i), -float32(i)})
	}
	k.Bind(make([]float32, k.Scratch()), []buf.Buf{out, lse}, []buf.Buf{x})
	p := pool.New(1)
	defer p.Close()
	k.Run(p)
	if want := []float32{2, -2, 2, -2, 2, -2}; !slices.Equal(out.F32, want) {
		t.Errorf("expected %v, found %v", want, out.F32)
	}
	if want := []float32{2e6, 2e6, 2e6}; !slices.Equal(lse.F32, want) {
		t.Errorf("lse: expected %v, found %v", want, lse.F32)
	}
}

func TestRefused(t *testing.T) {
	for _, s := range []Spec{{}, {1, 0, 1, 1, 1}, {1 << 40, 1 << 40, 1, 1, 1}} {
		if _, err := New(s, 1); err == nil {
			t.Errorf("%+v: expected an error", s)
		}
		if _, err := NewGrad(s, 1); err == nil {
			t.Errorf("%+v: gradient: expected an error", s)
		}
	}
}

package exec

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// composed is attention in ops that every framework has, with the transposes that
// make heads of packed queries, keys and values f32[N,T,3,H,d].
func composed(x trace.Value, scale float64) trace.Value {
	n, t, h, d := x.Dim(0), x.Dim(1), x.Dim(3), x.Dim(4)
	y := x.Transpose(2, 0, 3, 1, 4)
	part := func(i int) trace.Value { return y.Slice(0, i, i+1).Reshape(n, h, t, d) }
	p := part(0).Scale(scale).MatMul(part(1).T()).Softmax()
	return p.MatMul(part(2)).Transpose(0, 2, 1, 3)
}

// attentionStep is attention and its gradient, compiled.
func attentionStep(tb testing.TB, s shape.Shape, p *pool.Pool, attend func(x trace.Value, scale float64) trace.Value) *Executable {
	tb.Helper()
	b := trace.New("attention")
	var x trace.Value
	var loss ir.ID
	err := trace.Trace(func() {
		x = b.Input("x", s)
		g := b.Input("g", shape.F32(s.Dims[0], s.Dims[1], s.Dims[3], s.Dims[4]))
		y := attend(x, 1/math.Sqrt(float64(s.Dims[4])))
		b.Output("y", y)
		loss = y.Mul(g).Sum().ID()
	})
	if err != nil {
		tb.Fatal(err)
	}
	f := b.Func()
	grads, err := autodiff.Gradients(f, loss, []ir.ID{x.ID()})
	if err != nil {
		tb.Fatal(err)
	}
	f.Outputs = append(f.Outputs, ir.Port{Name: "dx", Value: grads[0]})
	if f, err = compile.Func(f); err != nil {
		tb.Fatal(err)
	}
	ex, err := New(f, Options{Pool: p})
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"x", "g"} {
		in, _ := ex.Input(name)
		st := rng.New(1).FoldString(name).Stream()
		for i := range in.F32 {
			in.F32[i] = float32(st.Normal())
		}
	}
	return ex
}

// The fused op and the composed ones are the same function with the same gradient.
func TestAttentionEqualsComposed(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	s := shape.F32(3, 17, 3, 4, 16)
	fused, plain := attentionStep(t, s, p, trace.Value.ScaledDotProductAttention), attentionStep(t, s, p, composed)
	for _, ex := range []*Executable{fused, plain} {
		if err := ex.Run(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"y", "dx"} {
		got, _ := fused.Output(name)
		want, _ := plain.Output(name)
		for i, w := range want.F32 {
			if d := math.Abs(float64(got.F32[i] - w)); !(d <= 1e-5) {
				t.Fatalf("%s: element %d is %v, the composed ops give %v", name, i, got.F32[i], w)
			}
		}
	}
	if n := testing.AllocsPerRun(10, func() { fused.Run() }); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}

// Attention with its gradient, fused against composed, in turns: the metric is the
// median of composed time over fused time.
func BenchmarkAttention(b *testing.B) {
	for _, s := range []shape.Shape{
		shape.F32(128, 17, 3, 3, 64), shape.F32(128, 65, 3, 4, 32), // MAE, ViT-Tiny at 32 px: encoder, decoder
		shape.F32(8, 50, 3, 6, 64), shape.F32(8, 197, 3, 8, 32), // ViT-S/16 at 224 px
		shape.F32(8, 197, 3, 6, 64), shape.F32(1, 1025, 3, 6, 64),
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", shape.DimsString(s.Dims), workers), func(b *testing.B) {
				p := pool.New(workers)
				defer p.Close()
				fused, plain := attentionStep(b, s, p, trace.Value.ScaledDotProductAttention), attentionStep(b, s, p, composed)
				seconds := func(ex *Executable) float64 {
					start := time.Now()
					ex.Run()
					return time.Since(start).Seconds()
				}
				seconds(fused)
				seconds(plain)
				var ratios []float64
				best := math.Inf(1)
				for b.Loop() {
					t := seconds(fused)
					best = min(best, t)
					ratios = append(ratios, seconds(plain)/t)
				}
				slices.Sort(ratios)
				b.ReportMetric(ratios[len(ratios)/2], "composed/fused")
				b.ReportMetric(float64(fused.FLOPs())/best/1e9, "GFLOP/s")
				b.ReportMetric(float64(plain.Memory())/float64(fused.Memory()), "memory")
			})
		}
	}
}

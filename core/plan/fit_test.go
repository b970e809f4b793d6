package plan_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// step is one update of a small network, with the outputs that replace inputs:
// blocks of convolution, normalisation and rectifier with residuals, then an MLP
// with layer normalisation and GELU, and a softmax.
func step(t *testing.T, passes ...compile.Pass) (*ir.Func, map[string]string) {
	t.Helper()
	const batch, side, width, blocks = 16, 16, 32, 3
	b := trace.New("step")
	var weights []trace.Value
	weight := func(dims ...int) trace.Value {
		w := b.Input(fmt.Sprintf("w%d", len(weights)), shape.F32(dims...))
		weights = append(weights, w)
		return w
	}
	var loss trace.Value
	err := trace.Trace(func() {
		x := b.Input("x", shape.F32(batch, side, side, width))
		for range blocks {
			y := b.Emit("convolution", []trace.Value{x, weight(width, width, 3, 3)}, ir.Ints("stride", 1, 1), ir.Ints("padding", 1, 1, 1, 1), ir.Ints("dilation", 1, 1), ir.Int("groups", 1))[0]
			y = b.Emit("batch_norm_training", []trace.Value{y, weight(width), weight(width)}, ir.Float("epsilon", 1e-5))[0]
			x = y.Add(x).Relu()
		}
		h := x.Reshape(-1, width)
		for range blocks {
			y := b.Emit("layer_norm", []trace.Value{h, weight(width), weight(width)}, ir.Float("epsilon", 1e-6))[0]
			y = y.MatMul(weight(width, width)).Add(weight(width)).Gelu()
			h = y.MatMul(weight(width, width)).Softmax().Add(h)
		}
		loss = h.Square().Mean()
		b.Output("loss", loss)
	})
	if err != nil {
		t.Fatal(err)
	}
	f := b.Func()
	var wrt []ir.ID
	for _, w := range weights {
		wrt = append(wrt, w.ID())
	}
	grads, err := autodiff.Gradients(f, loss.ID(), wrt)
	if err != nil {
		t.Fatal(err)
	}
	aliases := map[string]string{}
	u := trace.Extend(f)
	err = trace.Trace(func() {
		for i, g := range grads {
			name := fmt.Sprintf("w%d", i)
			u.Output(name, u.Wrap(wrt[i]).Sub(u.Wrap(g).Scale(0.1)))
			aliases[name] = name
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err = compile.Func(f, passes...)
	if err != nil {
		t.Fatal(err)
	}
	return f, aliases
}

func arena(t *testing.T, f *ir.Func, aliases map[string]string) int {
	t.Helper()
	p, err := plan.New(f, aliases)
	if err != nil {
		t.Fatal(err)
	}
	checkOwners(t, p)
	if low, _ := p.Peak(); p.Arena > low+low/50 {
		t.Errorf("an arena of %d bytes, of which at most %d are alive at once", p.Arena, low)
	}
	return p.Arena
}

// outputs are all outputs after two steps.
func outputs(t *testing.T, f *ir.Func, aliases map[string]string) (all [][]byte) {
	t.Helper()
	workers := pool.New(2)
	defer workers.Close()
	ex, err := exec.New(f, exec.Options{Pool: workers, Aliases: aliases})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range f.Inputs {
		b, _ := ex.Input(in.Name)
		s := rng.New(7).FoldString(in.Name).Stream()
		for i := range b.F32 {
			b.F32[i] = float32(s.Normal() / 8)
		}
	}
	for range 2 {
		if err := ex.Run(); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range f.Outputs {
		b, _ := ex.Output(o.Name)
		all = append(all, append([]byte(nil), b.U8...))
	}
	loss, _ := ex.Output("loss")
	if x := float64(loss.F32[0]); math.IsNaN(x) || x == 0 {
		t.Fatalf("the loss is %v: nothing is compared", x)
	}
	return all
}

func same(t *testing.T, what string, f *ir.Func, got, want [][]byte) {
	t.Helper()
	for i := range want {
		if string(got[i]) != string(want[i]) {
			t.Errorf("%s: output %s has other bits", what, f.Outputs[i].Name)
		}
	}
}

// Another order of instructions needs no more memory, and gives the same bits.
func TestScheduleFreesEarly(t *testing.T) {
	f, aliases := step(t)
	g := plan.Schedule(f, aliases)
	if before, after := arena(t, f, aliases), arena(t, g, aliases); after >= before {
		t.Errorf("an arena of %d bytes before, %d after", before, after)
	}
	p, err := plan.New(g, aliases)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Copies) > 0 {
		t.Errorf("%d updates are copies: they were put before what reads the old value", len(p.Copies))
	}
	same(t, "schedule", f, outputs(t, g, aliases), outputs(t, f, aliases))
}

// Any budget down to the least is kept, with the same bits; one below is refused
// with the least that would do.
func TestFit(t *testing.T) {
	for name, passes := range map[string][]compile.Pass{"f32": nil, "bf16": {compile.BF16}} {
		t.Run(name, func(t *testing.T) {
			f, aliases := step(t, passes...)
			f = plan.Schedule(f, aliases)
			whole, want := arena(t, f, aliases), outputs(t, f, aliases)
			_, err := plan.Fit(f, aliases, 0)
			var small *plan.TooSmall
			if !errors.As(err, &small) || small.Least > whole*2/3 {
				t.Fatalf("a budget of nothing for %d bytes: %v", whole, err)
			}
			for _, budget := range []int{whole, whole * 9 / 10, whole * 3 / 4, (whole + small.Least) / 2, small.Least} {
				x, err := plan.Fit(f, aliases, budget)
				if err != nil {
					t.Fatal(err)
				}
				if x.Arena > budget || arena(t, x.Func, aliases) != x.Arena {
					t.Errorf("budget %d: an arena of %d bytes", budget, x.Arena)
				}
				if (budget == whole) != (x.Again == 0) || budget < whole && (x.Share <= 0 || x.Share > 1) {
					t.Errorf("budget %d of %d: %d instructions are run again, %.3f of the time", budget, whole, x.Again, x.Share)
				}
				same(t, fmt.Sprintf("budget %d of %d", budget, whole), f, outputs(t, x.Func, aliases), want)
			}
			if _, err := plan.Fit(f, aliases, small.Least-1); !errors.As(err, &small) {
				t.Errorf("a byte less than the least: %v", err)
			}
		})
	}
}

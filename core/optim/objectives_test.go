package optim_test

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// stepped runs so many steps of what build traces, from zero, and gives the state.
func stepped(t *testing.T, c optim.Config, steps int, build func(b *trace.Builder)) func(name string) []float32 {
	t.Helper()
	b := trace.New("objective")
	if err := trace.Trace(func() { build(b) }); err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(b.Func(), nil)
	if err != nil {
		t.Fatal(err)
	}
	step, err := optim.Append(flat, c)
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(1)
	t.Cleanup(workers.Close)
	ex, err := exec.New(flat.Func, exec.Options{Pool: workers, Aliases: step.Aliases})
	if err != nil {
		t.Fatal(err)
	}
	for step := range steps {
		s, _ := ex.Input(link.StepInput)
		s.I32[0] = int32(step)
		if err := ex.Run(); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) []float32 {
		in, ok := ex.Input(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return in.F32
	}
}

func equal(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %v, expected %v", what, got, want)
	}
}

// Two players: g moves to make g*d small, d to make it large. Each follows its own
// loss only: from g = d = 0 with the terms -g and -2d, after one step of rate 0.1
// g = 0.1 and d = 0.2, and then g loses what d has and d wins what g has.
func TestEachObjectiveMovesItsOwnParameters(t *testing.T) {
	value := stepped(t, optim.Config{Name: "sgd", LR: 0.1, Schedule: "constant", Steps: 10}, 2, func(b *trace.Builder) {
		g, d := b.Param("g.w", trace.Constant(0), nil), b.Param("judge.w", trace.Constant(0), nil)
		b.Minimize("judge", g.Mul(d).Neg().Sub(d.Scale(2)))
		b.Output(link.LossOutput, g.Mul(d).Sub(g))
	})
	equal(t, "g", float64(value("param/g.w")[0]), 0.1-0.1*(0.2-1))
	equal(t, "d", float64(value("param/judge.w")[0]), 0.2+0.1*(0.1+2))
}

// A frozen parameter and its optimizer's state rest; once it thaws AdamW counts its
// steps from there, as torch.optim does where there was no gradient.
func TestFrozenParametersRest(t *testing.T) {
	c := optim.Config{Name: "adamw", LR: 0.1, Betas: [2]float64{0.9, 0.99}, Eps: 1e-8, WeightDecay: 0.5, Schedule: "constant", Steps: 10}
	frozen := func(at, steps int) func(string) []float32 {
		return stepped(t, c, steps, func(b *trace.Builder) {
			w := b.Param("w", trace.Constant(0), []int{3}, trace.FrozenUntil(at))
			b.Output(link.LossOutput, w.AddConst(-1).Square().Sum())
		})
	}
	rest, free, thawed := frozen(4, 4), frozen(0, 2), frozen(4, 6)
	for _, name := range []string{"param/w", "optim/w.exp_avg", "optim/w.exp_avg_sq"} {
		equal(t, name+" while frozen", float64(rest(name)[0]), 0)
		equal(t, name+" after two steps", float64(thawed(name)[0]), float64(free(name)[0]))
	}
	if free("param/w")[0] == 0 {
		t.Error("nothing moves; the test shows nothing")
	}
}

// The decay goes from 0.04 to 0.4 by a cosine, in the middle of which it is 0.22.
func TestDecaySchedule(t *testing.T) {
	final := 0.4
	c := optim.Config{Name: "sgd", LR: 1, WeightDecay: 0.04, FinalDecay: &final, Schedule: "constant", Steps: 2}
	value := stepped(t, c, 2, func(b *trace.Builder) {
		w := b.Param("w", trace.Constant(0), nil)
		b.Output(link.LossOutput, w.Neg()) // gradient -1
	})
	equal(t, "w", float64(value("param/w")[0]), 1+1-0.22*1) // w = 1 after the first step
}

// Rows that are renormalised before each step get the gradient of their direction,
// and the step starts from there.
func TestUnitRows(t *testing.T) {
	b := trace.New("objective")
	err := trace.Trace(func() {
		w := b.Param("w", trace.Constant(0), []int{1, 2}, trace.UnitRows())
		b.Output(link.LossOutput, w.Mul(b.Constant(shape.F32(1, 2), []float64{1, 0})).Sum())
	})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(b.Func(), nil)
	if err != nil {
		t.Fatal(err)
	}
	step, err := optim.Append(flat, optim.Config{Name: "sgd", LR: 0.1, Schedule: "constant", Steps: 1})
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(1)
	defer workers.Close()
	ex, err := exec.New(flat.Func, exec.Options{Pool: workers, Aliases: step.Aliases})
	if err != nil {
		t.Fatal(err)
	}
	w, _ := ex.Input("param/w")
	copy(w.F32, []float32{3, 4})
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	equal(t, "w[0]", float64(w.F32[0]), 0.6-0.1)
	equal(t, "w[1]", float64(w.F32[1]), 0.8)
}

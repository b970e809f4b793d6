package optim_test

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
)

// regression is a step of the loss sum((x w + b)^2) / 2 under an optimizer.
func regression(t *testing.T, c optim.Config) *exec.Executable {
	t.Helper()
	b := trace.New("regression")
	err := trace.Trace(func() {
		y := b.Input("x", shape.F32(5, 4)).MatMul(b.Param("w", trace.Constant(0), []int{4, 3}))
		y = y.Add(b.Param("b", trace.Constant(0), []int{3}))
		b.Output(link.LossOutput, y.Square().Sum().Scale(0.5))
	})
	if err != nil {
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
	return ex
}

// Six steps of each optimizer give PyTorch's parameters; testdata/make_fixtures.py.
func TestOptimizersEqualPyTorch(t *testing.T) {
	f, err := tensor.Open("testdata/optim.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) []float32 {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return x.F32()
	}
	for name, c := range map[string]optim.Config{
		"sgd":          {Name: "sgd", LR: 0.05, Momentum: 0.9, WeightDecay: 0.1},
		"nesterov":     {Name: "sgd", LR: 0.05, Momentum: 0.9, WeightDecay: 0.1, Nesterov: true, Exclude: true},
		"plain":        {Name: "sgd", LR: 0.05},
		"adamw":        {Name: "adamw", LR: 0.01, Betas: [2]float64{0.9, 0.95}, Eps: 1e-8, WeightDecay: 0.1, Exclude: true},
		"clipped":      {Name: "sgd", LR: 0.05, Momentum: 0.9, Clip: optim.Clip{Norm: 5}},
		"clipped-each": {Name: "sgd", LR: 0.05, Momentum: 0.9, Clip: optim.Clip{Each: 5}},
		"lars":         {Name: "lars", LR: 0.5, Momentum: 0.9, Eta: 0.02, WeightDecay: 0.1, Exclude: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.Schedule, c.Steps = "constant", 6
			ex := regression(t, c)
			input := func(name string) []float32 { b, _ := ex.Input(name); return b.F32 }
			copy(input("param/w"), read("w0"))
			copy(input("param/b"), read("b0"))
			x := read("x")
			for step := range 6 {
				copy(input("batch/x"), x[20*step:])
				b, _ := ex.Input(link.StepInput)
				b.I32[0] = int32(step)
				if err := ex.Run(); err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range []string{"w", "b"} {
				got, want := input("param/"+p), read(name+"."+p)
				for i := range want {
					if d := math.Abs(float64(got[i] - want[i])); !(d <= 2e-6*math.Max(1, math.Abs(float64(want[i])))) {
						t.Errorf("%s[%d] is %v, PyTorch has %v", p, i, got[i], want[i])
					}
				}
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	cosine := func(t float64) float64 { return 0.1 + (1-0.1)*(1+math.Cos(math.Pi*t))/2 }
	for name, c := range map[string]struct {
		optim.Config
		want map[int]float64 // by step
	}{
		"constant": {optim.Config{Schedule: "constant"}, map[int]float64{0: 1, 50: 1, 99: 1}},
		"cosine":   {optim.Config{Schedule: "cosine", MinLR: 0.1}, map[int]float64{0: 1, 25: cosine(0.25), 50: cosine(0.5), 99: cosine(0.99), 100: 0.1, 150: 0.1}},
		"warm-up":  {optim.Config{Schedule: "cosine", MinLR: 0.1, WarmupSteps: 20}, map[int]float64{0: 1.0 / 20, 9: 0.5, 19: 1, 20: 1, 60: cosine(0.5)}},
		"step":     {optim.Config{Schedule: "step", Milestones: []int{30, 60}, Gamma: 0.1}, map[int]float64{0: 1, 29: 1, 30: 0.1, 59: 0.1, 60: 0.01, 99: 0.01}},
	} {
		t.Run(name, func(t *testing.T) {
			c.Name, c.LR, c.Steps = "sgd", 1, 100
			ex := regression(t, c.Config)
			for step, want := range c.want {
				b, _ := ex.Input(link.StepInput)
				b.I32[0] = int32(step)
				if err := ex.Run(); err != nil {
					t.Fatal(err)
				}
				lr, _ := ex.Output("metric/train/lr")
				if got := float64(lr.F32[0]); math.Abs(got-want) > 1e-6 {
					t.Errorf("step %d: the rate is %v, expected %v", step, got, want)
				}
			}
		})
	}
}

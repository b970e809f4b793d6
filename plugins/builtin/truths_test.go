package builtin

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/sdk"
)

func at(t *testing.T, tr *train.Trainer, step int) {
	t.Helper()
	for name, v := range map[string]int32{link.StepInput: int32(step), link.StepsInput: methodSteps} {
		if b, ok := tr.Exec.Input(name); ok {
			b.I32[0] = v
		}
	}
	if err := tr.Exec.Run(); err != nil {
		t.Fatal(err)
	}
}

func named(t *testing.T, name string, more ...schema.Named) *train.Trainer {
	t.Helper()
	for _, m := range methods {
		if m.name == name {
			m.params = append(append([]schema.Named(nil), m.params...), more...)
			tr, err := m.trainer(nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(tr.Close)
			return tr
		}
	}
	t.Fatalf("no method %s", name)
	return nil
}

// BYOL's momentum goes from 0.996 to 1 by a cosine: 0.996, 0.996586, 0.998,
// 0.999414 and 1 at the quarters of a run.
func TestMomentumSchedule(t *testing.T) {
	tr := named(t, "byol", float("tau", 0.996))
	b, _ := tr.Exec.Input(link.StepsInput)
	for step, want := range map[int32]float32{0: 0.996, 25: 0.996586, 50: 0.998, 75: 0.999414, 100: 1} {
		s, _ := tr.Exec.Input(link.StepInput)
		s.I32[0], b.I32[0] = step, 100
		if err := tr.Exec.Run(); err != nil {
			t.Fatal(err)
		}
		got, _ := tr.Exec.Output("metric/train/tau")
		near(t, "tau", got.F32, []float32{want}, 1e-6)
	}
}

// Averages start equal to what they follow, and stay within rounding of it while
// that does not move.
func TestAveragesStartEqual(t *testing.T) {
	for _, name := range []string{"byol", "moco-v2", "moco-v3", "dino"} {
		tr := named(t, name)
		n := 0
		for _, p := range tr.Flat.Params {
			_, source, ok := tr.Flat.TargetOf(p.Name)
			if !ok {
				continue
			}
			a, _ := tr.Exec.Input(link.ParamPrefix + p.Name)
			b, _ := tr.Exec.Input(link.ParamPrefix + source)
			near(t, p.Name, a.F32, b.F32, 0)
			n++
		}
		if n == 0 {
			t.Errorf("%s has no average", name)
		}
	}
}

// The prototypes have length 1 after each step but for what the step moved them, and
// while they are frozen exactly what their normalisation gives.
func TestPrototypesHaveLengthOne(t *testing.T) {
	tr := named(t, "swav")
	w, _ := tr.Exec.Input("param/prototypes.weight")
	m, _ := tr.Exec.Input("optim/prototypes.weight.momentum")
	for step := range 5 {
		x, _ := tr.Exec.Input("batch/views.0")
		for i := range x.F32 {
			x.F32[i] = float32((i*7919+step*31)%97)/97 - 0.5
		}
		at(t, tr, step)
		frozen := step < 3
		for row := range 6 {
			var sq float64
			for _, v := range w.F32[row*8 : row*8+8] {
				sq += float64(v) * float64(v)
			}
			if frozen && (sq < 1-1e-5 || sq > 1+1e-5) {
				t.Errorf("step %d: prototype %d has squared length %v", step, row, sq)
			}
		}
		still := true
		for _, v := range m.F32 {
			still = still && v == 0
		}
		if still != frozen {
			t.Errorf("step %d: frozen %v, but the momentum is still zero: %v", step, frozen, still)
		}
	}
}

// What does not fit the rest of an experiment is refused by the parameter's name
// before the first step, with the reason.
func TestMethodsRefuse(t *testing.T) {
	for _, c := range []struct {
		method string
		param  schema.Named
		want   string
	}{
		{"moco-v2", integer("queue", 20), "fw/moco: parameter queue: expected a multiple of the 8 keys of a step, found 20"},
		{"moco-symmetric", integer("queue", 8), "fw/moco: parameter queue: expected a multiple of the 16 keys of a step, found 8"},
		{"moco-v2", integer("batch_parts", 3), "fw/moco: parameter batch_parts: expected a divisor of the batch of 8, found 3"},
		{"nnclr", integer("queue", 12), "fw/nnclr: parameter queue: expected a multiple of the batch of 8, found 12"},
		{"swav", integer("queue", 12), "fw/swav: parameter queue: expected a multiple of the batch of 8, found 12"},
		{"swav-multi", integer("small_size", 12), "fw/swav: parameter small_size: expected less than the 12 pixels of the large views, found 12"},
		{"deepcluster", integer("clusters", 17), "fw/deepcluster: parameter clusters: expected at most the 16 training images, found 17"},
		{"deepcluster", integer("pca", 9), "fw/deepcluster: parameter pca: expected at most the 8 features of the network, found 9"},
	} {
		for _, m := range methods {
			if m.name != c.method {
				continue
			}
			m.params = append(append([]schema.Named(nil), m.params...), c.param)
			tr, err := m.trainer(nil)
			if err == nil {
				tr.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected %q, found %v", c.want, err)
			}
		}
	}
}

// A weight on the gradient leaves the value as it is.
func TestWeightGradient(t *testing.T) {
	b := trace.New("f")
	var x trace.Value
	err := trace.Trace(func() {
		x = b.Input("batch/x", shape.F32(3))
		b.Output("y", sdk.WeightGradient(x.Square(), b.Constant(shape.F32(3), []float64{0, 1, 5})).Sum())
	})
	if err != nil {
		t.Fatal(err)
	}
	f := b.Func()
	grads, err := autodiff.Gradients(f, f.Outputs[0].Value, []ir.ID{x.ID()})
	if err != nil {
		t.Fatal(err)
	}
	f.Outputs = append(f.Outputs, ir.Port{Name: "dx", Value: grads[0]})
	ex := evaluated(t, f, []tensor.Tensor{tensor.FromF32([]float32{2, 3, 4}, 3)})
	y, _ := ex.Output("y")
	dx, _ := ex.Output("dx")
	near(t, "the value", y.F32, []float32{4 + 9 + 16}, 1e-6)
	near(t, "the gradient", dx.F32, []float32{0, 6, 40}, 1e-6)
}

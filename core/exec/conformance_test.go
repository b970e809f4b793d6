package exec

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/pool"
)

// Every case on the oracle, plain, and on the executor, plain and compiled, with
// one and with three workers: the same values, and the same bits for any workers.
func TestExecEqualsInterp(t *testing.T) {
	for i := range optest.Cases {
		c := &optest.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			f, err := c.Func()
			if err != nil {
				t.Fatal(err)
			}
			if err := op.Verify(&ir.Program{Version: ir.Version, Funcs: []*ir.Func{f}}); err != nil {
				t.Fatal(err)
			}
			args := c.Arguments(1)
			want, err := interp.Run(f, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			compiled, err := compile.Func(f)
			if err != nil {
				t.Fatal(err)
			}
			for name, g := range map[string]*ir.Func{"plain": f, "compiled": compiled} {
				one, three := run(t, g, args, 1), run(t, g, args, 3)
				for j := range want {
					compareTensors(t, name+" output "+f.Outputs[j].Name, one[j], want[j])
					if string(one[j].Bytes()) != string(three[j].Bytes()) {
						t.Errorf("%s output %d: bits differ between 1 and 3 workers", name, j)
					}
				}
			}
		})
	}
}

func run(t *testing.T, f *ir.Func, args []interp.Tensor, workers int) []interp.Tensor {
	t.Helper()
	p := pool.New(workers)
	defer p.Close()
	ex, err := New(f, Options{Pool: p})
	if err != nil {
		t.Fatalf("%v\n%s", err, f)
	}
	for i, in := range f.Inputs {
		b, _ := ex.Input(in.Name)
		copy(b.U8, args[i].Bytes())
	}
	for range 2 { // the second run finds the arena dirty
		if err := ex.Run(); err != nil {
			t.Fatal(err)
		}
	}
	var out []interp.Tensor
	for _, o := range f.Outputs {
		b, _ := ex.Output(o.Name)
		out = append(out, interp.FromBytes(f.Shape(o.Value), b.U8))
	}
	return out
}

func compareTensors(t *testing.T, what string, got, want interp.Tensor) {
	t.Helper()
	if !got.Shape.Equal(want.Shape) {
		t.Fatalf("%s: shape %s, want %s", what, got.Shape, want.Shape)
	}
	scale := 1.0
	for _, v := range want.V {
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			scale = max(scale, math.Abs(v))
		}
	}
	for i, w := range want.V {
		g := got.V[i]
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if d := math.Abs(g - w); !(d <= 5e-6*scale) || !want.Shape.DType.Float() {
			t.Fatalf("%s: element %d of %s is %v, want %v", what, i, want.Shape, g, w)
		}
	}
}

// Every op that computes has a case, a kernel and an interpretation.
func TestEveryOpHasACase(t *testing.T) {
	used := map[string]bool{"eval": true, "conv_weight_grad": true, "select_and_scatter": true, "batch_norm_grad": true, "layer_norm_grad": true, "softmax_grad": true, "log_softmax_grad": true, "scaled_dot_product_attention_grad": true} // eval needs a plugin; the others are results of autodiff, whose test runs them
	for i := range optest.Cases {
		f, err := optest.Cases[i].Func()
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range f.Instrs {
			used[in.Op] = true
		}
	}
	for _, d := range op.All() {
		if d.Class != op.Link && d.Class != op.View && !used[d.Name] {
			t.Errorf("op %s has no case", d.Name)
		}
	}
}

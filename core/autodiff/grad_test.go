package autodiff

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/trace"
)

// d/dt L(x + t v) at t = 0 by central differences equals grad(L) . v, for one
// random direction v, where L is the case's first result weighted at random
// (jax.test_util.check_grads).
func TestGradientsAgainstCentralDifferences(t *testing.T) {
	for i := range optest.Cases {
		c := &optest.Cases[i]
		if !c.Smooth {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			f, err := c.Func()
			if err != nil {
				t.Fatal(err)
			}
			var loss ir.ID
			err = trace.Trace(func() {
				b := trace.Extend(f)
				y := b.Wrap(f.Outputs[0].Value)
				w := rng.New(3).Stream()
				weights := make([]float64, y.Size())
				for i := range weights {
					weights[i] = w.Uniform(-1, 1)
				}
				loss = y.Mul(b.Constant(y.Shape(), weights)).Sum().ID()
			})
			if err != nil {
				t.Fatal(err)
			}
			var wrt []ir.ID
			for _, in := range f.Inputs {
				if f.Shape(in.Value).DType.Float() {
					wrt = append(wrt, in.Value)
				}
			}
			grads, err := Gradients(f, loss, wrt)
			if err != nil {
				t.Fatal(err)
			}
			f.Outputs = []ir.Port{{Name: "loss", Value: loss}}
			for i, g := range grads {
				f.Outputs = append(f.Outputs, ir.Port{Name: string(rune('a' + i)), Value: g})
			}
			if err := op.VerifyFunc(f); err != nil {
				t.Fatal(err)
			}
			args := c.Arguments(5)
			out, err := interp.Run(f, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			const h = 1e-2
			st := rng.New(9).Stream()
			var dot float64
			up, down := clone(args), clone(args)
			k := 0
			for i, a := range args {
				if !a.Shape.DType.Float() {
					continue
				}
				for j := range a.V {
					v := st.Uniform(-1, 1) * 0.1
					dot += out[1+k].V[j] * v
					up[i].V[j] += h * v
					down[i].V[j] -= h * v
				}
				k++
			}
			lossOf := func(args []interp.Tensor) float64 {
				r, err := interp.Run(f, args, nil)
				if err != nil {
					t.Fatal(err)
				}
				return r[0].V[0]
			}
			numeric := (lossOf(up) - lossOf(down)) / (2 * h)
			if d := math.Abs(numeric - dot); !(d <= 2e-3*max(1, math.Abs(numeric))) {
				t.Errorf("central difference %v, gradient %v", numeric, dot)
			}
		})
	}
}

func clone(ts []interp.Tensor) []interp.Tensor {
	out := make([]interp.Tensor, len(ts))
	for i, t := range ts {
		out[i] = interp.Tensor{Shape: t.Shape, V: append([]float64(nil), t.V...)}
	}
	return out
}

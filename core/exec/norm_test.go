package exec

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/autodiff"
	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// residualBlocks is two residual blocks, the second with a normalised shortcut,
// with the gradients of all parameters.
func residualBlocks(t *testing.T) *ir.Func {
	t.Helper()
	b := trace.New("blocks")
	err := trace.Trace(func() {
		x := b.Input("x", shape.F32(4, 3, 3, 8))
		norm := func(x trace.Value, name string) trace.Value {
			y, _, _ := x.BatchNorm(b.Input(name+".scale", shape.F32(8)), b.Input(name+".offset", shape.F32(8)), 1e-5, 1)
			return y
		}
		mix := func(x trace.Value, name string) trace.Value {
			return x.Dot(b.Input(name, shape.F32(8, 8)), nil, nil, []int{3}, []int{0})
		}
		x = norm(mix(x, "w0"), "n0").Relu()
		x = norm(mix(norm(mix(x, "w1"), "n1").Relu(), "w2"), "n2").Add(x).Relu()
		x = norm(mix(x, "w3"), "n3").Add(norm(mix(x, "w4"), "n4")).Relu()
		b.Output("loss", x.Square().Mean())
	})
	if err != nil {
		t.Fatal(err)
	}
	f := b.Func()
	loss, _ := f.Output("loss")
	var wrt []ir.ID
	for _, in := range f.Inputs {
		wrt = append(wrt, in.Value)
	}
	grads, err := autodiff.Gradients(f, loss, wrt)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range grads {
		f.Outputs = append(f.Outputs, ir.Port{Name: "grad." + f.Inputs[i].Name, Value: g})
	}
	return f
}

// Normalisations take what follows them along, forward and backward, and the
// values stay the oracle's.
func TestNormalisationsAreFused(t *testing.T) {
	f := residualBlocks(t)
	var args []interp.Tensor
	s := rng.New(5).Stream()
	for _, in := range f.Inputs {
		a := interp.Zeros(f.Shape(in.Value))
		for i := range a.V {
			a.V[i] = float64(float32(s.Normal()))
		}
		args = append(args, a)
	}
	want, err := interp.Run(f, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compile.Func(f)
	if err != nil {
		t.Fatal(err)
	}
	text := compiled.String()
	for what, n := range map[string]int{"relu=1": 8, "residual=1": 4, "recompute=1": 2, "maximum": 0, "select": 0} {
		if got := strings.Count(text, what); got != n {
			t.Errorf("%d times %q, expected %d", got, what, n)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	one, three := run(t, compiled, args, 1), run(t, compiled, args, 3)
	for i := range want {
		compareTensors(t, f.Outputs[i].Name, one[i], want[i])
		if string(one[i].Bytes()) != string(three[i].Bytes()) {
			t.Errorf("%s: bits differ between 1 and 3 workers", f.Outputs[i].Name)
		}
	}
}

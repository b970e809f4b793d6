package sdk_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// Mixup, CutMix and the labels of a mixed batch are timm's (testdata/make_mix.py).
func TestMixingIsTimms(t *testing.T) {
	f, err := tensor.Open("testdata/mix.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) interp.Tensor {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return interp.FromBytes(x.Shape, x.Data)
	}
	x, labels := read("x"), read("labels")
	for i := range 4 {
		lambda, at := read(fmt.Sprint(i, ".lambda")).V[0], read(fmt.Sprint(i, ".at")).V
		b := trace.New("mix")
		err := trace.Trace(func() {
			x, labels := b.Input("x", x.Shape), b.Input("labels", labels.Shape)
			i32 := func(v float64) sdk.Value { return b.Fill(shape.Of(dtype.I32), v) }
			cut, left := sdk.CutMixBy(x, b.Scalar(lambda), i32(at[0]), i32(at[1]))
			b.Output("mixup", sdk.MixupBy(x, b.Scalar(lambda)))
			b.Output("cutmix", cut)
			b.Output("left", left)
			b.Output("labels", sdk.MixedLabels(labels, 5, 0.1, left))
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := interp.Run(b.Func(), []interp.Tensor{x, labels}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for j, o := range b.Func().Outputs {
			for k, w := range read(fmt.Sprint(i, ".", o.Name)).V {
				if d := out[j].V[k] - w; !(math.Abs(d) <= 1e-6) {
					t.Fatalf("case %d, %s: element %d is %v, timm has %v", i, o.Name, k, out[j].V[k], w)
				}
			}
		}
	}
}

type mixing struct{}

func (mixing) Views(v *sdk.Views) { v.View(v.Whole(v.Image())) }

func (mixing) Objective(s *sdk.Step) sdk.Value {
	x := s.Views()
	for i := range 2 {
		_, lambda := s.Mixup(x, 0.8)
		_, left := s.CutMix(x, 1)
		s.Metric(fmt.Sprint("lambda", i), lambda)
		s.Metric(fmt.Sprint("left", i), left)
	}
	return x.Mean()
}

// Each step and each call mixes by numbers of its own: lambdas of Beta(0.8, 0.8),
// and shares that CutMix leaves of less than Beta(1, 1)'s, as borders cut it off.
func TestEachStepMixesAnew(t *testing.T) {
	req := wire.TraceRequest{Plugin: "t/mix", Func: "objective", Batch: 2, Channels: 3, ImageSize: 32, Inputs: []wire.Port{{Name: "views.0", Shape: shape.F32(2, 32, 32, 3)}}}
	b, err := sdk.Handler(sdk.Pretext("t/mix", "1.0.0", "predict", mixing{}))(abi.Trace, wire.Marshal(nil, &req))
	if err != nil {
		t.Fatal(err)
	}
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	flat, err := link.Flatten(reply.Program.Func("objective"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := flat.Func
	f.Outputs = nil
	for _, m := range flat.Metrics {
		f.Outputs = append(f.Outputs, ir.Port{Name: m.Name, Value: m.Value})
	}
	const n = 300
	sums, squares, seen := map[string]float64{}, map[string]float64{}, map[float64]bool{}
	for step := range n {
		var in []interp.Tensor
		for _, p := range f.Inputs {
			x := interp.Zeros(f.Shape(p.Value))
			if p.Name == link.KeyInput {
				x.V[0], x.V[1] = float64(step), 9
			}
			in = append(in, x)
		}
		out, err := interp.Run(f, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range f.Outputs {
			v := out[i].V[0]
			if v < 0 || v > 1 || strings.HasPrefix(o.Name, "lambda") && seen[v] {
				t.Errorf("step %d: %s is %v", step, o.Name, v)
			}
			seen[v] = true
			sums[o.Name], squares[o.Name] = sums[o.Name]+v/n, squares[o.Name]+v*v/n
		}
	}
	for i := range 2 {
		l, left := fmt.Sprint("lambda", i), fmt.Sprint("left", i)
		// Var Beta(a, a) = 1/(4(2a+1))
		if v := squares[l] - sums[l]*sums[l]; math.Abs(sums[l]-0.5) > 0.06 || math.Abs(v-1/(4*2.6)) > 0.02 {
			t.Errorf("%s: mean %v, variance %v", l, sums[l], v)
		}
		if sums[left] < 0.55 || sums[left] > 0.75 {
			t.Errorf("%s: mean %v", left, sums[left])
		}
	}
}

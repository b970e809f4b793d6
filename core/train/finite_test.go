package train

import (
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
)

func TestBadValue(t *testing.T) {
	inf := float32(math.Inf(1))
	for want, v := range map[int][]float32{
		-1: {0, 1, -math.MaxFloat32, math.SmallestNonzeroFloat32},
		0:  {inf, 1},
		1:  {1, -inf},
		2:  {1, 2, float32(math.NaN())},
	} {
		if got := badValue(v); got != want {
			t.Errorf("%v: %d, expected %d", v, got, want)
		}
	}
}

func TestLossClasses(t *testing.T) {
	for _, c := range []struct {
		name string
		loss func(b *trace.Builder) trace.Value
		want int
	}{
		{"one log-softmax", func(b *trace.Builder) trace.Value { return b.Input("x", shape.F32(4, 7)).LogSoftmax().Mean() }, 7},
		{"none", func(b *trace.Builder) trace.Value { return b.Input("x", shape.F32(4, 7)).Softmax().Mean() }, 0},
		{"two of one width", func(b *trace.Builder) trace.Value {
			return b.Input("x", shape.F32(4, 7)).LogSoftmax().Mean().Add(b.Input("y", shape.F32(2, 7)).LogSoftmax().Mean())
		}, 7},
		{"two widths", func(b *trace.Builder) trace.Value {
			return b.Input("x", shape.F32(4, 7)).LogSoftmax().Mean().Add(b.Input("y", shape.F32(4, 5)).LogSoftmax().Mean())
		}, 0},
		{"of a metric alone", func(b *trace.Builder) trace.Value {
			x := b.Input("x", shape.F32(4, 7))
			b.Output("metric/entropy", x.LogSoftmax().Mean())
			return x.Mean()
		}, 0},
		{"within the network", func(b *trace.Builder) trace.Value {
			return b.Input("x", shape.F32(4, 7)).LogSoftmax().Dot(b.Input("w", shape.F32(3, 7)), nil, nil, []int{1}, []int{1}).LogSoftmax().Mean()
		}, 3},
		{"beside a term of parameters", func(b *trace.Builder) trace.Value {
			w := b.Input("param/w", shape.F32(4, 7))
			return w.LogSoftmax().Mean().Add(w.Square().Mean())
		}, 0},
		{"with a target of parameters", func(b *trace.Builder) trace.Value {
			w := b.Input("param/w", shape.F32(4, 7))
			return w.LogSoftmax().Mul(w.Softmax().StopGradient()).Mean()
		}, 7},
	} {
		b := trace.New("objective")
		if err := trace.Trace(func() { b.Output(link.LossOutput, c.loss(b)) }); err != nil {
			t.Fatal(err)
		}
		if got := lossClasses(b.Func()); got != c.want {
			t.Errorf("%s: %d, expected %d", c.name, got, c.want)
		}
	}
}

func TestRestoreWantsExactlyTheState(t *testing.T) {
	f32 := func(v ...float32) tensor.Tensor { return tensor.FromF32(v, len(v)) }
	fresh := func() *State { return &State{map[string]tensor.Tensor{"param/a": f32(1, 2), "state/b": f32(3)}} }
	for want, from := range map[string]map[string]tensor.Tensor{
		"state/b is not in the checkpoint": {"param/a": f32(7, 8)},
		"param/a: expected f32[2]":         {"param/a": f32(7, 8, 9), "state/b": f32(9)},
		"the step does not":                {"param/a": f32(7, 8), "state/b": f32(9), "state/c": f32(9)},
		"state/b: expected f32[1]":         {"param/a": f32(7, 8), "state/b": tensor.New(shape.Of(dtype.I32, 1))},
	} {
		s := fresh()
		if err := s.Restore(from); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, got %v", want, err)
		}
		if s.tensors["param/a"].F32()[0] != 1 {
			t.Errorf("%s: the state was changed", want)
		}
	}
	s := fresh()
	if err := s.Restore(map[string]tensor.Tensor{"param/a": f32(7, 8), "state/b": f32(9)}); err != nil {
		t.Fatal(err)
	}
	if s.tensors["param/a"].F32()[1] != 8 || s.tensors["state/b"].F32()[0] != 9 {
		t.Error("the state was not taken over")
	}
}

package builtin

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/sdk"
)

// squared is the mean squared distance of two views' embeddings, traced and evaluated.
type squared struct{}

func (squared) Loss(_ *sdk.Builder, z1, z2 sdk.Value) sdk.Value { return z1.Sub(z2).Square().Mean() }

func (squared) Eval(in []sdk.Array) (value float64, grads [][]float32, err error) {
	n := len(in[0].F32)
	grads = [][]float32{make([]float32, n), make([]float32, n)}
	for i := range n {
		d := float64(in[0].F32[i]) - float64(in[1].F32[i])
		value += d * d / float64(n)
		grads[0][i], grads[1][i] = float32(2*d/float64(n)), float32(-2*d/float64(n))
	}
	return value, grads, nil
}

// fewer gives one gradient where two are asked for.
type fewer struct{ squared }

func (f fewer) Eval(in []sdk.Array) (float64, [][]float32, error) {
	v, g, err := f.squared.Eval(in)
	return v, g[:1], err
}

// A loss that computes on copied tensors trains as its traced twin does.
func TestEvaluatedLossEqualsTraced(t *testing.T) {
	plugins := append(Plugins(), sdk.ContrastLoss("test/traced", "1.0.0", squared{}),
		sdk.EvalLoss("test/evaluated", "1.0.0", "contrast", squared{}), sdk.EvalLoss("test/fewer", "1.0.0", "contrast", fewer{}))
	inproc := host.New("inproc", func(context.Context) (host.Caller, error) { return host.Func(sdk.Handler(plugins...)), nil })
	at := func(id string) *client.Client { return &client.Client{Host: inproc, ID: id} }
	trainer := func(loss string) *train.Trainer {
		set, err := data.Open("synthetic", data.Options{Count: 16, Size: 12})
		if err != nil {
			t.Fatal(err)
		}
		backbone := at("fw/resnet")
		backbone.Params = append(backbone.Params, integer("depth", 10), integer("width", 8), integer("stages", 1), text("stem", "cifar"))
		tr, err := train.NewTrainer(context.Background(), train.Config{
			Plugins: train.Plugins{Pretext: at("fw/simclr"), Backbone: backbone, Loss: at(loss), Crop: at("fw/random-resized-crop")},
			Data:    set.Train, Workers: 2, Facts: train.Facts{Batch: 4, Samples: set.Train.Len(), Channels: 3, ImageSize: 12},
			Optim: optim.Config{Name: "sgd", LR: 0.1, Momentum: 0.9, Schedule: "constant", Steps: 6}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tr.Close)
		return tr
	}
	traced, evaluated := trainer("test/traced"), trainer("test/evaluated")
	for step := range 5 {
		a, _, err := traced.Run()
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := evaluated.Run()
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a-b) > 1e-5*math.Max(1, math.Abs(a)) {
			t.Errorf("step %d: the traced loss is %v, the evaluated one %v", step, a, b)
		}
	}
	again := trainer("test/evaluated")
	for range 5 {
		if _, _, err := again.Run(); err != nil {
			t.Fatal(err)
		}
	}
	now := again.State.Buffers()
	for name, b := range evaluated.State.Buffers() {
		if !bytes.Equal(b.U8, now[name].U8) {
			t.Errorf("%s differs when the steps are run again", name)
		}
	}
	if _, _, err := trainer("test/fewer").Run(); err == nil {
		t.Error("one gradient for two inputs was taken")
	} else {
		t.Log(err)
	}
}

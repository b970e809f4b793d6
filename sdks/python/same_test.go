package python

import (
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/hosttest"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/augment/simclraugment"
	"github.com/fwlab/fw/plugins/crop/contrastivecrop"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdk"
)

// examples and their twins.
var examples = []struct {
	file string
	twin *sdk.Plugin
}{{"crop.py", contrastivecrop.Plugin()}, {"ntxent.py", ntxent.Plugin()}, {"rotation.py", rotation.Plugin()}, {"augment.py", simclraugment.Plugin()}}

func twin(plugins ...*sdk.Plugin) host.Caller { return host.Func(sdk.Handler(plugins...)) }

// What they say of themselves is the Go ones' to the byte, and what their manifests say.
func TestExamplesDescribeThemselvesAsTheGoOnes(t *testing.T) {
	python := interpreter(t)
	dir := folder(t)
	for _, e := range examples {
		guest, m := started(t, build(t, python, dir, e.file))
		same(t, guest, twin(e.twin), abi.Describe, nil)
		if err := registry.CheckSelf(&m, wire.DescribeReply{ABI: 1, IRVersion: 1, Plugins: []wire.PluginInfo{e.twin.Info()}}); err != nil {
			t.Errorf("%s: %v", e.file, err)
		}
	}
}

var floats = hosttest.Floats

func crops(seed uint64, n, most int, boxes, views bool, params []schema.Named) *wire.CropRequest {
	return hosttest.Crops("fw/contrastive-crop", seed, n, most, boxes, views, params)
}

func TestRectanglesAreTheGoOnes(t *testing.T) {
	guest, goes := example(t, "crop.py"), twin(contrastivecrop.Plugin())
	params := [][]schema.Named{nil, floats("alpha", 0.6, "min_scale", 0.01), floats("alpha", 1.0), floats("alpha", 37.5, "max_scale", 0.3), floats("min_ratio", 0.01, "max_ratio", 90.0),
		{{Name: "alpha", Value: schema.OfInt(2)}}, {{Name: "max_ratio", Value: schema.OfInt(1)}}}
	for i, p := range params {
		for round, most := range []int{3, 40, 600, 1 << 16} {
			same(t, guest, goes, abi.Crop, wire.Marshal(nil, crops(uint64(i)<<8|uint64(round), 500, most, round%2 == 1, round > 1, p)))
		}
	}
	same(t, guest, goes, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/contrastive-crop"}))
}

func TestProgramsAreTheGoOnes(t *testing.T) {
	guest, goes := example(t, "ntxent.py"), twin(ntxent.Plugin())
	for _, n := range []int{1, 2, 7, 300, 1 << 12} {
		for _, d := range []int{1, 3, 128, 1 << 14} {
			for _, temperature := range []float64{0.05, 0.1, 0.5, 1, 1.0 / 3} {
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/ntxent", Func: "loss", Params: floats("temperature", temperature), Training: true, Batch: n,
					Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(n, d)}, {Name: "z2", Shape: shape.F32(n, d)}}}))
			}
		}
	}
	guest, goes = example(t, "rotation.py"), twin(rotation.Plugin())
	for _, size := range []int{1, 28, 224} {
		for _, batch := range []int{1, 5, 512} {
			for channels := 1; channels <= 3; channels += 2 {
				req := &wire.TraceRequest{Plugin: "fw/rotation", Func: "views", Samples: 50000, Channels: channels, ImageSize: size, Batch: batch, Training: true}
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, req))
				req.Func = "objective"
				req.Inputs = []wire.Port{{Name: "views.0", Shape: shape.F32(4*batch, size, size, channels)}, {Name: "target.angle", Shape: shape.Of(dtype.I32, 4*batch)}}
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, req)) // the question for the backbone's shape
				req.Known = []wire.Signature{{Callee: "backbone.pooled", In: []shape.Shape{shape.F32(1)}, Out: shape.F32(2)},
					{Callee: "backbone.pooled", In: []shape.Shape{req.Inputs[0].Shape}, Out: shape.F32(4*batch, 7*size)}}
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, req))
			}
		}
	}
}

func TestRecipesAreTheGoOnes(t *testing.T) {
	params := [][]schema.Named{nil, floats("flip", 0.0, "jitter", 0.0, "grayscale", 0.0), floats("flip", 1.0, "jitter", 1.0, "grayscale", 1.0, "blur", 1.0),
		floats("strength", 0.0), floats("strength", 2.0, "blur", 0.5), floats("strength", 1.0/3, "jitter", 0.1), floats("blur", 1.5), floats("strength", 2.5)}
	guest, goes := example(t, "augment.py"), twin(simclraugment.Plugin())
	for view, p := range params {
		for channels := 1; channels <= 3; channels += 2 {
			same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/simclr-augment", Func: "augment", Params: p, View: view, Channels: channels,
				Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 32, 32, channels)}}}))
		}
	}
	same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/simclr-augment", Func: "augment"})) // no picture
}

func TestParametersAreRefusedInTheSameWords(t *testing.T) {
	guest, goes := example(t, "crop.py"), twin(contrastivecrop.Plugin())
	for _, p := range [][]schema.Named{floats("alpha", 0.0), floats("alpha", 1001.0), floats("alpha", 1.5e7), floats("alpha", -3e-9), floats("min_scale", 0.75, "max_scale", 0.5),
		floats("min_ratio", -2.5), floats("alfa", 1.0), {{Name: "alpha", Value: schema.OfString("ten")}}, {{Name: "alpha", Value: schema.OfBool(true)}}} {
		same(t, guest, goes, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/contrastive-crop", Params: p}))
	}
	req := crops(1, 8, 9, true, true, nil)
	req.Boxes = req.Boxes[4:]
	same(t, guest, goes, abi.Crop, wire.Marshal(nil, req))
	same(t, guest, goes, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/other"}))
	same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/contrastive-crop"}))
	whole := wire.Marshal(nil, crops(1, 8, 9, true, true, floats("alpha", 0.5)))
	for n := range whole { // cut short or changed: the Go plugin's error, or its answer
		same(t, guest, goes, abi.Crop, whole[:n])
		changed := append([]byte(nil), whole...)
		changed[n] ^= 0x80
		_, _ = guest.Call(t.Context(), abi.Crop, changed)
	}
	same(t, guest, goes, abi.Crop, whole) // it lives
}

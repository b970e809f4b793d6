package sdks

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/host/hosttest"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

func TestExamplesDescribeThemselvesAsTheGoOnes(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		for example := range goPlugins {
			same(t, built(t, l, example), twin(example), abi.Describe, nil)
		}
	})
}

var floats = hosttest.Floats

func crops(seed uint64, n, most int, boxes, views bool, params []schema.Named) *wire.CropRequest {
	return hosttest.Crops("fw/contrastive-crop", seed, n, most, boxes, views, params)
}

func TestRectanglesAreTheGoOnes(t *testing.T) {
	params := [][]schema.Named{nil, floats("alpha", 0.6, "min_scale", 0.01), floats("alpha", 1.0), floats("alpha", 37.5, "max_scale", 0.3), floats("min_ratio", 0.01, "max_ratio", 90.0),
		{{Name: "alpha", Value: schema.OfInt(2)}}, {{Name: "max_ratio", Value: schema.OfInt(1)}}}
	each(t, func(t *testing.T, l Language) {
		guest, twin := built(t, l, "crop"), twin("crop")
		for i, p := range params {
			for _, most := range []int{3, 40, 600, 1 << 16} {
				for round := range uint64(4) {
					same(t, guest, twin, abi.Crop, wire.Marshal(nil, crops(uint64(i)<<8|round, 3000, most, round%2 == 1, round > 1, p)))
				}
			}
		}
		same(t, guest, twin, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/contrastive-crop"}))
	})
}

func TestProgramsAreTheGoOnes(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "ntxent"), twin("ntxent")
		for _, n := range []int{1, 2, 7, 64, 300, 1 << 12} {
			for _, d := range []int{1, 3, 128, 1 << 14} {
				for _, temperature := range []float64{0.05, 0.1, 0.5, 1, 1.0 / 3} {
					same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/ntxent", Func: "loss", Params: floats("temperature", temperature), Training: true, Batch: n,
						Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(n, d)}, {Name: "z2", Shape: shape.F32(n, d)}}}))
				}
			}
		}
		guest, goes = built(t, l, "rotation"), twin("rotation")
		for _, size := range []int{1, 28, 32, 224} {
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
	})
}

func TestRecipesAreTheGoOnes(t *testing.T) {
	params := [][]schema.Named{nil, floats("flip", 0.0, "jitter", 0.0, "grayscale", 0.0), floats("flip", 1.0, "jitter", 1.0, "grayscale", 1.0, "blur", 1.0),
		floats("strength", 0.0), floats("strength", 2.0, "blur", 0.5), floats("strength", 1.0/3, "jitter", 0.1), floats("blur", 1.5), floats("strength", 2.5)}
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "augment"), twin("augment")
		for view, p := range params {
			for channels := 1; channels <= 3; channels += 2 {
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/simclr-augment", Func: "augment", Params: p, View: view, Channels: channels,
					Inputs: []wire.Port{{Name: "image", Shape: shape.Of(dtype.U8, 32, 32, channels)}}}))
			}
		}
		same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/simclr-augment", Func: "augment"})) // no picture
	})
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	request := wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/ntxent", Func: "12345", Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(2, 2)}, {Name: "z2", Shape: shape.F32(2, 2)}}})
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "ntxent"), twin("ntxent")
		same(t, guest, goes, abi.Trace, bytes.Replace(request, []byte("12345"), []byte("\u00e912\t"), 1))
		for _, bad := range []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "ab\xe2\x82"} {
			text := strings.Repeat("1", 5-len(bad)) + bad
			same(t, guest, goes, abi.Trace, bytes.Replace(request, []byte("12345"), []byte(text), 1))
		}
	})
}

func TestABatchOfNoImagesIsRefused(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		_, err := built(t, l, "rotation").Call(context.Background(), abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/rotation", Func: "objective"}))
		if err == nil || !strings.Contains(err.Error(), "expected a batch of 1 image or more, found 0") {
			t.Errorf("found %v", err)
		}
	})
}

// Each function of an SDK is called once; the twin of it is in every_test.go.
func TestEveryFunctionTracesAsTheGoOne(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "every"), twin("every")
		for _, n := range []int{2, 6} {
			for _, function := range []string{"views", "objective"} {
				same(t, guest, goes, abi.Trace, wire.Marshal(nil, everyRequest(n, function, nil)))
			}
		}
	})
}

func everyRequest(n int, function string, params []schema.Named) *wire.TraceRequest {
	return &wire.TraceRequest{Plugin: "test/every", Func: function, Params: params, Samples: 640, Channels: 3, ImageSize: 8, Batch: n, Training: true,
		Inputs: []wire.Port{{Name: "views.0", Shape: shape.F32(2*n, 8, 8, 3)}, {Name: "views.1", Shape: shape.F32(n, 4, 4, 3)}, {Name: "target.which", Shape: shape.Of(dtype.I32, 3*n)}},
		Known:  []wire.Signature{{Callee: "backbone.pooled", In: []shape.Shape{shape.F32(n, 8, 8, 3)}, Out: shape.F32(n, 5)}}}
}

func TestParametersAreRefusedInTheSameWords(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest, goes := built(t, l, "crop"), twin("crop")
		for _, p := range [][]schema.Named{floats("alpha", 0.0), floats("alpha", 1001.0), floats("min_scale", 0.75, "max_scale", 0.5), floats("min_ratio", -2.5), floats("alfa", 1.0),
			{{Name: "alpha", Value: schema.OfString("ten")}}, {{Name: "alpha", Value: schema.OfBool(true)}}} {
			same(t, guest, goes, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/contrastive-crop", Params: p}))
		}
		req := crops(1, 8, 9, true, true, nil)
		req.Boxes = req.Boxes[4:]
		same(t, guest, goes, abi.Crop, wire.Marshal(nil, req))
		same(t, guest, goes, abi.Crop, wire.Marshal(nil, &wire.CropRequest{Plugin: "fw/other"}))
		same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: "fw/contrastive-crop"}))
		whole := wire.Marshal(nil, crops(1, 8, 9, true, true, floats("alpha", 0.5)))
		for n := range whole { // cut short: an error or an answer, but no trap
			_, err := guest.Call(context.Background(), abi.Crop, whole[:n])
			if err != nil && strings.Contains(err.Error(), "trapped") {
				t.Fatalf("a request cut to %d bytes: %v", n, err)
			}
		}
	})
}

// A mistake in a trace and a panic are told with the author's file and line, where the
// compiler knows it: AssemblyScript's does not know a call's.
func TestErrorsHaveTheAuthorsPlace(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		guest := built(t, l, "every")
		for i, kind := range []string{"mistake", "panic"} {
			params := []schema.Named{{Name: "fail", Value: schema.OfInt(i + 1)}}
			_, err := guest.Call(context.Background(), abi.Trace, wire.Marshal(nil, everyRequest(4, "objective", params)))
			place := "every" + l.Ext + ":" + strconv.Itoa(line(t, "testdata/every"+l.Ext, "// "+kind)) + ": "
			if l.Ext == ".ts" && kind == "mistake" {
				place = ""
			}
			want := map[string]string{"mistake": place + "shapes do not broadcast: f32[4,5] and f32[4,4,4,3]", "panic": place + "on purpose"}[kind]
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: expected an error with %q, found %v", kind, want, err)
			}
		}
	})
}

// line is the first line of a file that ends with a text, from 1.
func line(t *testing.T, path, end string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(s, end) {
			return i + 1
		}
	}
	t.Fatalf("%s: no line ends with %q", path, end)
	return 0
}

package view

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
)

// fixtures is what testdata/make_fixtures.py wrote.
type fixtures struct {
	Files []string
	Cases []fixture
	*tensor.File
}

// fixture is an operation on a picture, and the names of what PIL, torchvision
// on tensors, or torchvision on floats made of it.
type fixture struct {
	Op, Picture        string
	Args               fixtureArgs
	PIL, Tensor, Float string
	Index              string // of soft_quantize
}

type fixtureArgs struct {
	Rect, Size                []int
	Interpolation             string
	Factor, Sigma             float64
	Factors, Order, Mean, Std []float64
	Center                    []float64
	Corner                    []int
	K, Threshold, Bits, DDOF  int
	Channels                  int
	Epsilon, Scale            float64
}

func openFixtures(t *testing.T) *fixtures {
	t.Helper()
	f := &fixtures{}
	b, err := os.ReadFile("testdata/cases.json")
	if err == nil {
		err = json.Unmarshal(b, f)
	}
	if err == nil {
		f.File, err = tensor.Open("testdata/fixtures.safetensors")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func (f *fixtures) image(t *testing.T, name string) data.Image {
	t.Helper()
	x, err := f.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return data.Image{Pix: x.U8(), H: x.Shape.Dims[0], W: x.Shape.Dims[1], C: x.Shape.Dims[2]}
}

// Every operation, run as a view program, gives PIL's bytes, warps within a grey
// level; torchvision's uint8 tensor form, which rounds elsewhere, is at most a grey
// level away. Numbers are within 1e-5, Lab's of 0 to 100 within 1e-3.
func TestOperationsEqualTorchvision(t *testing.T) {
	f := openFixtures(t)
	seen := map[string]*difference{}
	note := func(name string) *difference {
		if seen[name] == nil {
			seen[name] = &difference{}
		}
		return seen[name]
	}
	for i, c := range f.Cases {
		img := f.image(t, "picture."+c.Picture)
		got, index := runFixture(t, f, img, c)
		if c.Index != "" {
			x, err := f.Read(c.Index)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(index, x.I32()) {
				t.Errorf("case %d %+v: other bins", i, c)
			}
		}
		if c.Float != "" {
			x, err := f.Read(c.Float)
			if err != nil {
				t.Fatal(err)
			}
			for j, want := range x.F32() {
				if d := math.Abs(float64(got[j] - want)); !(d <= 1e-5*cmp.Or(c.Args.Scale, 1)) {
					t.Errorf("case %d %+v: element %d is %v, want %v", i, c, j, got[j], want)
					break
				}
			}
			continue
		}
		for _, ref := range []struct {
			kind, name string
			bound      int
		}{{"PIL", c.PIL, 0}, {"tensor", c.Tensor, 1}} {
			if ref.name == "" {
				continue
			}
			op := c.Op
			if c.Args.Interpolation != "" {
				op += "/" + c.Args.Interpolation
			}
			if c.Op == "affine" {
				ref.bound = 1 // where the last bit of a sine decides what is cut off
			}
			if d := note(op+" "+ref.kind).add(got, f.image(t, ref.name)); d > ref.bound {
				t.Errorf("case %d %+v: %d grey levels from %s", i, c, d, ref.kind)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		d := seen[name]
		t.Logf("%-28s at most %d levels, %.3f %% of %d values differ", name, d.most, 100*float64(d.differ)/float64(d.values), d.values)
	}
}

type difference struct{ most, differ, values int }

// add compares numbers in [0,1] with levels and returns the largest difference in levels.
func (d *difference) add(got []float32, want data.Image) int {
	most := 0
	for i, w := range want.Pix {
		if e := int(math.Round(float64(got[i])*255)) - int(w); e != 0 {
			d.differ++
			most = max(most, e, -e)
		}
	}
	d.values += len(want.Pix)
	d.most = max(d.most, most)
	return most
}

// runFixture runs a case as a view program: the view, and with an index that of each bin.
func runFixture(t *testing.T, f *fixtures, img data.Image, c fixture) (out []float32, index []int32) {
	t.Helper()
	a := c.Args
	h, w, ch := img.H, img.W, img.C
	if c.Op == "channels" {
		ch = a.Channels
	}
	if a.Size != nil && c.Op == "crop_resize" {
		h, w = a.Size[0], a.Size[1]
	}
	rect := Rect{H: img.H, W: img.W}
	if r := a.Rect; r != nil {
		rect = Rect{Y: r[0], X: r[1], H: r[2], W: r[3]}
	}
	p, err := program([]data.Image{img}, 1, rect, func(b *trace.Builder, in trace.Value) { b.Output("view.0", traceFixture(t, f, c, b, in, h, w, ch)) })
	if err != nil {
		t.Fatal(err)
	}
	out = fill(t, p, []int{0}, 1)
	if c.Index != "" {
		weight, at := p.Outputs[1], p.Outputs[2] // after the view
		out, index = make([]float32, weight.Shape.Size()), make([]int32, at.Shape.Size())
		for i := range index {
			out[i], index[i] = weight.F32(i), int32(binary.LittleEndian.Uint32(at.Data[4*i:]))
		}
	}
	return out, index
}

func traceFixture(t *testing.T, f *fixtures, c fixture, b *trace.Builder, in trace.Value, h, w, ch int) trace.Value {
	a := c.Args
	rect := b.Emit("call", []trace.Value{in}, ir.String("callee", "crop"), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
	filter := "bilinear"
	if c.Op == "crop_resize" {
		filter = a.Interpolation
	}
	x := b.Emit("image_crop_resize", []trace.Value{in, rect}, ir.Int("height", h), ir.Int("width", w), ir.Int("channels", ch), ir.String("interpolation", filter))[0]
	op := func(operands []trace.Value, attrs ...ir.Attr) trace.Value {
		return b.Emit("image_"+c.Op, append([]trace.Value{x}, operands...), attrs...)[0]
	}
	float := func() trace.Value { return b.Emit("image_to_float", []trace.Value{x})[0] }
	i32 := func(x ...float64) trace.Value {
		if len(x) == 1 {
			return b.Constant(shape.Of(dtype.I32), x)
		}
		return b.Constant(shape.Of(dtype.I32, len(x)), x)
	}
	factors := func() (in []trace.Value) {
		for _, f := range a.Factors {
			in = append(in, b.Scalar(f))
		}
		return in
	}
	warp := []ir.Attr{ir.String("interpolation", a.Interpolation), ir.Int("fill", 0)}
	switch c.Op {
	case "crop_resize", "channels":
	case "normalize":
		return b.Emit("image_normalize", []trace.Value{float()}, ir.Floats("mean", a.Mean...), ir.Floats("std", a.Std...))[0]
	case "standardize":
		return b.Emit("image_standardize", []trace.Value{float()}, ir.Int("channels", a.Channels), ir.Int("ddof", a.DDOF), ir.Float("epsilon", a.Epsilon))[0]
	case "lab":
		return op(nil)
	case "soft_quantize":
		bins, err := f.Read("bins")
		if err != nil {
			t.Fatal(err)
		}
		var points []float64
		for _, v := range bins.F32() {
			points = append(points, float64(v))
		}
		ab := b.Emit("image_lab", []trace.Value{x})[0].Slice(2, 1, 3)
		out := b.Emit("soft_quantize", []trace.Value{ab, b.Constant(bins.Shape, points)}, ir.Int("k", a.K), ir.Float("sigma", a.Sigma))
		b.Output("target.index.0", out[0])
		b.Output("target.weight.0", out[1])
		return float()
	case "window":
		x = op([]trace.Value{i32(float64(a.Corner[0]), float64(a.Corner[1]))}, ir.Int("height", a.Size[0]), ir.Int("width", a.Size[1]), ir.Int("fill", 0))
	case "rotate":
		x = op([]trace.Value{b.Scalar(a.Factor)}, warp...)
	case "affine":
		if len(a.Center) > 0 {
			warp = append(warp, ir.Floats("center", a.Center...))
		}
		x = op(factors(), warp...)
	case "rotate90":
		x = op([]trace.Value{i32(float64(a.K))})
	case "brightness", "contrast", "saturation", "hue", "sharpness":
		x = op([]trace.Value{b.Scalar(a.Factor)})
	case "gaussian_blur":
		x = op([]trace.Value{b.Scalar(a.Sigma)})
	case "color_jitter":
		x = op(append(factors(), i32(a.Order...)))
	case "solarize":
		x = op([]trace.Value{i32(float64(a.Threshold))})
	case "posterize":
		x = op([]trace.Value{i32(float64(a.Bits))})
	default:
		x = op(nil)
	}
	return float()
}

// run gives view 0 of a program over one image, with rect for every crop.
func run(t *testing.T, img data.Image, rect Rect, f func(b *trace.Builder, in trace.Value) trace.Value) []float32 {
	t.Helper()
	p, err := program([]data.Image{img}, 1, rect, func(b *trace.Builder, in trace.Value) { b.Output("view.0", f(b, in)) })
	if err != nil {
		t.Fatal(err)
	}
	return fill(t, p, []int{0}, 1)
}

// program traces f over a dataset of the given images.
func program(images []data.Image, batch int, rect Rect, f func(b *trace.Builder, in trace.Value)) (*Program, error) {
	b := trace.New("views")
	b.ResolveCalls(func(string, []shape.Shape) (shape.Shape, error) { return shape.Of(dtype.Rect), nil })
	if err := trace.Trace(func() { f(b, b.Input("image", shape.Of(dtype.Image))) }); err != nil {
		return nil, err
	}
	return New(b.Func(), album(images), batch, nil, nil, &Calls{Crops: func(r CropRequest) ([]Rect, error) {
		out := make([]Rect, len(r.Sizes))
		for i := range out {
			out[i] = rect
		}
		return out, nil
	}})
}

// fill is the first output's numbers.
func fill(t *testing.T, p *Program, indices []int, workers int) []float32 {
	t.Helper()
	w := pool.New(workers)
	defer w.Close()
	if _, err := p.Fill(w, indices, rng.New(1)); err != nil {
		t.Fatal(err)
	}
	o := p.Outputs[0]
	out := make([]float32, o.Shape.Size())
	for i := range out {
		out[i] = o.F32(i)
	}
	return out
}

// album is a dataset of images in memory; one without pixels cannot be read.
type album []data.Image

func (a album) Len() int              { return len(a) }
func (a album) Label(int) (int, bool) { return 0, false }
func (a album) ID(i int) string       { return "image " + string(rune('a'+i)) }
func (a album) Decode(i int) (data.Image, error) {
	if a[i].Pix == nil {
		return data.Image{}, errors.New("no pixels")
	}
	return a[i], nil
}

package view

import (
	"cmp"
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
}

type fixtureArgs struct {
	Rect, Size                []int
	Interpolation             string
	Factor, Sigma             float64
	Factors, Order, Mean, Std []float64
	K, Threshold, Bits        int
	Channels                  int
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

// Every operation, run as a view program, gives PIL's bytes; torchvision's
// uint8 tensor form, which rounds elsewhere, is at most a grey level away.
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
		got := runFixture(t, img, c)
		if c.Float != "" {
			x, err := f.Read(c.Float)
			if err != nil {
				t.Fatal(err)
			}
			for j, want := range x.F32() {
				if d := math.Abs(float64(got[j] - want)); !(d <= 1e-5) {
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

// runFixture runs a case as a view program.
func runFixture(t *testing.T, img data.Image, c fixture) []float32 {
	t.Helper()
	a := c.Args
	h, w, ch := img.H, img.W, cmp.Or(a.Channels, img.C)
	if a.Size != nil {
		h, w = a.Size[0], a.Size[1]
	}
	rect := Rect{0, 0, img.H, img.W}
	if r := a.Rect; r != nil {
		rect = Rect{r[0], r[1], r[2], r[3]}
	}
	out := run(t, img, rect, func(b *trace.Builder, in trace.Value) trace.Value {
		call := func() trace.Value {
			return b.Emit("call", []trace.Value{in}, ir.String("callee", "crop"), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
		}
		x := b.Emit("image_crop_resize", []trace.Value{in, call()}, ir.Int("height", h), ir.Int("width", w), ir.Int("channels", ch),
			ir.String("interpolation", cmp.Or(a.Interpolation, "bilinear")))[0]
		op := func(operands []trace.Value, attrs ...ir.Attr) trace.Value {
			return b.Emit("image_"+c.Op, append([]trace.Value{x}, operands...), attrs...)[0]
		}
		switch c.Op {
		case "crop_resize", "channels":
		case "normalize":
			return b.Emit("image_normalize", b.Emit("image_to_float", []trace.Value{x}), ir.Floats("mean", a.Mean...), ir.Floats("std", a.Std...))[0]
		case "rotate90":
			x = op([]trace.Value{b.Fill(shape.Of(dtype.I32), float64(a.K))})
		case "brightness", "contrast", "saturation", "hue":
			x = op([]trace.Value{b.Scalar(a.Factor)})
		case "gaussian_blur":
			x = op([]trace.Value{b.Scalar(a.Sigma)})
		case "color_jitter":
			var in []trace.Value
			for _, f := range a.Factors {
				in = append(in, b.Scalar(f))
			}
			x = op(append(in, b.Constant(shape.Of(dtype.I32, 4), a.Order)))
		case "solarize":
			x = op(nil, ir.Int("threshold", a.Threshold))
		case "posterize":
			x = op(nil, ir.Int("bits", a.Bits))
		default:
			x = op(nil)
		}
		return b.Emit("image_to_float", []trace.Value{x})[0]
	})
	return out
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
	return New(b.Func(), album(images), batch, nil, nil, func(sizes [][2]int, _ []Box, _ []rng.Key) ([]Rect, error) {
		out := make([]Rect, len(sizes))
		for i := range out {
			out[i] = rect
		}
		return out, nil
	})
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

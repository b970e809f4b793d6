package sdk_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/sdk"
)

// task is a pretext task of which only the views are looked at.
type task func(v *sdk.Views)

func (f task) Views(v *sdk.Views)              { f(v) }
func (f task) Objective(s *sdk.Step) sdk.Value { return s.Scalar(0) }

// whole is a crop strategy: the whole image.
type whole struct{}

func (whole) Crop(_ *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect { return sdk.Rect{H: img.H, W: img.W} }

// album is images in memory.
type album []data.Image

func (a album) Len() int                         { return len(a) }
func (a album) Label(int) (int, bool)            { return 0, false }
func (a album) ID(i int) string                  { return "image" }
func (a album) Decode(i int) (data.Image, error) { return a[i], nil }

// noise is n images h x w x 3 of random levels.
func noise(n, h, w int) (a album) {
	for i := range n {
		k := rng.New(uint64(i)).Stream()
		m := data.Image{H: h, W: w, C: 3, Pix: make([]uint8, h*w*3)}
		for j := range m.Pix {
			m.Pix[j] = uint8(k.Uint32())
		}
		a = append(a, m)
	}
	return a
}

func caller(p *sdk.Plugin) *client.Client {
	start := func(context.Context) (host.Caller, error) { return host.Func(sdk.Handler(p)), nil }
	return &client.Client{Host: host.New("t", start), ID: p.Info().ID}
}

// look fills the views of f for a whole album, of size pixels unless f says
// otherwise, with an augmentation or nil.
func look(t *testing.T, images album, size int, augment *sdk.Plugin, f task) *view.Program {
	t.Helper()
	p, err := try(images, size, augment, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func try(images album, size int, augment *sdk.Plugin, f task) (*view.Program, error) {
	ctx := context.Background()
	plugins := train.Plugins{Pretext: caller(sdk.Pretext("t/task", "1.0.0", "predict", f)), Crop: caller(sdk.Crop("t/crop", "1.0.0", whole{}))}
	calls := &view.Calls{Crops: func(r view.CropRequest) ([]view.Rect, error) { return plugins.Crop.Crops(ctx, r) }}
	if augment != nil {
		plugins.Augment = caller(augment)
		calls.Pixels = func(r view.PixelRequest) ([][]uint8, error) { return plugins.Augment.Pixels(ctx, r) }
	}
	flat, err := plugins.Views(ctx, train.Facts{Batch: len(images), Samples: len(images), Channels: 3, ImageSize: size})
	if err != nil {
		return nil, err
	}
	p, err := view.New(flat, images, len(images), nil, nil, calls)
	if err != nil {
		return nil, err
	}
	w := pool.New(2)
	defer w.Close()
	all := make([]int, len(images))
	for i := range all {
		all[i] = i
	}
	p.Explain = true
	if _, err := p.Fill(w, all, rng.New(5)); err != nil {
		return nil, err
	}
	return p, nil
}

// out is an output's elements and dimensions.
func out(t *testing.T, p *view.Program, name string) ([]float64, []int) {
	t.Helper()
	for _, o := range p.Outputs {
		if o.Name != name {
			continue
		}
		v := make([]float64, o.Shape.Size())
		for i := range v {
			switch o.Shape.DType {
			case dtype.F32:
				v[i] = float64(o.F32(i))
			case dtype.I32:
				v[i] = float64(int32(binary.LittleEndian.Uint32(o.Data[4*i:])))
			default:
				v[i] = float64(o.Data[i])
			}
		}
		return v, o.Shape.Dims
	}
	t.Fatal(errors.New("no output " + name))
	return nil, nil
}

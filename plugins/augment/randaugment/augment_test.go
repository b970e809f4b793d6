package randaugment

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/sdk"
)

// task shows what f makes of whole images.
type task func(v *sdk.Views, img sdk.Image)

func (f task) Views(v *sdk.Views)            { f(v, v.Whole(v.Image())) }
func (task) Objective(s *sdk.Step) sdk.Value { return s.Scalar(0) }

type one []data.Image

func (a one) Len() int                         { return len(a) }
func (a one) Label(int) (int, bool)            { return 0, false }
func (a one) ID(int) string                    { return "picture" }
func (a one) Decode(i int) (data.Image, error) { return a[i], nil }

func look(t *testing.T, images one, f task, params ...schema.Named) *view.Program {
	t.Helper()
	plugins := train.Plugins{}
	for _, p := range []*sdk.Plugin{sdk.Pretext("t/task", "1.0.0", "predict", f), Plugin()} {
		start := func(context.Context) (host.Caller, error) { return host.Func(sdk.Handler(p)), nil }
		c := &client.Client{Host: host.New("t", start), ID: p.Info().ID}
		if p.Info().Kind == "augment" {
			c.Params, plugins.Augment = params, c
		} else {
			plugins.Pretext = c
		}
	}
	flat, err := plugins.Views(t.Context(), train.Facts{Batch: len(images), Samples: len(images), Channels: 3, ImageSize: images[0].H})
	if err != nil {
		t.Fatal(err)
	}
	p, err := view.New(flat, images, len(images), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Explain = true
	all := make([]int, len(images))
	for i := range all {
		all[i] = i
	}
	w := pool.New(1)
	defer w.Close()
	if _, err := p.Fill(w, all, rng.New(2)); err != nil {
		t.Fatal(err)
	}
	return p
}

// Every operation at a level, in both directions, is torchvision's within a grey level.
func TestOperationsAreTorchvisions(t *testing.T) {
	f, err := tensor.Open("testdata/fixtures.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) []uint8 {
		x, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(x.U8())
	}
	img := one{{Pix: read("picture"), H: 16, W: 16, C: 3}}
	for _, filter := range []string{"nearest", "bilinear"} {
		for _, level := range []float64{9, 23} {
			for _, sign := range []float64{1, -1} {
				r := &randAugment{level: level, interpolation: filter}
				p := look(t, img, func(v *sdk.Views, img sdk.Image) {
					for _, x := range r.all(v, img, v.Scalar(sign)) {
						v.View(x)
					}
				})
				for i := range operations {
					most, differ := 0, 0
					for j, w := range read(fmt.Sprintf("%s.%v.%d.%v", filter, level, i, sign)) {
						if d := int(p.Outputs[0].F32(i*768+j)*255+0.5) - int(w); d != 0 {
							most, differ = max(most, d, -d), differ+1
						}
					}
					if most > 1 {
						t.Errorf("%s, level %v, operation %d, sign %v: %d levels at most, %d of 768 values differ", filter, level, i, sign, most, differ)
					}
				}
			}
		}
	}
}

// Two operations of fourteen are drawn for each image, each as often as the others.
func TestEachOperationAsOften(t *testing.T) {
	const n = 1400
	images := make(one, n)
	for i := range images {
		images[i] = data.Image{Pix: slices.Repeat([]uint8{9, 80, 200}, 16), H: 4, W: 4, C: 3}
	}
	p := look(t, images, func(v *sdk.Views, img sdk.Image) { v.View(v.Augment(img)) }, schema.Named{Name: "flip", Value: schema.OfFloat(0)})
	counts := map[string]int{}
	total := 0
	for i := range n {
		for _, c := range p.Explanations(i)[0] {
			counts[c.Name]++
			total++
		}
	}
	// of each pair of draws 1/14 is the identity, which leaves no trace; affine is four of the others
	for name, share := range map[string]float64{"rotate": 1, "equalize": 1, "solarize": 1, "posterize": 1, "autocontrast": 1, "sharpness": 1, "saturation": 1, "affine": 4} {
		want := 2 * n * share / 14
		if got := float64(counts[name]); got < 0.75*want || got > 1.25*want {
			t.Errorf("%s is applied %v times, expected about %v", name, got, want)
		}
	}
	if total < 2*n*12/14 || total > 2*n {
		t.Errorf("%d operations for %d images", total, n)
	}
}

package sdk

import (
	"math"
	"strconv"
)

// Hidden is Linear, BatchNorm and ReLU: entries at, at+1 and at+2 of the
// torch.nn.Sequential that name is.
func Hidden(name string, at, width int, bias bool) Layer {
	return Chain(Linear(Entry(name, at), width, bias), BatchNorm(Entry(name, at+1), true, true), Relu)
}

// TwoViews shows each image twice, cropped and augmented anew.
func TwoViews(v *Views) {
	for range 2 {
		v.View(v.Augment(v.Crop(v.Image())))
	}
}

// MultiCrop is how many small views a task shows beside its two large ones, and of
// how many pixels (Caron et al. 2020, section 3.2).
type MultiCrop struct{ Small, Size int }

// Declare declares the two as parameters small_views and small_size.
func (m *MultiCrop) Declare(p *Plugin) {
	p.Int(&m.Small, "small_views", 0, "small views beside the two large ones (multi-crop), for a crop that tells them apart, as fw/multi-crop", Between(0, 64))
	p.Int(&m.Size, "small_size", 96, "side of the small views in pixels: 96 beside 224", Between(1, 4096))
}

// Views shows two large views and the small ones.
func (m *MultiCrop) Views(v *Views) {
	TwoViews(v)
	if m.Small > 0 && m.Size >= v.Size() {
		v.Refuse("small_size", "expected less than the "+strconv.Itoa(v.Size())+" pixels of the large views, found "+strconv.Itoa(m.Size))
	}
	for range m.Small {
		v.View(v.Augment(v.CropTo(v.Image(), m.Size)))
	}
}

// Apply runs a module over all views, those of each size in one pass, and gives them
// view by view: f32[(2+Small)*B,...].
func (m *MultiCrop) Apply(s *Step, f Module) Value {
	large := f.Apply(s.Views())
	if m.Small == 0 {
		return large
	}
	return s.Concat(0, large, f.Apply(s.Group(1)))
}

// Entry is the i-th entry of the torch.nn.Sequential that name is.
func Entry(name string, i int) string { return name + "." + strconv.Itoa(i) }

// Output is Linear without bias and BatchNorm, with or without affine parameters:
// entries at and at+1 of the torch.nn.Sequential that name is.
func Output(name string, at, width int, affine bool) Layer {
	return Chain(Linear(Entry(name, at), width, false), BatchNorm(Entry(name, at+1), true, affine))
}

// Spread logs, as train/spread, how far embeddings f32[N,D] are from all being one:
// the mean over dimensions of the standard deviation of z/|z|, times sqrt(D): 1 where
// they are spread evenly and 0 where they have collapsed (Chen & He 2021, section
// 4.1). A run whose spread is near 0 at its end is warned of.
func (s *Step) Spread(z Value) {
	std := z.StopGradient().L2Normalize(1).Var(0, 0).Sqrt().Mean()
	s.Metric("train/spread", std.Scale(math.Sqrt(float64(z.Dim(1)))))
}

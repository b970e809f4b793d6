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

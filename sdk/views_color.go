package sdk

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Lab is CIE L*a*b*, f32[H,W,3]: L of 0 to 100, a and b of about -110 to 110.
func (m Image) Lab() Value { return m.v.Emit("image_lab", []Value{m.Value})[0] }

// Bins are points known when tracing, such as those of ab space: f32[Q,D].
func (v *Views) Bins(points [][]float64) Value {
	if len(points) == 0 {
		v.Fail("no bins")
	}
	var flat []float64
	for _, p := range points {
		flat = append(flat, p...)
	}
	return v.Constant(shape.F32(len(points), len(flat)/len(points)), flat)
}

// SoftQuantize encodes rows x f32[...,D] by their k nearest bins f32[Q,D]: index
// i32[...,k], nearest first, and Gaussian weights f32[...,k] that add to 1. With k 1
// it is the nearest bin (Zhang et al. 2016, section 2.2).
func (v *Views) SoftQuantize(x, bins Value, k int, sigma float64) (index, weight Value) {
	out := v.Emit("soft_quantize", []Value{x, bins}, ir.Int("k", k), ir.Float("sigma", sigma))
	return out[0], out[1]
}

// Every keeps each n-th element of x along an axis, from the first on.
func (v *Views) Every(x Value, axis, n int) Value {
	d := x.Shape().Dims
	start, stride := make([]int, len(d)), make([]int, len(d))
	for i := range stride {
		stride[i] = 1
	}
	stride[axis] = n
	return v.Emit("slice", []Value{x}, ir.Ints("start", start...), ir.Ints("limit", d...), ir.Ints("stride", stride...))[0]
}

// OneChannel keeps channel k i32[] of x f32[H,W,C] in [0,1], less its mean, and puts
// noise of half a level in the place of the others, so that aberration tells nothing
// (Doersch et al. 2015, section 3.1; the amplitude is that of their code).
func (v *Views) OneChannel(x, k Value) Value {
	d := x.Shape().Dims
	kept := v.IotaOf(shape.Of(dtype.I32, d...), 2).Eq(k)
	return kept.Where(x.Sub(x.MeanKeep(0, 1)), v.Uniform(-0.5/255, 0.5/255, d...))
}

// WithoutGreenMagenta projects the colours f32[H,W,3] along the axis from green to
// magenta, a = (-1, 2, -1): each pixel times I - a'a/|a|^2 (Doersch et al. 2015, footnote 1).
func (v *Views) WithoutGreenMagenta(x Value) Value {
	axis := [3]float64{-1, 2, -1}
	var b []float64
	for i, p := range axis {
		for j, q := range axis {
			e := -p * q / 6
			if i == j {
				e++
			}
			b = append(b, e)
		}
	}
	d := x.Shape().Dims
	return x.Reshape(-1, 3).MatMul(v.Constant(shape.F32(3, 3), b)).Reshape(d...)
}

// ChannelsApart cuts height x width pixels of x f32[H,W,C] from up to so many pixels
// below and to the right of a corner i32[2] on, from where each channel draws for itself
// (Noroozi & Favaro 2016, section 3.3).
func (v *Views) ChannelsApart(x, corner Value, height, width, pixels int) Value {
	var channels []Value
	for c := range x.Dim(2) {
		at := corner.Add(v.Intn(pixels+1, 2))
		channels = append(channels, x.DynamicSlice(v.Concat(0, at, v.int32s(c)), height, width, 1))
	}
	return v.Concat(2, channels...)
}

// GaussianNoise adds normal noise of standard deviation sigma to x f32[...].
func (v *Views) GaussianNoise(x Value, sigma float64) Value {
	return x.Add(v.Normal(x.Shape().Dims...).Scale(sigma))
}

// MaskingNoise sets a share p of the elements of x to 0 (Vincent et al. 2008).
func (v *Views) MaskingNoise(x Value, p float64) Value {
	d := x.Shape().Dims
	return v.Bernoulli(p, d...).Where(v.Fill(x.Shape(), 0), x)
}

// SaltAndPepper sets a share p of the elements of x to low or high, by the toss of a coin.
func (v *Views) SaltAndPepper(x Value, p, low, high float64) Value {
	d := x.Shape().Dims
	coin := v.Bernoulli(0.5, d...).Where(v.Fill(x.Shape(), low), v.Fill(x.Shape(), high))
	return v.Bernoulli(p, d...).Where(coin, x)
}

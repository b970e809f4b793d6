package sdk

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

func (m Image) op(name string, in []Value, attrs ...ir.Attr) Image {
	return Image{m.v.Emit(name, append([]Value{m.Value}, in...), attrs...)[0], m.v}
}

// Rotate90 turns by k quarter turns counter-clockwise, exactly.
func (m Image) Rotate90(k int) Image { return m.Rotate90By(m.v.Fill(shape.Of(dtype.I32), float64(k))) }

// Rotate90By is Rotate90 by a drawn k i32[].
func (m Image) Rotate90By(k Value) Image { return m.op("image_rotate90", []Value{k}) }

func (m Image) FlipHorizontal() Image { return m.op("image_flip_horizontal", nil) }
func (m Image) FlipVertical() Image   { return m.op("image_flip_vertical", nil) }
func (m Image) Grayscale() Image      { return m.op("image_grayscale", nil) }

// Equalize, AutoContrast and Invert are PIL's ImageOps.
func (m Image) Equalize() Image     { return m.op("image_equalize", nil) }
func (m Image) AutoContrast() Image { return m.op("image_autocontrast", nil) }
func (m Image) Invert() Image       { return m.op("image_invert", nil) }

// Brightness, Contrast, Saturation and Sharpness are PIL's ImageEnhance by a
// factor f32[]; 1 changes nothing.
func (m Image) Brightness(f Value) Image { return m.op("image_brightness", []Value{f}) }
func (m Image) Contrast(f Value) Image   { return m.op("image_contrast", []Value{f}) }
func (m Image) Saturation(f Value) Image { return m.op("image_saturation", []Value{f}) }
func (m Image) Sharpness(f Value) Image  { return m.op("image_sharpness", []Value{f}) }

// Hue turns the hue by f32[] of the circle, -0.5 to 0.5.
func (m Image) Hue(f Value) Image { return m.op("image_hue", []Value{f}) }

// Solarize inverts pixels at or above the threshold of 0 to 255.
func (m Image) Solarize(threshold int) Image {
	return m.SolarizeBy(m.v.Fill(shape.Of(dtype.I32), float64(threshold)))
}

// SolarizeBy is Solarize at a drawn threshold i32[].
func (m Image) SolarizeBy(threshold Value) Image { return m.op("image_solarize", []Value{threshold}) }

// Posterize keeps the highest bits i32[], 0 to 8.
func (m Image) Posterize(bits Value) Image { return m.op("image_posterize", []Value{bits}) }

// Blur is PIL's GaussianBlur with the given standard deviation in pixels.
func (m Image) Blur(sigma Value) Image { return m.op("image_gaussian_blur", []Value{sigma}) }

// ColorJitter is torchvision's: factors drawn from [max(0,1-x), 1+x], hue from
// [-h, h], applied in random order. On grey images only brightness and contrast act.
func (m Image) ColorJitter(brightness, contrast, saturation, hue float64) Image {
	v := m.v
	factor := func(x float64) Value { return v.Uniform(max(0, 1-x), 1+x) }
	return m.op("image_color_jitter", []Value{factor(brightness), factor(contrast), factor(saturation), v.Uniform(-hue, hue), v.Permutation(4)})
}

// Rotate turns by f32[] degrees counter-clockwise about the middle; what comes
// from outside is black.
func (m Image) Rotate(degrees Value, f Filter) Image {
	return m.op("image_rotate", []Value{degrees}, ir.String("interpolation", string(f)), ir.Int("fill", 0))
}

// Warp is torchvision's affine transform about the middle: degrees clockwise,
// pixels right and down, a factor, degrees of shear along x and y; f32[] each.
type Warp struct{ Degrees, Right, Down, Scale, ShearX, ShearY Value }

// Affine warps, with zero Values for what shall not change.
func (m Image) Affine(w Warp, f Filter, center ...float64) Image {
	in := []Value{w.Degrees, w.Right, w.Down, w.Scale, w.ShearX, w.ShearY}
	for i := range in {
		if in[i].Valid() {
			continue
		}
		in[i] = m.v.Scalar(0)
		if i == 3 {
			in[i] = m.v.Scalar(1)
		}
	}
	attrs := []ir.Attr{ir.String("interpolation", string(f)), ir.Int("fill", 0)}
	if len(center) > 0 {
		attrs = append(attrs, ir.Floats("center", center...))
	}
	return m.op("image_affine", in, attrs...)
}

// ShearX and ShearY shear by the tangent f32[] about the upper left corner, as
// torchvision's RandAugment does.
func (m Image) ShearX(tangent float64, sign Value, f Filter) Image {
	return m.Affine(Warp{ShearX: sign.Scale(math.Atan(tangent) * 180 / math.Pi)}, f, 0, 0)
}

func (m Image) ShearY(tangent float64, sign Value, f Filter) Image {
	return m.Affine(Warp{ShearY: sign.Scale(math.Atan(tangent) * 180 / math.Pi)}, f, 0, 0)
}

// Maybe applies f with probability p.
func (m Image) Maybe(p float64, f func(Image) Image) Image {
	if p <= 0 {
		return m
	}
	return Image{m.v.Bernoulli(p).Where(f(m).Value, m.Value), m.v}
}

// Choose is the option of that index i32[]; the others cost nothing.
func (v *Views) Choose(index Value, options ...Image) Image {
	if len(options) == 0 {
		v.Fail("a choice among no pictures")
	}
	out := options[len(options)-1].Value
	for i := len(options) - 2; i >= 0; i-- {
		out = index.EqConst(float64(i)).Where(options[i].Value, out)
	}
	return Image{out, v}
}

// Float is the picture as f32[H,W,C] in [0,1].
func (m Image) Float() Value { return m.v.Emit("image_to_float", []Value{m.Value})[0] }

// Standardized is x f32[H,W,C] with mean 0 and standard deviation 1 by its own
// statistics, with perChannel of each channel.
func (v *Views) Standardized(x Value, perChannel bool) Value {
	channels := 0
	if perChannel {
		channels = 1
	}
	return v.Emit("image_standardize", []Value{x}, ir.Int("channels", channels), ir.Float("epsilon", 1e-6))[0]
}

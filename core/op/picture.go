package op

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Operations on the levels of a picture, and what makes numbers of one.
var pictureOps = []Def{
	adjust("image_brightness", "every channel times y (torchvision's adjust_brightness)"),
	adjust("image_contrast", "blend with the mean grey by y (adjust_contrast)"),
	adjust("image_saturation", "blend with its own grey by y (adjust_saturation)"),
	adjust("image_hue", "hue turned by y of the circle (adjust_hue)"),
	adjust("image_sharpness", "blend with its own smoothed picture by y (adjust_sharpness, PIL's ImageEnhance.Sharpness)"),
	adjust("image_gaussian_blur", "Gaussian blur of standard deviation y pixels (PIL's GaussianBlur)"),
	{Name: "image_color_jitter", In: 6, Class: View, Doc: "brightness, contrast, saturation and hue (operands 1 to 4) in the order given by permutation i32[4] (torchvision's ColorJitter)",
		Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			for _, s := range in[1:5] {
				if !s.Equal(shape.F32()) {
					return bad("expected four factors f32[], found ", s.String())
				}
			}
			if !isPicture(in[0]) || !in[5].Equal(shape.Of(dtype.I32, 4)) {
				return bad("expected a picture and an order i32[4], found ", in[0].String(), " and ", in[5].String())
			}
			return one(in[0])
		}},
	picture("image_grayscale", "grey, keeping the number of channels"),
	picture("image_equalize", "histogram equalised in each channel (PIL's ImageOps.equalize)"),
	picture("image_autocontrast", "each channel stretched from its least and greatest level to 0 and 255 (PIL's ImageOps.autocontrast)"),
	picture("image_invert", "255 less each level"),
	adjustBy("image_solarize", "pixels at or above level y inverted", dtype.I32),
	adjustBy("image_posterize", "the y highest bits of each level kept", dtype.I32),

	{Name: "image_to_float", In: 1, Class: View, Doc: "f32 in [0,1]", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) {
			return bad("expected a picture u8[H,W,C], found ", in[0].String())
		}
		return dims(dtype.F32, in[0].Dims...)
	}},
	{Name: "image_lab", In: 1, Class: View, Doc: "CIE L*a*b* of sRGB under D65: L in [0,100], a and b about -110 to 110", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) || in[0].Dims[2] != 3 {
			return bad("expected a picture u8[H,W,3], found ", in[0].String())
		}
		return dims(dtype.F32, in[0].Dims...)
	}},
	{Name: "image_normalize", In: 1, Class: View, Doc: "(x - mean) / std for each channel of f32[H,W,C]; without attributes by the dataset's statistics",
		Attrs: []AttrDef{opt(AttrDef{Name: "mean", Kind: ir.KindFloats}), opt(AttrDef{Name: "std", Kind: ir.KindFloats})},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if !f32Rank(in[0], 3) || len(a.Floats("mean")) != len(a.Floats("std")) {
				return bad("expected f32[H,W,C] and as many means as standard deviations, found ", in[0].String())
			}
			return one(in[0])
		}},
	{Name: "image_standardize", In: 1, Class: View, Doc: "(x - mean) / sqrt(variance + epsilon) by the statistics of f32[H,W,C] itself, with channels of each channel; the variance's divisor is the count less ddof",
		Attrs: []AttrDef{opt(num("channels")), opt(num("ddof")), real("epsilon")},
		Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
			if !f32Rank(in[0], 3) {
				return bad("expected f32[H,W,C], found ", in[0].String())
			}
			return one(in[0])
		}},
	{Name: "soft_quantize", In: 2, Class: View, Doc: "for each row of x f32[...,D] the indices of its k nearest rows of y f32[Q,D], nearest first, and their Gaussian weights of standard deviation sigma, which add to 1 (Zhang et al. 2016)",
		Attrs: []AttrDef{num("k"), real("sigma")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			x, y, k := in[0], in[1], a.Int("k", 0)
			if x.DType != dtype.F32 || x.Rank() < 1 || !f32Rank(y, 2) || x.Dims[x.Rank()-1] != y.Dims[1] || k < 1 || k > y.Dims[0] {
				return bad("expected rows f32[...,D], a table f32[Q,D] and k of 1 to Q, found ", x.String(), " and ", y.String())
			}
			d := append(append([]int(nil), x.Dims[:x.Rank()-1]...), k)
			return []shape.Shape{shape.Of(dtype.I32, d...), shape.F32(d...)}, nil
		}},
}

func picture(name, doc string, attrs ...AttrDef) Def {
	return Def{Name: name, In: 1, Class: View, Doc: doc, Attrs: attrs, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) {
			return bad("expected a picture u8[H,W,C], found ", in[0].String())
		}
		return one(in[0])
	}}
}

func adjust(name, doc string) Def { return adjustBy(name, doc, dtype.F32) }

func adjustBy(name, doc string, d dtype.DType) Def {
	return Def{Name: name, In: 2, Class: View, Doc: doc, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) || !in[1].Equal(shape.Of(d)) {
			return bad("expected a picture u8[H,W,C] and ", d.String(), "[], found ", in[0].String(), " and ", in[1].String())
		}
		return one(in[0])
	}}
}

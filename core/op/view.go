package op

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// View programs run once per sample. A picture is u8[H,W,C] once its size is
// fixed; the image that a view program starts from has the sample's own size.
// Every draw has a key of its own: (seed, epoch, sample, position in the program).
var viewOps = []Def{
	{Name: "draw_uniform", Class: View, Doc: "uniform in [low, high)", Attrs: []AttrDef{real("low"), real("high")}, Shape: scalar(dtype.F32)},
	{Name: "draw_normal", Class: View, Doc: "standard normal", Shape: scalar(dtype.F32)},
	{Name: "draw_beta", Class: View, Doc: "Beta(a, b)", Attrs: []AttrDef{real("a"), real("b")}, Shape: scalar(dtype.F32)},
	{Name: "draw_bernoulli", Class: View, Doc: "true with probability p", Attrs: []AttrDef{real("p")}, Shape: scalar(dtype.Bool)},
	{Name: "draw_int", Class: View, Doc: "uniform in 0..n-1", Attrs: []AttrDef{num("n")}, Shape: scalar(dtype.I32)},
	{Name: "draw_permutation", Class: View, Doc: "a uniform permutation of 0..n-1", Attrs: []AttrDef{num("n")},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) { return dims(dtype.I32, a.Int("n", 0)) }},
	{Name: "image_rect", In: 1, Class: View, Doc: "the whole image as a rectangle", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if in[0].DType != dtype.Image {
			return bad("expected an image, found ", in[0].String())
		}
		return dims(dtype.Rect)
	}},
	{Name: "image_crop_resize", In: 2, Class: View, Doc: "rectangle y of image x, resized with antialiasing (bilinear, bicubic or nearest)",
		Attrs: []AttrDef{num("height"), num("width"), num("channels"), text("interpolation")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			switch a.Str("interpolation") {
			case "bilinear", "bicubic", "nearest":
			default:
				return bad("interpolation: expected bilinear, bicubic or nearest, found ", strconv.Quote(a.Str("interpolation")))
			}
			c := a.Int("channels", 0)
			if in[0].DType != dtype.Image || in[1].DType != dtype.Rect || c != 1 && c != 3 {
				return bad("expected an image, a rectangle and 1 or 3 channels, found ", in[0].String(), ", ", in[1].String(), " and ", strconv.Itoa(c))
			}
			return dims(dtype.U8, a.Int("height", 0), a.Int("width", 0), c)
		}},
	picture("image_flip_horizontal", "mirrored left to right"),
	picture("image_flip_vertical", "mirrored top to bottom"),
	{Name: "image_rotate90", In: 2, Class: View, Doc: "y quarter turns counter-clockwise, exactly; the picture must be square", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) || in[0].Dims[0] != in[0].Dims[1] || !in[1].Equal(shape.Of(dtype.I32)) {
			return bad("expected a square picture and i32[], found ", in[0].String(), " and ", in[1].String())
		}
		return one(in[0])
	}},
	adjust("image_brightness", "every channel times y (torchvision's adjust_brightness)"),
	adjust("image_contrast", "blend with the mean grey by y (adjust_contrast)"),
	adjust("image_saturation", "blend with its own grey by y (adjust_saturation)"),
	adjust("image_hue", "hue turned by y of the circle (adjust_hue)"),
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
	picture("image_solarize", "pixels at or above threshold inverted", num("threshold")),
	picture("image_posterize", "the highest bits of each channel kept", num("bits")),
	{Name: "image_to_float", In: 1, Class: View, Doc: "f32 in [0,1]", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) {
			return bad("expected a picture u8[H,W,C], found ", in[0].String())
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
}

func scalar(d dtype.DType) Rule {
	return func([]shape.Shape, ir.Attrs) ([]shape.Shape, error) { return dims(d) }
}

func isPicture(s shape.Shape) bool {
	return s.DType == dtype.U8 && s.Rank() == 3 && (s.Dims[2] == 1 || s.Dims[2] == 3)
}

func picture(name, doc string, attrs ...AttrDef) Def {
	return Def{Name: name, In: 1, Class: View, Doc: doc, Attrs: attrs, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) {
			return bad("expected a picture u8[H,W,C], found ", in[0].String())
		}
		return one(in[0])
	}}
}

func adjust(name, doc string) Def {
	return Def{Name: name, In: 2, Class: View, Doc: doc, Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) || !in[1].Equal(shape.F32()) {
			return bad("expected a picture u8[H,W,C] and f32[], found ", in[0].String(), " and ", in[1].String())
		}
		return one(in[0])
	}}
}

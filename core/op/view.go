package op

import (
	"slices"
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// View programs run once per sample. A picture is u8[H,W,C] once its size is
// fixed; the image that a view program starts from has the sample's own size.
// Besides the ops here a view program may use every elementwise and data op.
//
// Every draw has a key of its own: (seed, epoch, sample, position in the
// program). With batch it is drawn once for all samples of a batch, with shape
// once for each element.
var drawOps = []Def{
	draw("draw_uniform", "uniform in [low, high)", dtype.F32, real("low"), real("high")),
	draw("draw_normal", "standard normal", dtype.F32),
	draw("draw_beta", "Beta(a, b)", dtype.F32, real("a"), real("b")),
	draw("draw_bernoulli", "true with probability p", dtype.Bool, real("p")),
	draw("draw_int", "uniform in 0..n-1", dtype.I32, num("n")),
	{Name: "draw_permutation", Class: View, Doc: "a uniform permutation of 0..n-1", Attrs: []AttrDef{num("n"), opt(num("batch"))},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) { return dims(dtype.I32, a.Int("n", 0)) }},
	{Name: "draw_block_mask", In: 1, Class: View, Doc: "exactly x of height*width cells, in rectangles of at least min and at most max cells (0: no limit) whose height over width is min_ratio to 1/min_ratio, and single cells where none fits (Bao et al. 2021)",
		Attrs: []AttrDef{num("height"), num("width"), num("min"), num("max"), real("min_ratio"), opt(num("batch"))},
		Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if !in[0].Equal(shape.Of(dtype.I32)) {
				return bad("expected a count i32[], found ", in[0].String())
			}
			return dims(dtype.Bool, a.Int("height", 0), a.Int("width", 0))
		}},
	{Name: "draw_region_mask", Class: View, Doc: "random regions: noise on a grid of scale cells a pixel, enlarged by bicubic interpolation, where it is below density; drawn again while its share of the mask is not within min to max (Pathak et al. 2016)",
		Attrs: []AttrDef{num("height"), num("width"), real("scale"), real("density"), real("min"), real("max"), opt(num("batch"))},
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			return dims(dtype.Bool, a.Int("height", 0), a.Int("width", 0))
		}},
	{Name: "note", In: 1, Class: View, Doc: "calls x by a name, to explain the views that depend on it", Attrs: []AttrDef{text("name")}, Shape: nothing},
}

// draw is a row of independent draws.
func draw(name, doc string, d dtype.DType, attrs ...AttrDef) Def {
	return Def{Name: name, Class: View, Doc: doc, Attrs: slices.Concat(attrs, []AttrDef{opt(form("shape")), opt(num("batch"))}),
		Shape: func(_ []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if a.Get("shape") == nil {
				return dims(d)
			}
			if s := a.ShapeOf("shape"); s.DType != d {
				return bad("expected a ", d.String(), " shape, found ", s.String())
			}
			return one(a.ShapeOf("shape"))
		}}
}

var frameOps = []Def{
	{Name: "image_rect", In: 1, Class: View, Doc: "the whole image as a rectangle", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if in[0].DType != dtype.Image {
			return bad("expected an image, found ", in[0].String())
		}
		return dims(dtype.Rect)
	}},
	{Name: "image_crop_resize", In: 2, Class: View, Doc: "rectangle y of image x, resized with antialiasing (bilinear, bicubic, lanczos or nearest)",
		Attrs: []AttrDef{num("height"), num("width"), num("channels"), text("interpolation")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if err := filtered(a, "bilinear", "bicubic", "lanczos", "nearest"); err != nil {
				return nil, err
			}
			c := a.Int("channels", 0)
			if in[0].DType != dtype.Image || in[1].DType != dtype.Rect || c != 1 && c != 3 {
				return bad("expected an image, a rectangle and 1 or 3 channels, found ", in[0].String(), ", ", in[1].String(), " and ", strconv.Itoa(c))
			}
			return dims(dtype.U8, a.Int("height", 0), a.Int("width", 0), c)
		}},
	{Name: "image_window", In: 2, Class: View, Doc: "height x width pixels of picture x from row y[0] and column y[1] on; what lies outside of it has the level fill",
		Attrs: []AttrDef{num("height"), num("width"), num("fill")}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if !isPicture(in[0]) || !in[1].Equal(shape.Of(dtype.I32, 2)) {
				return bad("expected a picture u8[H,W,C] and a corner i32[2], found ", in[0].String(), " and ", in[1].String())
			}
			if err := leveled(a); err != nil {
				return nil, err
			}
			return dims(dtype.U8, a.Int("height", 0), a.Int("width", 0), in[0].Dims[2])
		}},
	picture("image_flip_horizontal", "mirrored left to right"),
	picture("image_flip_vertical", "mirrored top to bottom"),
	{Name: "image_rotate90", In: 2, Class: View, Doc: "y quarter turns counter-clockwise, exactly; the picture must be square", Shape: func(in []shape.Shape, _ ir.Attrs) ([]shape.Shape, error) {
		if !isPicture(in[0]) || in[0].Dims[0] != in[0].Dims[1] || !in[1].Equal(shape.Of(dtype.I32)) {
			return bad("expected a square picture and i32[], found ", in[0].String(), " and ", in[1].String())
		}
		return one(in[0])
	}},
	{Name: "image_rotate", In: 2, Class: View, Doc: "turned by y degrees counter-clockwise about its middle (PIL's rotate); what comes from outside has the level fill",
		Attrs: []AttrDef{text("interpolation"), num("fill")}, Shape: warped(1)},
	{Name: "image_affine", In: 7, Class: View, Doc: "turned by operand 1 degrees clockwise, moved by operands 2 and 3 pixels right and down, scaled by operand 4, sheared by operands 5 and 6 degrees along x and y (torchvision's affine), about center (x, y) or else the middle",
		Attrs: []AttrDef{text("interpolation"), num("fill"), opt(AttrDef{Name: "center", Kind: ir.KindFloats})}, Shape: func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
			if n := len(a.Floats("center")); n != 0 && n != 2 {
				return bad("center: expected x and y, found ", strconv.Itoa(n), " numbers")
			}
			return warped(6)(in, a)
		}},
}

// warped is the rule of ops on a picture and n numbers f32[].
func warped(n int) Rule {
	return func(in []shape.Shape, a ir.Attrs) ([]shape.Shape, error) {
		if err := filtered(a, "nearest", "bilinear", "bicubic"); err != nil {
			return nil, err
		}
		if err := leveled(a); err != nil {
			return nil, err
		}
		for _, s := range in[1 : 1+n] {
			if !s.Equal(shape.F32()) {
				return bad("expected numbers f32[], found ", s.String())
			}
		}
		if !isPicture(in[0]) {
			return bad("expected a picture u8[H,W,C], found ", in[0].String())
		}
		return one(in[0])
	}
}

func filtered(a ir.Attrs, filters ...string) error {
	if f := a.Str("interpolation"); !slices.Contains(filters, f) {
		_, err := bad("interpolation: expected one of ", list(filters), ", found ", strconv.Quote(f))
		return err
	}
	return nil
}

func list(words []string) string {
	s := words[0]
	for _, w := range words[1:] {
		s += ", " + w
	}
	return s
}

func leveled(a ir.Attrs) error {
	if f := a.Int("fill", 0); f < 0 || f > 255 {
		_, err := bad("fill: expected a level of 0 to 255, found ", strconv.Itoa(f))
		return err
	}
	return nil
}

func isPicture(s shape.Shape) bool {
	return s.DType == dtype.U8 && s.Rank() == 3 && (s.Dims[2] == 1 || s.Dims[2] == 3)
}

package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

// Views traces what one image becomes: crops, transforms, and targets. Any value
// of the language of programs may be computed on the way.
type Views struct {
	*Builder
	req      *wire.TraceRequest
	crops    int
	augments int
	views    int
	batch    bool // draws are the same for all samples of a batch
}

// Image is a picture inside a view program: the sample itself, of its own
// size, or u8[H,W,C].
type Image struct {
	Value
	v *Views
}

// Filter is how a resize or a warp weighs pixels.
type Filter string

const (
	Bilinear Filter = "bilinear"
	Bicubic  Filter = "bicubic"
	Lanczos  Filter = "lanczos" // of resizes alone
	Nearest  Filter = "nearest"
)

// Image is the sample.
func (v *Views) Image() Image {
	in, ok := v.Func().Input("image")
	if !ok {
		return Image{v.Input("image", shape.Of(dtype.Image)), v}
	}
	return Image{v.Wrap(in), v}
}

// Size is what the encoder sees unless the task says otherwise, in pixels.
func (v *Views) Size() int { return v.req.ImageSize }

// Channels of pictures: 1 or 3.
func (v *Views) Channels() int { return v.req.Channels }

// Crop cuts what the experiment's crop strategy chooses, resized to Size.
func (v *Views) Crop(img Image) Image { return v.CropTo(img, v.Size()) }

// CropTo is Crop with another size: views of several sizes form groups.
func (v *Views) CropTo(img Image, size int) Image {
	return v.Cut(img, v.Rect(img), size, size, Bilinear)
}

// Rect is the rectangle that the experiment's crop strategy chooses, anew for each
// call, for several cuts of one place.
func (v *Views) Rect(img Image) Value {
	rect := v.Emit("call", []Value{img.Value}, ir.String("callee", "crop"), ir.Int("view", v.crops), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
	v.crops++
	return rect
}

// Whole is the whole image, resized to Size.
func (v *Views) Whole(img Image) Image {
	return v.Cut(img, v.WholeRect(img), v.Size(), v.Size(), Bilinear)
}

// WholeRect is the rectangle of the whole image.
func (v *Views) WholeRect(img Image) Value { return v.Emit("image_rect", []Value{img.Value})[0] }

// Cut is a rectangle of the sample, resized with antialiasing.
func (v *Views) Cut(img Image, rect Value, height, width int, f Filter) Image {
	return Image{v.Emit("image_crop_resize", []Value{img.Value, rect}, ir.Int("height", height), ir.Int("width", width),
		ir.Int("channels", v.req.Channels), ir.String("interpolation", string(f)))[0], v}
}

// Augment applies the experiment's photometric recipe. Each call draws anew, and
// the recipe knows which call it is: the first view may be treated otherwise than the second.
func (v *Views) Augment(img Image) Image {
	out := v.Emit("call", []Value{img.Value}, ir.String("callee", "augment"), ir.Int("view", v.augments), ir.OfShape("shape", img.Shape()))[0]
	v.augments++
	return Image{out, v}
}

// View makes img one of the task's views, normalised as the dataset is.
func (v *Views) View(img Image) *View { return v.ViewOf(v.Normalize(img.Float())) }

// Normalize is x f32[H,W,C] of [0,1] less the dataset's mean, over its standard deviation.
func (v *Views) Normalize(x Value) Value { return v.Emit("image_normalize", []Value{x})[0] }

// ViewOf makes numbers one of the task's views as they are: f32[H,W,C], or tiles
// f32[N,H,W,C].
func (v *Views) ViewOf(x Value) *View {
	out := &View{v, v.views}
	v.Output("view."+strconv.Itoa(v.views), x)
	v.views++
	return out
}

// View is one of a task's views.
type View struct {
	v     *Views
	index int
}

// Target attaches a known label to the view.
func (w *View) Target(name string, label int) *View {
	return w.TargetValue(name, w.v.Fill(shape.Of(dtype.I32), float64(label)))
}

// TargetValue attaches a value computed in the view program: an angle, a position,
// a permutation's index, bins, a mask.
func (w *View) TargetValue(name string, t Value) *View {
	w.v.Output("target."+name+"."+strconv.Itoa(w.index), t)
	return w
}

// Explain calls a value by a name, so that sheets of views can say what was drawn.
func (v *Views) Explain(name string, x Value) Value {
	v.Emit("note", []Value{x}, ir.String("name", name))
	return x
}

// int32s is a value of known integers.
func (v *Views) int32s(x ...int) Value {
	f := make([]float64, len(x))
	for i, n := range x {
		f[i] = float64(n)
	}
	return v.Constant(shape.Of(dtype.I32, len(x)), f)
}

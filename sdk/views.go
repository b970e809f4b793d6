package sdk

import (
	"strconv"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

// Views traces what one image becomes: crops, transforms, and targets.
type Views struct {
	*Builder
	req   *wire.TraceRequest
	crops int
	views int
}

// Image is a picture inside a view program: the sample itself, of its own
// size, or u8[H,W,C].
type Image struct {
	Value
	v *Views
}

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

// Crop cuts what the experiment's crop strategy chooses, resized to Size.
func (v *Views) Crop(img Image) Image { return v.CropTo(img, v.Size()) }

// CropTo is Crop with another size.
func (v *Views) CropTo(img Image, size int) Image {
	rect := v.Emit("call", []Value{img.Value}, ir.String("callee", "crop"), ir.Int("view", v.crops), ir.OfShape("shape", shape.Of(dtype.Rect)))[0]
	v.crops++
	return v.cut(img, rect, size)
}

// Whole is the whole image, resized to Size.
func (v *Views) Whole(img Image) Image {
	return v.cut(img, v.Emit("image_rect", []Value{img.Value})[0], v.Size())
}

func (v *Views) cut(img Image, rect Value, size int) Image {
	return Image{v.Emit("image_crop_resize", []Value{img.Value, rect}, ir.Int("height", size), ir.Int("width", size),
		ir.Int("channels", v.req.Channels), ir.String("interpolation", "bilinear"))[0], v}
}

// Augment applies the experiment's photometric recipe; each call draws anew.
func (v *Views) Augment(img Image) Image {
	return Image{v.Emit("call", []Value{img.Value}, ir.String("callee", "augment"), ir.Int("view", v.views), ir.OfShape("shape", img.Shape()))[0], v}
}

// View makes img one of the task's views, normalised as the dataset is.
func (v *Views) View(img Image) *View {
	x := v.Emit("image_normalize", v.Emit("image_to_float", []Value{img.Value}))[0]
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

// TargetValue attaches a value computed in the view program.
func (w *View) TargetValue(name string, t Value) *View {
	w.v.Output("target."+name+"."+strconv.Itoa(w.index), t)
	return w
}

// Draws, each with a key of its own.

func (v *Views) Uniform(lo, hi float64) Value {
	return v.Emit("draw_uniform", nil, ir.Float("low", lo), ir.Float("high", hi))[0]
}
func (v *Views) Bernoulli(p float64) Value { return v.Emit("draw_bernoulli", nil, ir.Float("p", p))[0] }
func (v *Views) Intn(n int) Value          { return v.Emit("draw_int", nil, ir.Int("n", n))[0] }
func (v *Views) Permutation(n int) Value   { return v.Emit("draw_permutation", nil, ir.Int("n", n))[0] }

func (m Image) op(name string, in []Value, attrs ...ir.Attr) Image {
	return Image{m.v.Emit(name, append([]Value{m.Value}, in...), attrs...)[0], m.v}
}

// Rotate90 turns by k quarter turns counter-clockwise, exactly.
func (m Image) Rotate90(k int) Image {
	return m.op("image_rotate90", []Value{m.v.Fill(shape.Of(dtype.I32), float64(k))})
}

func (m Image) FlipHorizontal() Image { return m.op("image_flip_horizontal", nil) }
func (m Image) FlipVertical() Image   { return m.op("image_flip_vertical", nil) }
func (m Image) Grayscale() Image      { return m.op("image_grayscale", nil) }

// Solarize inverts pixels at or above the threshold of 0 to 255.
func (m Image) Solarize(threshold int) Image {
	return m.op("image_solarize", nil, ir.Int("threshold", threshold))
}

// Blur is PIL's GaussianBlur with the given standard deviation in pixels.
func (m Image) Blur(sigma Value) Image { return m.op("image_gaussian_blur", []Value{sigma}) }

// ColorJitter is torchvision's: factors drawn from [max(0,1-x), 1+x], hue from
// [-h, h], applied in random order. On grey images only brightness and contrast act.
func (m Image) ColorJitter(brightness, contrast, saturation, hue float64) Image {
	v := m.v
	factor := func(x float64) Value { return v.Uniform(max(0, 1-x), 1+x) }
	return m.op("image_color_jitter", []Value{factor(brightness), factor(contrast), factor(saturation), v.Uniform(-hue, hue), v.Permutation(4)})
}

// Maybe applies f with probability p.
func (m Image) Maybe(p float64, f func(Image) Image) Image {
	if p <= 0 {
		return m
	}
	return Image{m.v.Bernoulli(p).Where(f(m).Value, m.Value), m.v}
}

// Augmenter applies a photometric recipe to a cropped picture.
type Augmenter interface {
	Augment(v *Views, img Image) Image
}

// Augment declares an augmentation.
func Augment(id, version string, a Augmenter) *Plugin {
	p := newPlugin("augment", id, version, "trace")
	p.trace = func(req *wire.TraceRequest) (*ir.Program, error) {
		return tracing(req, func(b *Builder) {
			v := &Views{Builder: b, req: req}
			if len(req.Inputs) != 1 {
				b.Fail("an augmentation takes one picture")
			}
			img := Image{b.Input("image", req.Inputs[0].Shape), v}
			b.Output("image", a.Augment(v, img).Value)
		})
	}
	return p
}

package view

import (
	"fmt"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/view/pix"
)

var filters = map[string]pix.Filter{"bilinear": pix.Bilinear, "bicubic": pix.Bicubic, "lanczos": pix.Lanczos, "nearest": pix.Nearest}

func cropResize(s *sample, in *ir.Instr, _ int, _ *value) {
	r, d := s.eval(in.In[1]).rect, s.dims(in)
	h, w, c := d[0], d[1], d[2]
	pix.CropResize(s.fresh(in.Out[0]).U8, h, w, s.channels(c), s.image.W, c, r.Y, r.X, r.H, r.W, filters[in.Attrs.Str("interpolation")], &s.scratch)
}

func flipHorizontal(s *sample, in *ir.Instr, _ int, _ *value) {
	d, src := s.dims(in), s.eval(in.In[0]).U8
	pix.FlipHorizontal(s.fresh(in.Out[0]).U8, src, d[0], d[1], d[2])
}

func flipVertical(s *sample, in *ir.Instr, _ int, _ *value) {
	d, src := s.dims(in), s.eval(in.In[0]).U8
	pix.FlipVertical(s.fresh(in.Out[0]).U8, src, d[0], d[1], d[2])
}

func rotate90(s *sample, in *ir.Instr, _ int, _ *value) {
	d, src := s.dims(in), s.eval(in.In[0]).U8
	pix.Rotate90(s.fresh(in.Out[0]).U8, src, d[0], d[2], int(s.eval(in.In[1]).I32[0]))
}

func window(s *sample, in *ir.Instr, _ int, _ *value) {
	src, from, d := s.eval(in.In[0]).U8, s.p.f.Shape(in.In[0]).Dims, s.dims(in)
	at := s.eval(in.In[1]).I32
	pix.Window(s.fresh(in.Out[0]).U8, d[0], d[1], src, from[0], from[1], d[2], int(at[0]), int(at[1]), uint8(in.Attrs.Int("fill", 0)))
}

func rotate(s *sample, in *ir.Instr, _ int, _ *value) {
	d, src, angle := s.dims(in), s.eval(in.In[0]).U8, s.finite(in, 1, 1e6)
	pix.Rotate(s.fresh(in.Out[0]).U8, src, d[0], d[1], d[2], angle, filters[in.Attrs.Str("interpolation")], uint8(in.Attrs.Int("fill", 0)))
}

func affine(s *sample, in *ir.Instr, _ int, _ *value) {
	d, src := s.dims(in), s.eval(in.In[0]).U8
	a := pix.Affine{Angle: s.finite(in, 1, 1e6), TX: s.finite(in, 2, 1e5), TY: s.finite(in, 3, 1e5), Scale: s.finite(in, 4, 1e3), ShearX: s.finite(in, 5, 89.9), ShearY: s.finite(in, 6, 89.9),
		CX: float64(d[1]) * 0.5, CY: float64(d[0]) * 0.5}
	if c := in.Attrs.Floats("center"); len(c) == 2 {
		a.CX, a.CY = c[0], c[1]
	}
	if !(a.Scale >= 1e-3) {
		s.fail(in, "a scale of 0.001 to 1000", a.Scale)
		a.Scale = 1
	}
	a.Apply(s.fresh(in.Out[0]).U8, src, d[0], d[1], d[2], filters[in.Attrs.Str("interpolation")], uint8(in.Attrs.Int("fill", 0)))
}

// finite is operand i, of at most the given size.
func (s *sample) finite(in *ir.Instr, i int, most float64) float64 {
	x := float64(s.number(in, i))
	if !(x >= -most && x <= most) {
		s.fail(in, fmt.Sprintf("operand %d of -%g to %g", i, most, most), x)
		return 0
	}
	return x
}

// adjustment changes picture p of size dims in place.
type adjustment func(s *sample, in *ir.Instr, p []uint8, dims []int)

// copied runs f on a copy of the picture operand.
func copied(f adjustment) runner {
	return func(s *sample, in *ir.Instr, _ int, _ *value) {
		src := s.eval(in.In[0]).U8
		p := s.fresh(in.Out[0]).U8
		copy(p, src)
		f(s, in, p, s.dims(in))
	}
}

func brightness(s *sample, in *ir.Instr, p []uint8, _ []int) { pix.Brightness(p, s.factor(in, 1)) }
func contrast(s *sample, in *ir.Instr, p []uint8, d []int)   { pix.Contrast(p, d[2], s.factor(in, 1)) }
func saturation(s *sample, in *ir.Instr, p []uint8, d []int) {
	pix.Saturation(p, d[2], s.factor(in, 1))
}
func hue(s *sample, in *ir.Instr, p []uint8, d []int)         { pix.Hue(p, d[2], s.turn(in, 1)) }
func grayscale(_ *sample, _ *ir.Instr, p []uint8, d []int)    { pix.Grayscale(p, d[2]) }
func equalize(_ *sample, _ *ir.Instr, p []uint8, d []int)     { pix.Equalize(p, d[2]) }
func autocontrast(_ *sample, _ *ir.Instr, p []uint8, d []int) { pix.AutoContrast(p, d[2]) }
func invert(_ *sample, _ *ir.Instr, p []uint8, _ []int)       { pix.Solarize(p, 0) }
func solarize(s *sample, in *ir.Instr, p []uint8, _ []int) {
	pix.Solarize(p, int(s.eval(in.In[1]).I32[0]))
}
func posterize(s *sample, in *ir.Instr, p []uint8, _ []int) {
	bits := s.eval(in.In[1]).I32[0]
	if bits < 0 || bits > 8 {
		s.fail(in, "0 to 8 bits", bits)
	}
	pix.Posterize(p, int(bits))
}
func sharpness(s *sample, in *ir.Instr, p []uint8, d []int) {
	pix.Sharpness(p, d[0], d[1], d[2], s.factor(in, 1), &s.scratch)
}

// colorJitter applies the four adjustments in the drawn order (torchvision's ColorJitter).
func colorJitter(s *sample, in *ir.Instr, p []uint8, d []int) {
	order, seen := s.eval(in.In[5]).I32, 0
	for _, k := range order {
		switch k {
		case 0:
			pix.Brightness(p, s.factor(in, 1))
		case 1:
			pix.Contrast(p, d[2], s.factor(in, 2))
		case 2:
			pix.Saturation(p, d[2], s.factor(in, 3))
		case 3:
			pix.Hue(p, d[2], s.turn(in, 4))
		}
		seen |= 1 << (k & 31)
	}
	if seen != 0b1111 {
		s.fail(in, "an order of 0, 1, 2 and 3", order)
	}
}

// maxSigma bounds a blur, in pixels.
const maxSigma = 4096

func gaussianBlur(s *sample, in *ir.Instr, p []uint8, d []int) {
	sigma := s.number(in, 1)
	if !(sigma >= 0 && sigma <= maxSigma) {
		s.fail(in, fmt.Sprintf("a standard deviation of 0 to %d pixels", maxSigma), sigma)
		return
	}
	pix.GaussianBlur(p, d[0], d[1], d[2], sigma, &s.scratch)
}

// maxFactor bounds brightness, contrast and saturation; 1 changes nothing.
const maxFactor = 1e6

// factor is operand i, of brightness, contrast or saturation.
func (s *sample) factor(in *ir.Instr, i int) float32 {
	x := s.number(in, i)
	if !(x >= 0 && x <= maxFactor) {
		s.fail(in, "a factor of 0 to 1e6", x)
		return 1
	}
	return x
}

// turn is operand i, of hue.
func (s *sample) turn(in *ir.Instr, i int) float64 {
	x := s.number(in, i)
	if !(x >= -0.5 && x <= 0.5) {
		s.fail(in, "a turn of -0.5 to 0.5 of the hue's circle", x)
		return 0
	}
	return float64(x)
}

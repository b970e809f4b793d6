package view

import (
	"fmt"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/view/pix"
)

var filters = map[string]pix.Filter{"bilinear": pix.Bilinear, "bicubic": pix.Bicubic, "nearest": pix.Nearest}

func cropResize(s *sample, in *ir.Instr, _ int, v *value) {
	r, d := s.eval(in.In[1]).rect, s.dims(in)
	h, w, c := d[0], d[1], d[2]
	pix.CropResize(v.picture(h*w*c), h, w, s.channels(c), s.image.W, c, r.Y, r.X, r.H, r.W, filters[in.Attrs.Str("interpolation")], &s.scratch)
}

func flipHorizontal(s *sample, in *ir.Instr, _ int, v *value) {
	d, src := s.dims(in), s.eval(in.In[0]).pix
	pix.FlipHorizontal(v.picture(len(src)), src, d[0], d[1], d[2])
}

func flipVertical(s *sample, in *ir.Instr, _ int, v *value) {
	d, src := s.dims(in), s.eval(in.In[0]).pix
	pix.FlipVertical(v.picture(len(src)), src, d[0], d[1], d[2])
}

func rotate90(s *sample, in *ir.Instr, _ int, v *value) {
	d, src := s.dims(in), s.eval(in.In[0]).pix
	pix.Rotate90(v.picture(len(src)), src, d[0], d[2], int(s.eval(in.In[1]).i[0]))
}

// adjustment changes picture p of size dims in place.
type adjustment func(s *sample, in *ir.Instr, p []uint8, dims []int)

// copied runs f on a copy of the picture operand.
func copied(f adjustment) runner {
	return func(s *sample, in *ir.Instr, _ int, v *value) {
		src := s.eval(in.In[0]).pix
		p := v.picture(len(src))
		copy(p, src)
		f(s, in, p, s.dims(in))
	}
}

func brightness(s *sample, in *ir.Instr, p []uint8, _ []int) { pix.Brightness(p, s.factor(in, 1)) }
func contrast(s *sample, in *ir.Instr, p []uint8, d []int)   { pix.Contrast(p, d[2], s.factor(in, 1)) }
func saturation(s *sample, in *ir.Instr, p []uint8, d []int) {
	pix.Saturation(p, d[2], s.factor(in, 1))
}
func hue(s *sample, in *ir.Instr, p []uint8, d []int)      { pix.Hue(p, d[2], s.turn(in, 1)) }
func grayscale(_ *sample, _ *ir.Instr, p []uint8, d []int) { pix.Grayscale(p, d[2]) }
func equalize(_ *sample, _ *ir.Instr, p []uint8, d []int)  { pix.Equalize(p, d[2]) }
func solarize(_ *sample, in *ir.Instr, p []uint8, _ []int) {
	pix.Solarize(p, in.Attrs.Int("threshold", 128))
}
func posterize(_ *sample, in *ir.Instr, p []uint8, _ []int) {
	pix.Posterize(p, in.Attrs.Int("bits", 8))
}

// colorJitter applies the four adjustments in the drawn order (torchvision's ColorJitter).
func colorJitter(s *sample, in *ir.Instr, p []uint8, d []int) {
	order, seen := s.eval(in.In[5]).i, 0
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

func checkBits(_ *Program, in *ir.Instr) error {
	if n := in.Attrs.Int("bits", 8); n < 1 || n > 8 {
		return fmt.Errorf("expected 1 to 8 bits, found %d", n)
	}
	return nil
}

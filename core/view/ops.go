package view

import (
	"encoding/binary"
	"math"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view/pix"
)

// A runner computes one instruction's result into v.
type runner func(s *sample, in *ir.Instr, index int, v *value)

var runners map[string]runner

func init() {
	runners = map[string]runner{
		"constant": func(s *sample, in *ir.Instr, _ int, v *value) {
			t := interp.FromBytes(in.Attrs.ShapeOf("shape"), in.Attrs.Data("value"))
			s.set(v, t.Shape.DType, t.V)
		},
		"draw_uniform": draw(func(k *rng.Stream, a ir.Attrs) float64 { return k.Uniform(a.Float("low", 0), a.Float("high", 1)) }),
		"draw_normal":  draw(func(k *rng.Stream, a ir.Attrs) float64 { return k.Normal() }),
		"draw_beta":    draw(func(k *rng.Stream, a ir.Attrs) float64 { return k.Beta(a.Float("a", 1), a.Float("b", 1)) }),
		"draw_bernoulli": func(s *sample, in *ir.Instr, index int, v *value) {
			k := s.stream(index)
			v.i = append(v.i[:0], 0)
			if k.Bool(in.Attrs.Float("p", 0)) {
				v.i[0] = 1
			}
		},
		"draw_int": func(s *sample, in *ir.Instr, index int, v *value) {
			k := s.stream(index)
			v.i = append(v.i[:0], int32(k.Intn(max(1, in.Attrs.Int("n", 1)))))
		},
		"draw_permutation": func(s *sample, in *ir.Instr, index int, v *value) {
			k := s.stream(index)
			v.i = v.i[:0]
			for _, x := range k.Perm(in.Attrs.Int("n", 1)) {
				v.i = append(v.i, int32(x))
			}
		},
		"image_rect": func(s *sample, _ *ir.Instr, _ int, v *value) { v.rect = Rect{0, 0, s.image.H, s.image.W} },
		"image_crop_resize": func(s *sample, in *ir.Instr, _ int, v *value) {
			r := s.eval(in.In[1]).rect
			h, w, c := in.Attrs.Int("height", 1), in.Attrs.Int("width", 1), in.Attrs.Int("channels", 3)
			src := channels(&s.image, c)
			f := map[string]pix.Filter{"bilinear": pix.Bilinear, "bicubic": pix.Bicubic, "nearest": pix.Nearest}[in.Attrs.Str("interpolation")]
			pix.CropResize(v.picture(h*w*c), h, w, src, s.image.W, c, r.Y, r.X, r.H, r.W, f, &s.scratch)
		},
		"select": func(s *sample, in *ir.Instr, _ int, v *value) {
			from := in.In[2]
			if s.eval(in.In[0]).i[0] != 0 {
				from = in.In[1]
			}
			src := s.eval(from)
			v.pix, v.f, v.i = append(v.pix[:0], src.pix...), append(v.f[:0], src.f...), append(v.i[:0], src.i...)
		},
		"image_flip_horizontal": func(s *sample, in *ir.Instr, _ int, v *value) {
			d, src := s.dims(in), s.eval(in.In[0]).pix
			pix.FlipHorizontal(v.picture(len(src)), src, d[0], d[1], d[2])
		},
		"image_flip_vertical": func(s *sample, in *ir.Instr, _ int, v *value) {
			d, src := s.dims(in), s.eval(in.In[0]).pix
			pix.FlipVertical(v.picture(len(src)), src, d[0], d[1], d[2])
		},
		"image_rotate90": func(s *sample, in *ir.Instr, _ int, v *value) {
			d, src := s.dims(in), s.eval(in.In[0]).pix
			pix.Rotate90(v.picture(len(src)), src, d[0], d[2], int(s.eval(in.In[1]).i[0]))
		},
		"image_brightness": copied(func(s *sample, in *ir.Instr, p []uint8, _ []int) { pix.Brightness(p, s.eval(in.In[1]).f[0]) }),
		"image_contrast":   copied(func(s *sample, in *ir.Instr, p []uint8, d []int) { pix.Contrast(p, d[2], s.eval(in.In[1]).f[0]) }),
		"image_saturation": copied(func(s *sample, in *ir.Instr, p []uint8, d []int) { pix.Saturation(p, d[2], s.eval(in.In[1]).f[0]) }),
		"image_hue":        copied(func(s *sample, in *ir.Instr, p []uint8, d []int) { pix.Hue(p, d[2], float64(s.eval(in.In[1]).f[0])) }),
		"image_grayscale":  copied(func(_ *sample, _ *ir.Instr, p []uint8, d []int) { pix.Grayscale(p, d[2]) }),
		"image_equalize":   copied(func(_ *sample, _ *ir.Instr, p []uint8, d []int) { pix.Equalize(p, d[2]) }),
		"image_solarize":   copied(func(_ *sample, in *ir.Instr, p []uint8, _ []int) { pix.Solarize(p, in.Attrs.Int("threshold", 128)) }),
		"image_posterize":  copied(func(_ *sample, in *ir.Instr, p []uint8, _ []int) { pix.Posterize(p, in.Attrs.Int("bits", 8)) }),
		"image_gaussian_blur": copied(func(s *sample, in *ir.Instr, p []uint8, d []int) {
			pix.GaussianBlur(p, d[0], d[1], d[2], float64(s.eval(in.In[1]).f[0]), &s.scratch)
		}),
		"image_color_jitter": copied(colorJitter),
		"image_to_float": func(s *sample, in *ir.Instr, _ int, v *value) {
			v.f = v.f[:0]
			for _, x := range s.eval(in.In[0]).pix {
				v.f = append(v.f, float32(x)/255)
			}
		},
		"image_normalize": func(s *sample, in *ir.Instr, _ int, v *value) {
			mean, std := in.Attrs.Floats("mean"), in.Attrs.Floats("std")
			if len(mean) == 0 {
				mean, std = s.p.mean, s.p.std
			}
			v.f = v.f[:0]
			for i, x := range s.eval(in.In[0]).f {
				if c := len(mean); c > 0 {
					x = (x - float32(mean[i%c])) / float32(std[i%c])
				}
				v.f = append(v.f, x)
			}
		},
	}
}

// colorJitter applies the four adjustments in the drawn order (torchvision's ColorJitter).
func colorJitter(s *sample, in *ir.Instr, p []uint8, d []int) {
	factor := func(i int) float32 { return s.eval(in.In[1+i]).f[0] }
	for _, k := range s.eval(in.In[5]).i {
		switch k {
		case 0:
			pix.Brightness(p, factor(0))
		case 1:
			pix.Contrast(p, d[2], factor(1))
		case 2:
			pix.Saturation(p, d[2], factor(2))
		case 3:
			pix.Hue(p, d[2], float64(factor(3)))
		}
	}
}

func draw(f func(k *rng.Stream, a ir.Attrs) float64) runner {
	return func(s *sample, in *ir.Instr, index int, v *value) {
		k := s.stream(index)
		v.f = append(v.f[:0], float32(f(&k, in.Attrs)))
	}
}

// copied runs f on a copy of the picture operand.
func copied(f func(s *sample, in *ir.Instr, p []uint8, dims []int)) runner {
	return func(s *sample, in *ir.Instr, _ int, v *value) {
		v.pix = append(v.pix[:0], s.eval(in.In[0]).pix...)
		f(s, in, v.pix, s.dims(in))
	}
}

// stream draws for the instruction at index.
func (s *sample) stream(index int) rng.Stream { return s.key.Fold(uint64(index)).Stream() }

func (s *sample) dims(in *ir.Instr) []int { return s.p.f.Shape(in.Out[0]).Dims }

func (v *value) picture(n int) []uint8 {
	if cap(v.pix) < n {
		v.pix = make([]uint8, n)
	}
	v.pix = v.pix[:n]
	return v.pix
}

func (s *sample) set(v *value, d dtype.DType, x []float64) {
	v.f, v.i = v.f[:0], v.i[:0]
	for _, y := range x {
		if d == dtype.F32 {
			v.f = append(v.f, float32(y))
		} else {
			v.i = append(v.i, int32(y))
		}
	}
}

// channels is the image's pixels with c channels: grey repeated, colour averaged to luma.
func channels(img *data.Image, c int) []uint8 {
	if img.C == c {
		return img.Pix
	}
	out := make([]uint8, 0, img.H*img.W*c)
	if c == 3 {
		for _, v := range img.Pix {
			out = append(out, v, v, v)
		}
		return out
	}
	p := append([]uint8(nil), img.Pix...)
	pix.Grayscale(p, 3)
	for i := 0; i < len(p); i += 3 {
		out = append(out, p[i])
	}
	return out
}

// store writes a value's elements little-endian.
func (s *sample) store(id ir.ID, to []byte) {
	v := &s.values[id]
	switch s.p.f.Shape(id).DType {
	case dtype.F32:
		for i, x := range v.f {
			binary.LittleEndian.PutUint32(to[4*i:], math.Float32bits(x))
		}
	case dtype.I32:
		for i, x := range v.i {
			binary.LittleEndian.PutUint32(to[4*i:], uint32(x))
		}
	case dtype.U8:
		copy(to, v.pix)
	default:
		for i, x := range v.i {
			to[i] = byte(x)
		}
	}
}

package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/view/pix"
)

func toFloat(s *sample, in *ir.Instr, _ int, _ *value) {
	src, out := s.eval(in.In[0]).U8, s.fresh(in.Out[0]).F32
	pix.ToFloat(out, src)
}

// normalize takes the levels themselves where the operand is levels in [0,1] that
// nobody asked for yet. With plugins that compute on pixels it takes the operand,
// through which is known what waits for an answer.
func normalize(s *sample, in *ir.Instr, _ int, _ *value) {
	mean, std := s.p.statistics(in)
	var m, d [3]float32
	for c := range mean {
		m[c], d[c] = float32(mean[c]), float32(std[c])
	}
	x := in.In[0]
	if def := s.p.def[x]; len(mean) > 0 && len(s.p.pixels) == 0 && !s.done[x] && def >= 0 && s.p.f.Instrs[def].Op == "image_to_float" {
		src := s.eval(s.p.f.Instrs[def].In[0]).U8
		pix.Normalize(s.fresh(in.Out[0]).F32, src, m[:len(mean)], d[:len(mean)])
		return
	}
	src, out := s.eval(x).F32, s.fresh(in.Out[0]).F32
	if len(mean) == 0 {
		copy(out, src)
		return
	}
	c := 0
	for i, x := range src {
		out[i] = (x - m[c]) / d[c]
		if c++; c == len(mean) {
			c = 0
		}
	}
}

// statistics are the instruction's own, or the dataset's.
func (p *Program) statistics(in *ir.Instr) (mean, std []float64) {
	if mean = in.Attrs.Floats("mean"); len(mean) > 0 {
		return mean, in.Attrs.Floats("std")
	}
	return p.mean, p.std
}

func checkNormalize(p *Program, in *ir.Instr) error {
	mean, std := p.statistics(in)
	c := p.f.Shape(in.Out[0]).Dims[2]
	if len(mean) != len(std) || len(mean) != 0 && len(mean) != c {
		return fmt.Errorf("expected a mean and a standard deviation for each of %d channels, found %d and %d", c, len(mean), len(std))
	}
	for i := range std {
		if !(float32(std[i]) > 0) || math.IsInf(std[i], 0) || math.IsNaN(mean[i]) || math.IsInf(mean[i], 0) {
			return fmt.Errorf("channel %d: expected a finite mean and a standard deviation above 0, found %v and %v", i, mean[i], std[i])
		}
	}
	return nil
}

// standardize takes its statistics in float64, over all elements or channel by channel.
func standardize(s *sample, in *ir.Instr, _ int, _ *value) {
	src, out := s.eval(in.In[0]).F32, s.fresh(in.Out[0]).F32
	groups := 1
	if in.Attrs.Bool("channels") {
		groups = s.dims(in)[2]
	}
	count, eps := float64(len(src)/groups), in.Attrs.Float("epsilon", 0)
	for g := range groups {
		var sum, squares float64
		for i := g; i < len(src); i += groups {
			sum += float64(src[i])
		}
		mean := sum / count
		for i := g; i < len(src); i += groups {
			d := float64(src[i]) - mean
			squares += float64(d * d)
		}
		std := math.Sqrt(squares/max(1, count-float64(in.Attrs.Int("ddof", 0))) + eps)
		for i := g; i < len(src); i += groups {
			out[i] = float32((float64(src[i]) - mean) / std)
		}
	}
}

func checkStandardize(_ *Program, in *ir.Instr) error {
	if e, n := in.Attrs.Float("epsilon", 0), in.Attrs.Int("ddof", 0); !(e > 0) || math.IsInf(e, 0) || n < 0 || n > 1 {
		return fmt.Errorf("expected epsilon above 0, as a picture may be of one colour, and ddof of 0 or 1, found %v and %d", e, n)
	}
	return nil
}

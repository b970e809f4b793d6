package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
)

// levels is each grey level in [0,1].
var levels = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()

func toFloat(s *sample, in *ir.Instr, _ int, _ *value) {
	src, out := s.eval(in.In[0]).U8, s.fresh(in.Out[0]).F32
	for i, x := range src {
		out[i] = levels[x]
	}
}

func normalize(s *sample, in *ir.Instr, _ int, _ *value) {
	src, out := s.eval(in.In[0]).F32, s.fresh(in.Out[0]).F32
	mean, std := s.p.statistics(in)
	if len(mean) == 0 {
		copy(out, src)
		return
	}
	var m, d [3]float32
	for c := range mean {
		m[c], d[c] = float32(mean[c]), float32(std[c])
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

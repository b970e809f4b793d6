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

func toFloat(s *sample, in *ir.Instr, _ int, v *value) {
	src := s.eval(in.In[0]).pix
	out := v.numbers(len(src))
	for i, x := range src {
		out[i] = levels[x]
	}
}

func normalize(s *sample, in *ir.Instr, _ int, v *value) {
	src := s.eval(in.In[0]).f
	out := v.numbers(len(src))
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

// numbers is v's memory for n numbers.
func (v *value) numbers(n int) []float32 {
	if cap(v.f) < n {
		v.f = make([]float32, n)
	}
	v.f = v.f[:n]
	return v.f
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

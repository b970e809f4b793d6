package view

import (
	"errors"
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
)

func drawUniform(s *sample, in *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.f = append(v.f[:0], float32(k.Uniform(in.Attrs.Float("low", 0), in.Attrs.Float("high", 1))))
}

func drawNormal(s *sample, _ *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.f = append(v.f[:0], float32(k.Normal()))
}

func drawBeta(s *sample, in *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.f = append(v.f[:0], float32(k.Beta(in.Attrs.Float("a", 1), in.Attrs.Float("b", 1))))
}

func drawBernoulli(s *sample, in *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.i = append(v.i[:0], 0)
	if k.Bool(in.Attrs.Float("p", 0)) {
		v.i[0] = 1
	}
}

func drawInt(s *sample, in *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.i = append(v.i[:0], int32(k.Intn(in.Attrs.Int("n", 1))))
}

func drawPermutation(s *sample, in *ir.Instr, index int, v *value) {
	k := s.stream(index)
	v.i = v.i[:0]
	for _, x := range k.Perm(in.Attrs.Int("n", 1)) {
		v.i = append(v.i, int32(x))
	}
}

func checkUniform(_ *Program, in *ir.Instr) error {
	lo, hi := in.Attrs.Float("low", 0), in.Attrs.Float("high", 1)
	if !(lo <= hi) || math.IsInf(hi-lo, 0) {
		return fmt.Errorf("expected finite bounds, the lower first, found %v and %v", lo, hi)
	}
	return nil
}

func checkBeta(_ *Program, in *ir.Instr) error {
	a, b := in.Attrs.Float("a", 1), in.Attrs.Float("b", 1)
	if !(a > 0 && b > 0) || math.IsInf(a+b, 0) {
		return fmt.Errorf("expected shapes above 0, found %v and %v", a, b)
	}
	return nil
}

func checkBernoulli(_ *Program, in *ir.Instr) error {
	if p := in.Attrs.Float("p", 0); !(p >= 0 && p <= 1) {
		return fmt.Errorf("expected a probability, found %v", p)
	}
	return nil
}

func checkCount(_ *Program, in *ir.Instr) error {
	if n := in.Attrs.Int("n", 1); n < 1 || n > math.MaxInt32 {
		return errors.New("expected n of 1 to 2^31-1, found " + fmt.Sprint(n))
	}
	return nil
}

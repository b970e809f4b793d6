package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
)

// drawn fills a value by f, one element after another.
func drawn(fill func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID)) runner {
	return func(s *sample, in *ir.Instr, index int, _ *value) {
		k := s.stream(in, index)
		fill(s, in, &k, in.Out[0])
	}
}

func numbers(draw func(k *rng.Stream, a ir.Attrs) float64) runner {
	return drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
		out := s.fresh(id).F32
		for i := range out {
			out[i] = float32(draw(k, in.Attrs))
		}
	})
}

var (
	drawUniform = numbers(func(k *rng.Stream, a ir.Attrs) float64 { return k.Uniform(a.Float("low", 0), a.Float("high", 1)) })
	drawNormal  = numbers(func(k *rng.Stream, _ ir.Attrs) float64 { return k.Normal() })
	drawBeta    = numbers(func(k *rng.Stream, a ir.Attrs) float64 { return k.Beta(a.Float("a", 1), a.Float("b", 1)) })

	drawBernoulli = drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
		p, out := in.Attrs.Float("p", 0), s.fresh(id).U8
		for i := range out {
			out[i] = 0
			if k.Bool(p) {
				out[i] = 1
			}
		}
	})
	drawInt = drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
		n, out := in.Attrs.Int("n", 1), s.fresh(id).I32
		for i := range out {
			out[i] = int32(k.Intn(n))
		}
	})
	drawPermutation = drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
		out := s.fresh(id).I32
		for i := range out { // as Stream.Perm
			j := k.Intn(i + 1)
			out[i] = out[j]
			out[j] = int32(i)
		}
	})
)

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
		return fmt.Errorf("expected n of 1 to 2^31-1, found %d", n)
	}
	return nil
}

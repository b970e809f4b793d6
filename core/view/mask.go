package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view/mask"
)

var drawBlockMask = drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
	a, out := in.Attrs, s.fresh(id).U8
	count := int(s.eval(in.In[0]).I32[0])
	if count < 0 || count > len(out) {
		s.fail(in, fmt.Sprintf("a count of 0 to %d cells", len(out)), count)
		count = 0
	}
	mask.Blocks(out, a.Int("height", 0), a.Int("width", 0), count, mask.Limits{Min: a.Int("min", 1), Max: a.Int("max", 0), MinRatio: a.Float("min_ratio", 1)}, k)
})

var drawRegionMask = drawn(func(s *sample, in *ir.Instr, k *rng.Stream, id ir.ID) {
	a := in.Attrs
	mask.Regions(s.fresh(id).U8, a.Int("height", 0), a.Int("width", 0), mask.Texture{Scale: a.Float("scale", 0), Density: a.Float("density", 0), Min: a.Float("min", 0), Max: a.Float("max", 1)}, k)
})

func checkBlockMask(_ *Program, in *ir.Instr) error {
	a := in.Attrs
	low, high, ratio := a.Int("min", 1), a.Int("max", 0), a.Float("min_ratio", 1)
	if low < 1 || high < 0 || high > 0 && high < low || !(ratio > 0 && ratio <= 1) {
		return fmt.Errorf("expected min of 1 or more, max of 0 or min or more, and min_ratio above 0 and at most 1, found %d, %d and %v", low, high, ratio)
	}
	return nil
}

func checkRegionMask(_ *Program, in *ir.Instr) error {
	a := in.Attrs
	scale, density, low, high := a.Float("scale", 0), a.Float("density", 0), a.Float("min", 0), a.Float("max", 1)
	if !(scale > 0 && scale <= 1) || !(density > 0 && density < 1) || !(0 <= low && low < high && high <= 1) || math.IsNaN(density) {
		return fmt.Errorf("expected scale in (0, 1], density in (0, 1) and 0 <= min < max <= 1, found %v, %v, %v and %v", scale, density, low, high)
	}
	return nil
}

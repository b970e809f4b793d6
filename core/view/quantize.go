package view

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/ir"
)

// softQuantize finds the k nearest rows of a table by insertion; of equal ones
// the first counts as nearer.
func softQuantize(s *sample, in *ir.Instr, _ int, _ *value) {
	x, table := s.eval(in.In[0]).F32, s.eval(in.In[1]).F32
	index, weight := s.fresh(in.Out[0]).I32, s.fresh(in.Out[1]).F32
	k, sigma := in.Attrs.Int("k", 1), in.Attrs.Float("sigma", 1)
	d := s.p.f.Shape(in.In[1]).Dims[1]
	near := make([]float64, k)
	for r := 0; r*d < len(x); r++ {
		row, at, w := x[r*d:][:d], index[r*k:][:k], weight[r*k:][:k]
		for i := range near {
			near[i], at[i] = math.Inf(1), 0
		}
		for q := 0; q*d < len(table); q++ {
			distance := 0.0
			for i, c := range table[q*d:][:d] {
				e := float64(row[i]) - float64(c)
				distance += float64(e * e)
			}
			if !(distance < near[k-1]) {
				continue
			}
			i := k - 1
			for ; i > 0 && distance < near[i-1]; i-- {
				near[i], at[i] = near[i-1], at[i-1]
			}
			near[i], at[i] = distance, int32(q)
		}
		least, sum := near[0], 0.0 // relative to the nearest, so that no weight is lost far off
		for i, distance := range near {
			near[i] = math.Exp((least - distance) / (2 * sigma * sigma))
			sum += near[i]
		}
		for i := range w {
			w[i] = float32(near[i] / sum)
		}
	}
}

func checkQuantize(_ *Program, in *ir.Instr) error {
	if s := in.Attrs.Float("sigma", 1); !(s > 0) || math.IsInf(s, 0) {
		return fmt.Errorf("expected sigma above 0, found %v", s)
	}
	return nil
}

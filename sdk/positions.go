package sdk

import (
	"math"

	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// SinCos2D is fixed positions of an n x n grid behind leading tokens, which have
// zeros: [leading+n*n,dim]. The first half of the columns encodes the column, the
// second the row, each as sines and cosines of frequencies from 1 to 1/10000 (MAE's
// pos_embed.py, after MoCo v3). dim is a multiple of 4.
func SinCos2D(n, leading, dim int) []float64 {
	table := make([]float64, (leading+n*n)*dim)
	quarter := dim / 4
	for i := range n * n {
		at := table[(leading+i)*dim:]
		for half, position := range []int{i % n, i / n} {
			for k := range quarter {
				angle := float64(position) / math.Pow(10000, float64(k)/float64(quarter))
				at[2*half*quarter+k], at[(2*half+1)*quarter+k] = math.Sin(angle), math.Cos(angle)
			}
		}
	}
	return table
}

// Positions is fixed positions f32[1,leading+n*n,dim] as a constant.
func (s *Step) Positions(n, leading, dim int) Value {
	if dim%4 != 0 {
		s.Fail("fixed positions need a width that is a multiple of 4")
	}
	return s.Constant(shape.F32(1, leading+n*n, dim), SinCos2D(n, leading, dim))
}

// Table starts a parameter as elements that ordinary code has computed.
func Table(elements []float64) trace.Init { return trace.Table(elements) }

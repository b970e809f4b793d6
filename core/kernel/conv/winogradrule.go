package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// costs are what Winograd's ways pay beside their products, in multiplications:
// for a number of a transformed tile, and for a transformed weight. Those of
// bfloat16 cost a half, so that the rest weighs more.
type costs struct{ number, weight float64 }

var (
	floatCosts        = costs{4, 32}
	halfCosts         = costs{16, 64}
	residentHalfCosts = costs{6, 64} // whose products are made in half the time
)

// fewerWins reports whether Winograd's way to the convolution g is expected to be
// faster than the direct sum.
// The rule knows the shape alone, so that results do not depend on the machine's
// load; docs/benchmarks.md has the ratios behind it.
func fewerWins(s Spec, g geometry) bool {
	switch {
	case g.half && resident(g):
		return fewerPays(s, g, residentHalfCosts)
	case g.half:
		return fewerPays(s, g, halfCosts)
	}
	return fewerPays(s, g, floatCosts)
}

// fewerSumWins is the rule for the derivative by the weights, which also needs
// whole panels of output channels.
func fewerSumWins(s Spec) bool {
	c := floatCosts
	if s.Half {
		c = halfCosts
	}
	return s.O%tile.Cols == 0 && fewerPays(s, forward(s), c)
}

// fewerPays compares multiplications: the direct path's, which skips padding,
// with Winograd's 16 for a tile and pair of channels in whole panels, and its
// other costs. A fifth has to be gained, and fewer than 16 channels stay with the
// direct path.
func fewerPays(s Spec, g geometry, cost costs) bool {
	if s.KH != 3 || s.KW != 3 || s.StrideH != 1 || s.StrideW != 1 || s.DilationH != 1 || s.DilationW != 1 || s.Groups != 1 ||
		g.c%8 != 0 || g.n%8 != 0 || min(g.c, g.n) < 16 || g.half && (g.c%16 != 0 || g.n%16 != 0) {
		return false
	}
	c, n, np := float64(g.c), float64(g.n), float64(roundUp(g.n, tile.Cols))
	tiles := float64(g.b * ceilDiv(g.oh, 2) * ceilDiv(g.ow, 2))
	direct := float64(g.b*g.oh*g.ow*9) * g.seen() * c * n
	return direct >= 1.2*16*(tiles*c*np+tiles*cost.number*(c+np)+cost.weight*c*np)
}

// resident reports whether the transformed weights of g stay in the registers,
// a matrix at a time: 16 channels and 16 channels.
func resident(g geometry) bool { return g.c == tile.Cols && g.n == tile.Cols }

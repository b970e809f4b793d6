package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// costs are what Winograd's ways pay beside their products, in multiplications:
// for a number of a transformed tile, and for a transformed weight. Those of
// bfloat16 cost a half, so that the rest weighs more.
type costs struct{ number, weight float64 }

var (
	twosCosts         = costs{4, 32}
	foursCosts        = costs{7, 32}
	halfCosts         = costs{16, 64}
	residentHalfCosts = costs{6, 64} // whose products are made in half the time
)

// fewerWins is Winograd's way to the convolution g, and whether it is expected to
// be faster than the direct sum.
// The rule knows the shape alone, so that results do not depend on the machine's
// load; docs/benchmarks.md has the ratios behind it.
func fewerWins(s Spec, g geometry) (tiling, bool) {
	if g.half && resident(g) {
		return cheapest(s, g, residentHalfCosts)
	}
	return cheapest(s, g, halfCosts)
}

// fewerSumWins is the rule for the derivative by the weights, which also needs
// whole panels of output channels.
func fewerSumWins(s Spec) (tiling, bool) {
	t, wins := cheapest(s, forward(s), halfCosts)
	return t, wins && s.O%tile.Cols == 0
}

// cheapest compares multiplications: the direct path's, which skips padding,
// with Winograd's one for a number of a tile's matrices and pair of channels in
// whole panels, and its other costs; of bfloat16 these are half. A fifth has to be
// gained, and fewer than 16 channels stay with the direct path.
func cheapest(s Spec, g geometry, half costs) (tiling, bool) {
	if s.KH != 3 || s.KW != 3 || s.StrideH != 1 || s.StrideW != 1 || s.DilationH != 1 || s.DilationW != 1 || s.Groups != 1 ||
		g.c%8 != 0 || g.n%8 != 0 || min(g.c, g.n) < 16 || g.half && (g.c%16 != 0 || g.n%16 != 0) {
		return twos, false
	}
	c, n, np := float64(g.c), float64(g.n), float64(roundUp(g.n, tile.Cols))
	price := func(t tiling, cost costs) float64 {
		tiles := float64(g.b * ceilDiv(g.oh, t.side) * ceilDiv(g.ow, t.side))
		return float64(t.matrices) * (tiles*c*np + tiles*cost.number*(c+np) + cost.weight*c*np)
	}
	best, cost := twos, twosCosts
	if g.half {
		cost = half
	}
	least := price(twos, cost)
	if p := price(fours, foursCosts); s.Fours && !g.half && p < least {
		best, least = fours, p
	}
	return best, float64(g.b*g.oh*g.ow*9)*g.seen()*c*n >= 1.2*least
}

// resident reports whether the transformed weights of g stay in the registers,
// a matrix at a time: 16 channels and 16 channels.
func resident(g geometry) bool { return g.c == tile.Cols && g.n == tile.Cols }

package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// fewerWins reports whether Winograd's way to the convolution g, or to its
// derivative by the weights, is expected to be faster than the direct sum. It
// compares multiplications: the direct path's, which skips padding, with
// Winograd's 16 for a tile and pair of channels in whole panels, where a number
// of a transformed tile costs as much as four and a transformed weight as 32; of
// bfloat16, whose multiplications cost a half, as 16 and 64. A fifth has to be
// gained, and fewer than 16 channels stay with the direct path.
// The rule knows the shape alone, so that results do not depend on the machine's
// load; docs/benchmarks.md has the ratios behind it.
func fewerWins(s Spec, g geometry) bool {
	if s.KH != 3 || s.KW != 3 || s.StrideH != 1 || s.StrideW != 1 || s.DilationH != 1 || s.DilationW != 1 || s.Groups != 1 ||
		g.c%8 != 0 || g.n%8 != 0 || min(g.c, g.n) < 16 || g.half && (g.c%16 != 0 || g.n%16 != 0) {
		return false
	}
	c, n, np := float64(g.c), float64(g.n), float64(roundUp(g.n, tile.Cols))
	tiles := float64(g.b * ceilDiv(g.oh, 2) * ceilDiv(g.ow, 2))
	direct := float64(g.b*g.oh*g.ow*9) * g.seen() * c * n
	number, weight := 4.0, 32.0
	if g.half {
		number, weight = 16, 64
	}
	return direct >= 1.2*16*(tiles*c*np+tiles*number*(c+np)+weight*c*np)
}

// fewerSumWins is the rule for the derivative by the weights, which also needs
// whole panels of output channels.
func fewerSumWins(s Spec) bool {
	return s.O%tile.Cols == 0 && fewerWins(s, forward(s))
}

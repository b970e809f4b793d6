package conv

// fewerWins reports whether Winograd's way to the convolution g, or to the
// derivative of the one by the weights, is expected to be faster than the direct sum. It compares multiplications: the direct path's, which
// skips padding, with Winograd's 16 for a tile, where a number of a transformed
// tile costs as much as four, and a transformed weight as 16. A fifth has to be
// gained, and whole vectors of channels are needed. The rule knows the shape
// alone, so that the result does not depend on the machine's load.
func fewerWins(s Spec, g geometry) bool {
	if s.KH != 3 || s.KW != 3 || s.StrideH != 1 || s.StrideW != 1 || s.DilationH != 1 || s.DilationW != 1 || s.Groups != 1 || s.C%8 != 0 || s.O%8 != 0 {
		return false
	}
	c, n := float64(s.C), float64(s.O)
	tiles := float64(g.b * ceilDiv(g.oh, 2) * ceilDiv(g.ow, 2))
	direct := float64(g.b*g.oh*g.ow*9) * g.seen() * c * n
	return direct >= 1.2*16*(tiles*c*n+tiles*4*(c+n)+16*c*n)
}

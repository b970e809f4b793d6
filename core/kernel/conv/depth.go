package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// maxDepth rows of packed weights (20 KiB a panel) stay in the L1 cache while a
// chunk's tiles pass.
const maxDepth = 320

// maxWords bounds the depth of a sum of bfloat16 pairs, which is not cut.
const maxWords = 4096

// zeros is what padding reads.
var zeros [maxWords]float32

// sum is how the sum over taps and channels is cut: into blocks of at most
// maxDepth, each of some taps and depth channels. The last channels may be fewer.
type sum struct {
	taps, red int // taps, and channels of a group
	depth     int // channels of a block
	cblocks   int
	blocks    []int // taps blocks[i]..blocks[i+1] make block i
	n, np     int   // columns, and rounded up to whole panels
}

// newWholeSum is a sum in one block.
func newWholeSum(taps, red, n int) sum {
	return sum{taps: taps, red: red, depth: red, cblocks: 1, blocks: []int{0, taps}, n: n, np: roundUp(n, tile.Cols)}
}

func newSum(taps, red, n int) sum {
	s := sum{taps: taps, red: red, n: n, np: roundUp(n, tile.Cols)}
	s.cblocks = ceilDiv(red, maxDepth)
	s.depth = ceilDiv(red, s.cblocks)
	s.cblocks = ceilDiv(red, s.depth)
	count := ceilDiv(taps, max(1, maxDepth/s.depth))
	each := ceilDiv(taps, count)
	for t := 0; t < taps; t += each {
		s.blocks = append(s.blocks, t)
	}
	s.blocks = append(s.blocks, taps)
	return s
}

// panelFloats is the size of one group's packed weights.
func (s *sum) panelFloats() int { return s.cblocks * s.taps * s.depth * s.np }

// panel is where column j's panel of a block begins in a group's packed weights.
func (s *sum) panel(cblock, tblock, j int) int {
	t0, t1 := s.blocks[tblock], s.blocks[tblock+1]
	return (cblock*s.taps+t0)*s.depth*s.np + j*(t1-t0)*s.depth
}

// channels are those of a block: the first, and how many.
func (s *sum) channels(cblock int) (c0, c int) {
	return cblock * s.depth, min(s.depth, s.red-cblock*s.depth)
}

package bf16

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
)

// Products of bfloat16 (gemm/tile's MulPairs) take words of two: the lower half is
// the earlier of the two that are summed. Where these lie apart in memory, words
// are made by [Zip] and [Pair], whose rows of channels go to panels of 16.

// group is the number of channels of a panel.
const group = 16

// Rows are N rows of Channels numbers: row r begins at r*From of the sources, and
// in dst the word of channel c is at r*To + c/16*Panel + c%16. In dst a row ends
// with zeros up to a whole group.
type Rows struct{ N, Channels, From, To, Panel int }

// Zip makes words of the rows of lo, and of hi in the upper halves; nil is zeros.
func Zip(dst []float32, lo, hi []uint16, r Rows) {
	var other *uint16
	if len(hi) > 0 {
		other = &hi[0]
	}
	groups := 0
	if groups = r.Channels / group; groups > 0 && r.N > 0 && useBF16 {
		_, _ = dst[r.last(groups)], lo[(r.N-1)*r.From+groups*group-1]
		mask := 0
		if other != nil {
			_, mask = hi[(r.N-1)*r.From+groups*group-1], 0xffff
		} else {
			other = &lo[0]
		}
		avx512Zip(&dst[0], &lo[0], other, groups, r.N, 2*r.From, 4*r.To, 4*r.Panel, mask)
	} else {
		groups = 0
	}
	r.rest(groups, func(to, from int, live bool) {
		var word uint32
		if live {
			word = uint32(lo[from])
			if len(hi) > 0 {
				word |= uint32(hi[from]) << 16
			}
		}
		dst[to] = math.Float32frombits(word)
	})
}

// Pair is [Zip] of float32s, rounded.
func Pair(dst, lo, hi []float32, r Rows) {
	groups := 0
	if groups = r.Channels / group; groups > 0 && r.N > 0 && useBF16 {
		_, _ = dst[r.last(groups)], lo[(r.N-1)*r.From+groups*group-1]
		other, mask := &lo[0], 0
		if len(hi) > 0 {
			_ = hi[(r.N-1)*r.From+groups*group-1]
			other, mask = &hi[0], 0xffff
		}
		avx512Pair(&dst[0], &lo[0], other, groups, r.N, 4*r.From, 4*r.To, 4*r.Panel, mask)
	} else {
		groups = 0
	}
	r.rest(groups, func(to, from int, live bool) {
		var word uint32
		if live {
			word = uint32(dtype.BF16FromF32(math.Float32bits(lo[from])))
			if len(hi) > 0 {
				word |= uint32(dtype.BF16FromF32(math.Float32bits(hi[from]))) << 16
			}
		}
		dst[to] = math.Float32frombits(word)
	})
}

// last is the index of the last word that the assembly writes.
func (r Rows) last(groups int) int { return (r.N-1)*r.To + (groups-1)*r.Panel + group - 1 }

// rest visits the words of groups that the assembly leaves: where each goes, where it
// comes from, and whether it is live or one of the zeros that end a row.
func (r Rows) rest(groups int, visit func(to, from int, live bool)) {
	for row := range r.N {
		for c := groups * group; c < (r.Channels+group-1)/group*group; c++ {
			visit(row*r.To+c/group*r.Panel+c%group, row*r.From+c, c < r.Channels)
		}
	}
}

// Prefetch asks for the cache lines that a begins in, without waiting.
func Prefetch(a []uint16) {
	if lines := len(a) / 32; lines > 0 && useAVX2 {
		prefetchLines(&a[0], lines)
	}
}

// Package tile owns the innermost loops of matrix products and convolutions:
// register tiles of at most [Rows] by [Cols] elements, and the packing of their
// operands. It knows neither shapes nor workers, allocates nothing, and trusts
// its caller: every address that its arguments imply must exist.
//
// Each function has a plain-Go twin that is the definition, and AVX2 assembly
// (gen_amd64.s, written by core/kernel/asm/tile). An element is the sum over k,
// in order, of a*b, fused on AVX2, rounded twice in the twin; then what is to
// be added. It does not depend on the element's place in the tile. Start from [Mul].
package tile

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// The largest tile. B is packed into panels of Cols columns.
const (
	Rows = 6
	Cols = 16
)

// Seg is a run of the sum over k: where each row of A and the rows of B start,
// in bytes from [Args].A and B. A negative Row reads zeros instead.
type Seg struct {
	Row [Rows]int32
	B   int32
	_   int32
}

// Offsets are the places of a tile's rows, in bytes.
type Offsets [8]int32

// Args are the operands of [Mul].
type Args struct {
	Segs   *Seg
	Count  int      // segments
	Depth  int      // k in each segment, at least 1
	A      *float32 // element (row, k) of a segment is at A + Row[row] + k*KS bytes
	KS     int
	Zero   *float32 // Depth zeros, KS bytes apart
	B      *float32 // row k of a segment is at B + Seg.B + k*BS bytes
	BS     int
	C      *float32 // row i goes to C + COff[i] bytes
	COff   *Offsets
	Add    *float32 // nil, or what is added: row i from Add + AddOff[i] bytes
	AddOff *Offsets
}

// Pair is one term of a sum: where A and B start, in bytes.
type Pair struct{ A, B uint32 }

// GatherArgs are the operands of [Gather] and [Pairs].
type GatherArgs struct {
	Pairs *Pair
	N     int // pairs
	A     *float32
	B     *float32
	C     *float32
	Add   *float32 // nil, or what is added; it may be C
}

// Mul: C[i][j] = sum over segments s, k < Depth of A[s,i,k] * B[s,k,j], plus
// Add[i][j], for i < rows and j < cols; cols is 8 or 16.
func Mul(rows, cols int, args *Args) {
	if isa.AVX2() {
		avx2Mul(rows, cols, (*byte)(unsafe.Pointer(args)))
		return
	}
	mul(rows, cols, args)
}

// Gather: C[16*i + j] = sum over pairs p of A[p.A/4 + i] * B[p.B/4 + j], plus
// Add[16*i + j], for i < rows and j < cols; cols is 8 or 16.
func Gather(rows, cols int, args *GatherArgs) {
	if isa.AVX2() {
		avx2Gather(rows, cols, (*byte)(unsafe.Pointer(args)))
		return
	}
	gather(rows, cols, args)
}

// Pairs: C[j] = sum over pairs p of A[p.A/4 + j] * B[p.B/4 + j], plus Add[j], for j < n.
func Pairs(n int, args *GatherArgs) {
	j := 0
	if isa.AVX2() {
		j = avx2Pairs(n, args)
	}
	pairs(j, n, args)
}

// Fused reports whether products are added with one rounding.
func Fused() bool { return isa.AVX2() }

// Spin runs at least n floating-point operations that touch no memory, as many
// at once as the processor can, and returns how many: the peak that benchmarks
// are compared with. It is 0 where there is no assembly.
func Spin(n int64) int64 {
	if !isa.AVX2() {
		return 0
	}
	const round = 4 * Rows * Cols * 2
	rounds := n/round + 1
	avx2SpinRounds(int(rounds))
	return rounds * round
}

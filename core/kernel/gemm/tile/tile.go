// Package tile owns the innermost loops of matrix products and convolutions:
// register tiles of at most [Rows] by [Cols] elements, and the packing of their
// operands. It knows neither shapes nor workers, allocates nothing, and trusts
// its caller: every address that its arguments imply must exist.
//
// Each function has a plain-Go twin that is the definition, and AVX2 and AVX-512
// assembly (gen_amd64.s, written by core/kernel/asm/tile). An element is the sum
// over k, in order, of a*b, fused in assembly, rounded twice in the twin; then
// what is to be added. It does not depend on the element's place in the tile.
// Start from [Mul].
package tile

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// B is packed into panels of Cols columns. A tile has at most MaxRows rows and
// MaxWidth columns, on any processor.
const (
	Cols     = 16
	MaxRows  = 12
	MaxWidth = 2 * Cols
)

// The largest tile of this processor: Width columns are one panel, or two.
var Rows, Width = largest()

func largest() (rows, width int) {
	if isa.AVX512() {
		return 12, 32
	}
	return 6, 16
}

// Seg is a run of the sum over k: where each row of A and the rows of B start,
// in bytes from [Args].A and B. A negative Row reads zeros instead.
type Seg struct {
	Row [MaxRows]int32
	B   int32
	_   int32
}

// Offsets are the places of a tile's rows, in bytes.
type Offsets [MaxRows]int32

// Evenly are rows so many bytes apart.
func Evenly(bytes int) (o Offsets) {
	for i := range o {
		o[i] = int32(i * bytes)
	}
	return o
}

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
	Panel  int      // bytes from a panel of B to the next; read where there are two
	C      *float32 // row i goes to C + COff[i] bytes
	COff   *Offsets
	CPanel int      // bytes from 16 columns of C, and of Add, to the next 16
	Add    *float32 // nil, or what is added: row i from Add + AddOff[i] bytes
	AddOff *Offsets
	Half   int // [MulPairs] alone: 1 writes C as bfloat16
}

// Pair is one term of a sum: where A and B start, in bytes.
type Pair struct{ A, B uint32 }

// GatherArgs are the operands of [Gather] and [Pairs].
type GatherArgs struct {
	Pairs  *Pair
	N      int // pairs
	A      *float32
	B      *float32
	Panel  int // bytes from a panel of B to the next; read where there are two
	C      *float32
	CPanel int      // bytes from a panel of C to the next
	Add    *float32 // nil, or what is added, in C's layout; it may be C
}

// Narrowest is the width of the narrowest tile of this processor that has so
// many columns, at most [Width].
func Narrowest(cols int) int {
	if cols <= Cols/2 && Width == Cols {
		return Cols / 2
	}
	return (cols + Cols - 1) / Cols * Cols
}

// Mul: C[i][j] = sum over segments s, k < Depth of A[s,i,k] * B[s,k,j], plus
// Add[i][j], for i < rows and j < cols; cols is a [Narrowest].
func Mul(rows, cols int, args *Args) {
	switch p := (*byte)(unsafe.Pointer(args)); {
	case isa.AVX512():
		avx512Mul((rows-1)*2+cols/Cols-1, p)
	case isa.AVX2():
		avx2Mul((rows-1)*2+cols/(Cols/2)-1, p)
	default:
		mul(rows, cols, args)
	}
}

// Gather: C[16*i + j] = sum over pairs p of A[p.A/4 + i] * B[p.B/4 + j], plus
// Add[16*i + j], for i < rows and j < cols; cols is a [Narrowest], and columns
// from 16 on are in the next panel of B and C.
func Gather(rows, cols int, args *GatherArgs) {
	switch p := (*byte)(unsafe.Pointer(args)); {
	case isa.AVX512():
		avx512Gather((rows-1)*2+cols/Cols-1, p)
	case isa.AVX2():
		avx2Gather((rows-1)*2+cols/(Cols/2)-1, p)
	default:
		gather(rows, cols, args)
	}
}

// Resident: C[i][j] = sum over k < 16 of A[i][k] * B[k][j], for i < rows and
// j < 16; all three lie row after row. The processor keeps B in its registers,
// where it has as many. Elements are those of [Mul].
func Resident(rows int, a, b, c *float32) {
	if isa.AVX512() {
		avx512Resident(rows, a, b, c)
		return
	}
	off := Evenly(4 * Cols)
	args := Args{Segs: &Seg{Row: off}, Count: 1, Depth: Cols, A: a, KS: 4, B: b, BS: 4 * Cols, C: c, COff: &off}
	for ; rows > 0; rows -= Rows {
		Mul(min(Rows, rows), Cols, &args)
		args.A, args.C = at(args.A, 4*Cols*Rows), at(args.C, 4*Cols*Rows)
	}
}

// ResidentPairs is [Resident] of 8 words of two bfloat16, as [MulPairs] is of [Mul].
func ResidentPairs(rows int, a, b, c *float32) {
	bf16Resident(rows, a, b, c)
}

// MulPairs is [Mul] where an element of A or B is a word of two bfloat16: the
// products of the upper halves and of the lower halves are added, in this order,
// into a float32. If args.Half is 1, C is rounded to bfloat16; Add is float32 all
// the same, and its panels lie twice as far apart as C's. It may be called where
// [isa.BF16] is true.
func MulPairs(rows, cols int, args *Args) {
	bf16Mul((rows-1)*2+cols/Cols-1, (*byte)(unsafe.Pointer(args)))
}

// GatherPairs is [Gather] of words of two bfloat16, as [MulPairs] is of [Mul].
func GatherPairs(rows, cols int, args *GatherArgs) {
	bf16Gather((rows-1)*2+cols/Cols-1, (*byte)(unsafe.Pointer(args)))
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

// SpinPairs is [Spin] of products of bfloat16, 0 where there is no assembly for them.
func SpinPairs(n int64) int64 {
	if !isa.BF16() {
		return 0
	}
	round := int64(4 * Rows * Width * 4)
	rounds := n/round + 1
	bf16Spin(int(rounds))
	return rounds * round
}

// Spin runs at least n floating-point operations that touch no memory, as many
// at once as the processor can, and returns how many: the peak that benchmarks
// are compared with. It is 0 where there is no assembly.
func Spin(n int64) int64 {
	if !isa.AVX2() {
		return 0
	}
	round := int64(4 * Rows * Width * 2)
	rounds := n/round + 1
	if isa.AVX512() {
		avx512Spin(int(rounds))
	} else {
		avx2Spin(int(rounds))
	}
	return rounds * round
}

// Package vec owns primitives over float32 slices: arithmetic, comparisons,
// transcendental functions, sums, and the inner loops of normalisations. It
// allocates nothing and starts no goroutine; the kernels beside it do the rest.
//
// Each function says the loop it equals. Assembly for AVX-512 or AVX2
// (gen_amd64.s, written by the generator in ../vecasm) takes all or most of the
// elements; the Go loop beside it takes the rest, or everything where there is
// no assembly (-tags noasm, FW_ISA=noasm, other processors). AVX-512 and AVX2
// give the same bits. The Go loops alone may differ from them in the last bit of
// transcendental functions, sums and whatever adds to a product, which the
// assembly rounds once; each is deterministic. An element's value does not
// depend on its place, except that the last elements of RowDots may round
// otherwise than the others do.
//
// dst may be one of the operands, but must not overlap one in part. Operands
// must be at least as long as dst. A mask element is all ones or 0. Start from [Add].
package vec

import (
	"math"
	"unsafe"
)

// whole is the number of leading elements that the assembly takes: all with
// AVX-512, whole vectors with AVX2.
func whole(n int) int {
	if useAVX512 {
		return n
	}
	return eights(n)
}

// eights is the number of leading elements that the assembly takes where it goes
// by eights, as sums do.
func eights(n int) int {
	if useAVX2 {
		return n &^ 7
	}
	return 0
}

func first(m []uint32) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(m))) }

func mask(ok bool) uint32 {
	if ok {
		return ^uint32(0)
	}
	return 0
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

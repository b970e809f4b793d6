// Package vec owns primitives over float32 slices: arithmetic, comparisons,
// transcendental functions, sums, and the inner loops of normalisations. It
// allocates nothing and starts no goroutine; the kernels beside it do the rest.
//
// Each function says the loop it equals. Assembly for AVX2 and FMA
// (gen_amd64.s, written by the generator in ../vecasm) takes the whole groups
// of 8 elements; the Go loop beside it takes the rest, or everything where
// there is no assembly (-tags noasm, FW_ISA=noasm, other processors). The two
// may differ in the last bit of transcendental functions, sums and the Col and
// Row functions; each is deterministic. An element's value does not depend on
// its place, except that the last elements of Col and Row functions may round
// a product before adding to it where the others do not.
//
// dst may be one of the operands, but must not overlap one in part. Operands
// must be at least as long as dst. A mask element is all ones or 0. Start from [Add].
package vec

import (
	"math"
	"unsafe"
)

// whole is the number of leading elements that the assembly takes.
func whole(n int) int {
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

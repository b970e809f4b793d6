// Package buf owns the memory that kernels read and write: aligned bytes, seen
// as any element type. It knows no shapes. Start from [Buf].
package buf

import (
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
)

// Align is the alignment of the memory that New returns, in bytes.
const Align = 64

// Buf is one piece of memory with a view for each element type; the views
// share their bytes. A Buf of 1- or 2-byte elements whose length is not a
// multiple of four has shorter 4-byte views.
type Buf struct {
	U8   []uint8  // also bool, 0 or 1
	BF16 []uint16 // the bits of bfloat16s
	F32  []float32
	I32  []int32
	U32  []uint32
}

// New allocates n zero bytes, 64-byte aligned.
func New(n int) Buf {
	b := make([]byte, n+Align)
	off := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (Align - 1)
	return Of(b[off : off+n : off+n])
}

// Make allocates n elements of d.
func Make(d dtype.DType, n int) Buf { return New(n * d.Size()) }

// Of views b, whose first byte must be 4-byte aligned.
func Of(b []byte) Buf {
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%4 != 0 {
		panic("buf: memory is not 4-byte aligned")
	}
	n := len(b) / 4
	return Buf{U8: b, BF16: unsafe.Slice((*uint16)(p), len(b)/2), F32: unsafe.Slice((*float32)(p), n), I32: unsafe.Slice((*int32)(p), n), U32: unsafe.Slice((*uint32)(p), n)}
}

// OfF32 views v.
func OfF32(v []float32) Buf { return of(unsafe.Pointer(unsafe.SliceData(v)), len(v)) }

// OfI32 views v.
func OfI32(v []int32) Buf { return of(unsafe.Pointer(unsafe.SliceData(v)), len(v)) }

// OfU32 views v.
func OfU32(v []uint32) Buf { return of(unsafe.Pointer(unsafe.SliceData(v)), len(v)) }

// OfBF16 views v, whose first element must be 4-byte aligned.
func OfBF16(v []uint16) Buf {
	return Of(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 2*len(v)))
}

func of(p unsafe.Pointer, words int) Buf { return Of(unsafe.Slice((*byte)(p), 4*words)) }

// Slice is n bytes of b from byte off on; off must be a multiple of 4.
func (b Buf) Slice(off, n int) Buf { return Of(b.U8[off : off+n : off+n]) }

// Len is the number of elements of d that b holds.
func (b Buf) Len(d dtype.DType) int { return len(b.U8) / d.Size() }

// Same reports whether a and b start at the same byte.
func Same(a, b Buf) bool {
	return len(a.U8) > 0 && len(b.U8) > 0 && unsafe.SliceData(a.U8) == unsafe.SliceData(b.U8)
}

// Overlap reports whether a and b share a byte.
func Overlap(a, b Buf) bool {
	if len(a.U8) == 0 || len(b.U8) == 0 {
		return false
	}
	x, y := uintptr(unsafe.Pointer(unsafe.SliceData(a.U8))), uintptr(unsafe.Pointer(unsafe.SliceData(b.U8)))
	return x < y+uintptr(len(b.U8)) && y < x+uintptr(len(a.U8))
}

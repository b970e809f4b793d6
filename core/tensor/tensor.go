// Package tensor owns storage: the bytes of a shaped array, typed views of
// them, and their way in and out of safetensors files. It computes nothing.
// Start from [Tensor]; files are written by [Write] and read through [Open].
package tensor

import (
	"fmt"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// Align is the alignment of the memory that New returns, in bytes: one cache
// line, and one AVX-512 register.
const Align = 64

// Tensor is a dense row-major array. Data holds Shape.Bytes() bytes, little-endian,
// as every platform that fw builds for has them in memory. Copies of a Tensor share Data.
type Tensor struct {
	Shape shape.Shape
	Data  []byte
}

// New allocates zeros, aligned to Align. The shape must have passed
// [shape.Shape.Check] and must be of a type with elements.
func New(s shape.Shape) Tensor {
	if err := check(s); err != nil {
		panic("tensor: " + err.Error())
	}
	return Tensor{Shape: s, Data: alloc(s.Bytes())}
}

// Of views data as a tensor without copying it. Its first byte must be aligned
// to the element size, and its length must be s.Bytes().
func Of(s shape.Shape, data []byte) (Tensor, error) {
	if err := check(s); err != nil {
		return Tensor{}, fmt.Errorf("tensor: %w", err)
	}
	if len(data) != s.Bytes() {
		return Tensor{}, fmt.Errorf("tensor: %s: expected %d bytes, found %d", s, s.Bytes(), len(data))
	}
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(data))); at%uintptr(s.DType.Size()) != 0 {
		return Tensor{}, fmt.Errorf("tensor: %s: the memory is not aligned to %d bytes", s, s.DType.Size())
	}
	return Tensor{Shape: s, Data: data}, nil
}

// FromF32 copies values, in row-major order, to a new f32 tensor; their count must be the product of dims.
func FromF32(values []float32, dims ...int) Tensor {
	t := New(shape.F32(dims...))
	copyExact(t.F32(), values, t.Shape)
	return t
}

// FromI32 copies values, in row-major order, to a new i32 tensor; their count must be the product of dims.
func FromI32(values []int32, dims ...int) Tensor {
	t := New(shape.Of(dtype.I32, dims...))
	copyExact(t.I32(), values, t.Shape)
	return t
}

func copyExact[T any](dst, src []T, s shape.Shape) {
	if len(dst) != len(src) {
		panic(fmt.Sprintf("tensor: %s holds %d elements, found %d", s, len(dst), len(src)))
	}
	copy(dst, src)
}

// Clone is a copy with its own bytes.
func (t Tensor) Clone() Tensor {
	c := New(t.Shape)
	copy(c.Data, t.Data)
	return c
}

// F32 views the elements of an f32 tensor. Like the other views it panics on
// a tensor of another type.
func (t Tensor) F32() []float32 { return view[float32](t, dtype.F32) }

// I32 views the elements of an i32 tensor.
func (t Tensor) I32() []int32 { return view[int32](t, dtype.I32) }

// U32 views the elements of a u32 tensor.
func (t Tensor) U32() []uint32 { return view[uint32](t, dtype.U32) }

// BF16 views the elements of a bf16 tensor as their bits: the upper half of a float32.
func (t Tensor) BF16() []uint16 { return view[uint16](t, dtype.BF16) }

// U8 views the elements of a u8 tensor.
func (t Tensor) U8() []uint8 { return view[uint8](t, dtype.U8) }

// Bool views the elements of a bool tensor. Data must hold only 0 and 1, which
// every reader of this package makes sure of.
func (t Tensor) Bool() []bool { return view[bool](t, dtype.Bool) }

func view[T any](t Tensor, d dtype.DType) []T {
	var zero T
	switch n, p := t.Shape.Size(), unsafe.Pointer(unsafe.SliceData(t.Data)); {
	case t.Shape.DType != d:
		panic(fmt.Sprintf("tensor: %s viewed as %s", t.Shape, d))
	case len(t.Data) != n*int(unsafe.Sizeof(zero)):
		panic(fmt.Sprintf("tensor: %s has %d bytes", t.Shape, len(t.Data)))
	case uintptr(p)%unsafe.Alignof(zero) != 0:
		panic(fmt.Sprintf("tensor: %s is not aligned", t.Shape))
	default:
		return unsafe.Slice((*T)(p), n)
	}
}

func check(s shape.Shape) error {
	if err := s.Check(); err != nil {
		return err
	}
	if s.DType.Size() == 0 {
		return fmt.Errorf("%s has no elements in memory", s)
	}
	return nil
}

func alloc(n int) []byte {
	b := make([]byte, n+Align)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (Align - 1)
	return b[skip : skip+n : skip+n]
}

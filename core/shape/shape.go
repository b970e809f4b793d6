// Package shape owns static shapes: an element type and dimensions.
// Start from [Shape]. It is linked into plugin guests: no fmt, no reflection.
package shape

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/dtype"
)

// Shape is an element type and dimensions, written "f32[512,128]"; a scalar is "f32[]".
// Its Dims must not be changed once it is shared.
type Shape struct {
	DType dtype.DType
	Dims  []int
}

// Limits on shapes from outside: every decoder and Verify refuse more.
const (
	MaxRank     = 8
	MaxElements = 1 << 34
)

// Of builds a shape.
func Of(d dtype.DType, dims ...int) Shape { return Shape{d, dims} }

// F32 builds a float32 shape.
func F32(dims ...int) Shape { return Shape{dtype.F32, dims} }

// Rank is the number of dimensions.
func (s Shape) Rank() int { return len(s.Dims) }

// Size is the number of elements; 1 for a scalar.
func (s Shape) Size() int {
	n := 1
	for _, d := range s.Dims {
		n *= d
	}
	return n
}

// Bytes is the storage the elements need.
func (s Shape) Bytes() int { return s.Size() * s.DType.Size() }

// Equal reports whether element types and dimensions agree.
func (s Shape) Equal(t Shape) bool { return s.DType == t.DType && SameDims(s.Dims, t.Dims) }

// SameDims reports whether two dimension lists agree.
func SameDims(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Check refuses an unknown element type, a negative or zero dimension, a rank
// above MaxRank, and more than MaxElements elements.
func (s Shape) Check() error {
	if s.DType == dtype.Invalid || int(s.DType) > int(dtype.Rect) {
		return errors.New("shape: unknown element type")
	}
	if len(s.Dims) > MaxRank {
		return errors.New("shape: rank " + strconv.Itoa(len(s.Dims)) + " is above the limit of " + strconv.Itoa(MaxRank))
	}
	n := 1
	for _, d := range s.Dims {
		if d <= 0 {
			return errors.New("shape: " + s.String() + " has a dimension below 1")
		}
		if d > MaxElements/n {
			return errors.New("shape: " + s.String() + " has too many elements")
		}
		n *= d
	}
	return nil
}

// String is the text form, "f32[2,3]".
func (s Shape) String() string { return s.DType.String() + DimsString(s.Dims) }

// DimsString writes dimensions as "[2,3]".
func DimsString(dims []int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range dims {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(d))
	}
	b.WriteByte(']')
	return b.String()
}

// Parse is the inverse of String.
func Parse(s string) (Shape, error) {
	open := strings.IndexByte(s, '[')
	if open < 0 || !strings.HasSuffix(s, "]") {
		return Shape{}, errors.New("shape: expected a form like f32[2,3], found " + strconv.Quote(s))
	}
	d, ok := dtype.Parse(s[:open])
	if !ok {
		return Shape{}, errors.New("shape: unknown element type " + strconv.Quote(s[:open]))
	}
	out := Shape{DType: d}
	if body := s[open+1 : len(s)-1]; body != "" {
		for _, f := range strings.Split(body, ",") {
			n, err := strconv.Atoi(f)
			if err != nil {
				return Shape{}, errors.New("shape: expected a dimension, found " + strconv.Quote(f))
			}
			out.Dims = append(out.Dims, n)
		}
	}
	return out, out.Check()
}

// Strides are the row-major strides of dims, in elements.
func Strides(dims []int) []int {
	st := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		st[i] = n
		n *= dims[i]
	}
	return st
}

// Broadcast is the dimensions of a and b combined by NumPy's rule: aligned at
// the right, where a 1 stretches. ok is false where they disagree.
func Broadcast(a, b []int) (out []int, ok bool) {
	n := max(len(a), len(b))
	out = make([]int, n)
	for i := range out {
		x, y := 1, 1
		if j := i - (n - len(a)); j >= 0 {
			x = a[j]
		}
		if j := i - (n - len(b)); j >= 0 {
			y = b[j]
		}
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, false
		}
	}
	return out, true
}

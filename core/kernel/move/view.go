package move

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// tensor checks an operand's shape.
func tensor(op string, d dtype.DType, dims []int) (shape.Shape, error) {
	s := shape.Of(d, dims...)
	if err := s.Check(); err != nil {
		return s, fmt.Errorf("%s: %w", op, err)
	}
	if d.Size() == 0 {
		return s, fmt.Errorf("%s: expected elements of 1, 2 or 4 bytes, found %v", op, s)
	}
	return s, nil
}

// Transpose permutes dimensions: result dimension i is operand dimension Permutation[i].
type Transpose struct {
	DType       dtype.DType
	Dims        []int
	Permutation []int
}

// NewTranspose plans transpose.
func NewTranspose(s Transpose, workers int) (*Strided, error) {
	x, err := tensor("transpose", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if len(s.Permutation) != len(s.Dims) || !distinct(s.Permutation, len(s.Dims)) {
		return nil, fmt.Errorf("transpose: permutation %v does not fit %v", s.Permutation, x)
	}
	st := shape.Strides(s.Dims)
	dims, src := make([]int, len(st)), make([]int, len(st))
	for i, p := range s.Permutation {
		dims[i], src[i] = s.Dims[p], st[p]
	}
	return newStrided(s.DType, dims, src, shape.Strides(dims), 0, 0, x.Size(), x.Size()), nil
}

func distinct(list []int, rank int) bool {
	seen := make([]bool, rank)
	for _, d := range list {
		if d < 0 || d >= rank || seen[d] {
			return false
		}
		seen[d] = true
	}
	return true
}

// Slice takes elements Start, Start+Stride ... below Limit in each dimension.
type Slice struct {
	DType                dtype.DType
	Dims                 []int
	Start, Limit, Stride []int
}

// NewSlice plans slice.
func NewSlice(s Slice, workers int) (*Strided, error) {
	x, err := tensor("slice", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if len(s.Start) != len(s.Dims) || len(s.Limit) != len(s.Dims) || len(s.Stride) != len(s.Dims) {
		return nil, fmt.Errorf("slice: expected start, limit and stride for each dimension of %v", x)
	}
	st := shape.Strides(s.Dims)
	dims, src, at, size := make([]int, len(st)), make([]int, len(st)), 0, 1
	for i, n := range s.Dims {
		if s.Start[i] < 0 || s.Limit[i] > n || s.Start[i] >= s.Limit[i] || s.Stride[i] < 1 {
			return nil, fmt.Errorf("slice: %d:%d:%d does not fit dimension %d of %v", s.Start[i], s.Limit[i], s.Stride[i], i, x)
		}
		dims[i] = ceil(s.Limit[i]-s.Start[i], s.Stride[i])
		src[i] = st[i] * s.Stride[i]
		at += st[i] * s.Start[i]
		size *= dims[i]
	}
	return newStrided(s.DType, dims, src, shape.Strides(dims), at, 0, x.Size(), size), nil
}

// Reverse turns the order along Axes round.
type Reverse struct {
	DType dtype.DType
	Dims  []int
	Axes  []int
}

// NewReverse plans reverse.
func NewReverse(s Reverse, workers int) (*Strided, error) {
	x, err := tensor("reverse", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if !distinct(s.Axes, len(s.Dims)) {
		return nil, fmt.Errorf("reverse: axes %v must be distinct dimensions of %v", s.Axes, x)
	}
	src, at := shape.Strides(s.Dims), 0
	for _, a := range s.Axes {
		at += src[a] * (s.Dims[a] - 1)
		src[a] = -src[a]
	}
	return newStrided(s.DType, s.Dims, src, shape.Strides(s.Dims), at, 0, x.Size(), x.Size()), nil
}

// Broadcast is broadcast_in_dim: operand dimension i becomes result dimension
// Axes[i] of To; size 1 stretches.
type Broadcast struct {
	DType    dtype.DType
	Dims, To []int
	Axes     []int
}

// NewBroadcast plans broadcast_in_dim.
func NewBroadcast(s Broadcast, workers int) (*Strided, error) {
	x, err := tensor("broadcast_in_dim", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	to, err := tensor("broadcast_in_dim", s.DType, s.To)
	if err != nil {
		return nil, err
	}
	if len(s.Axes) != len(s.Dims) || !distinct(s.Axes, len(s.To)) {
		return nil, fmt.Errorf("broadcast_in_dim: axes %v do not map %v into %v", s.Axes, x, to)
	}
	src, st := make([]int, len(s.To)), shape.Strides(s.Dims)
	for i, a := range s.Axes {
		switch s.Dims[i] {
		case s.To[a]:
			src[a] = st[i]
		case 1:
		default:
			return nil, fmt.Errorf("broadcast_in_dim: dimension %d of %v does not stretch to dimension %d of %v", i, x, a, to)
		}
	}
	return newStrided(s.DType, s.To, src, shape.Strides(s.To), 0, 0, x.Size(), to.Size()), nil
}

// NewCopy plans a copy of n elements; also reshape, where it cannot be a view.
func NewCopy(d dtype.DType, n, workers int) (*Strided, error) {
	if _, err := tensor("copy", d, []int{n}); err != nil {
		return nil, err
	}
	return newStrided(d, []int{n}, []int{1}, []int{1}, 0, 0, n, n), nil
}

package fuse

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
)

// access is how the elements of an input reach the instructions.
type access uint8

const (
	direct   access = iota // instructions read the buffer itself
	constant               // one block, loaded once for each chunk or row: scalars, short periods
	loaded                 // copied or widened into a register for each block
)

// layout is an input's walk over the output's elements, with neighbouring
// dimensions joined where one stride serves both.
type layout struct {
	dims, strides []int
	size          int // elements of the buffer that the walk reaches
}

func layoutOf(dims, strides []int) layout {
	l := layout{size: 1}
	for i, n := range dims {
		if n == 1 {
			continue
		}
		l.size += (n - 1) * strides[i]
		if k := len(l.dims) - 1; k >= 0 && l.strides[k] == strides[i]*n {
			l.dims[k] *= n
			l.strides[k] = strides[i]
			continue
		}
		l.dims = append(l.dims, n)
		l.strides = append(l.strides, strides[i])
	}
	return l
}

// period is the number of elements after which the input starts again: 1 for a
// scalar, C for one value per channel, 0 where the walk is no such thing or is
// simply dense.
func (l layout) period() int {
	switch {
	case len(l.dims) == 0 || len(l.dims) == 1 && l.strides[0] == 0:
		return 1
	case len(l.dims) == 2 && l.strides[0] == 0 && l.strides[1] == 1:
		return l.dims[1]
	}
	return 0
}

func (l layout) dense() bool { return len(l.dims) == 1 && l.strides[0] == 1 }

// load widens elements off, off+1, ... of the walk into d.
func (l layout) load(d []float32, src buf.Buf, t dtype.DType, off int) {
	r := len(l.dims) - 1
	if r < 0 {
		fill(d, src, t, 0)
		return
	}
	for len(d) > 0 {
		// The position of the next run along the innermost dimension.
		j, rest := off%l.dims[r], off/l.dims[r]
		at := j * l.strides[r]
		for i := r - 1; i >= 0; i-- {
			at += rest % l.dims[i] * l.strides[i]
			rest /= l.dims[i]
		}
		n := min(len(d), l.dims[r]-j)
		switch s := l.strides[r]; s {
		case 0:
			fill(d[:n], src, t, at)
		case 1:
			widen(d[:n], src, t, at)
		default:
			stride(d[:n], src, t, at, s)
		}
		d, off = d[n:], off+n
	}
}

func widen(d []float32, src buf.Buf, t dtype.DType, at int) {
	switch t {
	case dtype.Bool:
		vec.MaskFromBool(words(d), src.U8[at:at+len(d)])
	case dtype.U8:
		vec.U32FromU8(words(d), src.U8[at:at+len(d)])
	case dtype.BF16:
		bf16.Widen(d, src.BF16[at:at+len(d)])
	default:
		copy(d, src.F32[at:at+len(d)])
	}
}

func fill(d []float32, src buf.Buf, t dtype.DType, at int) {
	v := lane(src, t, at)
	w := words(d)
	for i := range min(len(w), 16) {
		w[i] = v
	}
	for i := 16; i < len(w); i *= 2 {
		copy(w[i:], w[:i])
	}
}

func stride(d []float32, src buf.Buf, t dtype.DType, at, s int) {
	w := words(d)
	if t.Size() == 4 {
		x := src.U32[at:]
		for i := range w {
			w[i] = x[i*s]
		}
		return
	}
	for i := range w {
		w[i] = lane(src, t, at+i*s)
	}
}

// lane is element at as it stands in a register.
func lane(src buf.Buf, t dtype.DType, at int) uint32 {
	switch t {
	case dtype.Bool:
		return -uint32(min(src.U8[at], 1))
	case dtype.U8:
		return uint32(src.U8[at])
	case dtype.BF16:
		return dtype.F32FromBF16(src.BF16[at])
	}
	return src.U32[at]
}

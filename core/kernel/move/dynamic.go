package move

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// DynamicSlice is the block of Sizes at a start known only when it runs; the
// block is moved inside where it would stick out.
type DynamicSlice struct {
	DType       dtype.DType
	Dims, Sizes []int
}

// window is a block of sizes inside dims.
type window struct {
	dims, sizes, strides []int
	start                []int32
}

func newWindow(op string, d dtype.DType, dims, sizes []int) (window, int, error) {
	x, err := tensor(op, d, dims)
	if err != nil {
		return window{}, 0, err
	}
	y, err := tensor(op, d, sizes)
	if err != nil {
		return window{}, 0, err
	}
	if len(sizes) != len(dims) {
		return window{}, 0, fmt.Errorf("%s: %v does not fit into %v", op, y, x)
	}
	for i, n := range sizes {
		if n > dims[i] {
			return window{}, 0, fmt.Errorf("%s: %v does not fit into %v", op, y, x)
		}
	}
	return window{dims: dims, sizes: sizes, strides: shape.Strides(dims)}, y.Size(), nil
}

// at is the offset of the block's first element.
func (w *window) at() int {
	at := 0
	for i, s := range w.start {
		at += max(0, min(int(s), w.dims[i]-w.sizes[i])) * w.strides[i]
	}
	return at
}

func (w *window) bind(op string, start buf.Buf) {
	if len(start.I32) < len(w.dims) {
		panic(fmt.Sprintf("move: %s: Bind: the start has %d elements, expected %d", op, len(start.I32), len(w.dims)))
	}
	w.start = start.I32[:len(w.dims)]
}

// DynamicSliceKernel is a planned dynamic_slice.
type DynamicSliceKernel struct {
	window
	copy *Strided
}

// NewDynamicSlice plans dynamic_slice.
func NewDynamicSlice(s DynamicSlice, workers int) (*DynamicSliceKernel, error) {
	w, n, err := newWindow("dynamic_slice", s.DType, s.Dims, s.Sizes)
	if err != nil {
		return nil, err
	}
	return &DynamicSliceKernel{w, newStrided(s.DType, s.Sizes, w.strides, shape.Strides(s.Sizes), 0, 0, shape.F32(s.Dims...).Size(), n)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *DynamicSliceKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the operand and the start, i32[rank].
func (k *DynamicSliceKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != 2 {
		panic(fmt.Sprintf("move: dynamic_slice: Bind: expected 2 inputs, found %d", len(in)))
	}
	k.copy.Bind(nil, out, in[:1])
	k.bind("dynamic_slice", in[1])
}

// Run computes the output.
func (k *DynamicSliceKernel) Run(p *pool.Pool) {
	k.copy.srcAt = k.at()
	k.copy.Run(p)
}

// DynamicUpdateSliceKernel is a planned dynamic_update_slice.
type DynamicUpdateSliceKernel struct {
	window
	base, update *Strided
	inPlace      bool
}

// NewDynamicUpdateSlice plans dynamic_update_slice: the operand of s.Dims with
// the block at the start replaced by the update of s.Sizes.
func NewDynamicUpdateSlice(s DynamicSlice, workers int) (*DynamicUpdateSliceKernel, error) {
	w, n, err := newWindow("dynamic_update_slice", s.DType, s.Dims, s.Sizes)
	if err != nil {
		return nil, err
	}
	size := shape.F32(s.Dims...).Size()
	base, err := NewCopy(s.DType, size, workers)
	if err != nil {
		return nil, err
	}
	return &DynamicUpdateSliceKernel{window: w, base: base, update: newStrided(s.DType, s.Sizes, shape.Strides(s.Sizes), w.strides, 0, 0, n, size)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *DynamicUpdateSliceKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the operand, the update and
// the start, i32[rank]. The output may be the operand.
func (k *DynamicUpdateSliceKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != 3 {
		panic(fmt.Sprintf("move: dynamic_update_slice: Bind: expected 3 inputs, found %d", len(in)))
	}
	k.base.Bind(nil, out, in[:1])
	k.update.Bind(nil, out, in[1:2])
	k.bind("dynamic_update_slice", in[2])
	k.inPlace = buf.Same(out[0], in[0])
}

// Run computes the output.
func (k *DynamicUpdateSliceKernel) Run(p *pool.Pool) {
	if !k.inPlace {
		k.base.Run(p)
	}
	k.update.dstAt = k.at()
	k.update.Run(p)
}

// Iota fills a tensor of i32, u32 or f32 with 0, 1, 2 ... along Axis.
type Iota struct {
	DType dtype.DType
	Dims  []int
	Axis  int
}

// IotaKernel is a planned iota.
type IotaKernel struct {
	dtype          dtype.DType
	size, n, inner int
	chunks         int
	out            buf.Buf
}

// NewIota plans iota.
func NewIota(s Iota, workers int) (*IotaKernel, error) {
	x, err := tensor("iota", s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if s.DType.Size() != 4 || s.Axis < 0 || s.Axis >= len(s.Dims) {
		return nil, fmt.Errorf("iota: axis %d does not fit %v", s.Axis, x)
	}
	return &IotaKernel{dtype: s.DType, size: x.Size(), n: s.Dims[s.Axis], inner: shape.Strides(s.Dims)[s.Axis], chunks: ceil(x.Size(), chunkElements)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *IotaKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output.
func (k *IotaKernel) Bind(scratch []float32, out, in []buf.Buf) {
	checkBind("iota", k.dtype, out, in, []int{k.size}, nil)
	k.out = out[0]
}

// Run computes the output.
func (k *IotaKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *IotaKernel) Chunk(i, worker int) {
	for e := i * chunkElements; e < min((i+1)*chunkElements, k.size); e++ {
		v := e / k.inner % k.n
		if k.dtype == dtype.F32 {
			k.out.F32[e] = float32(v)
		} else {
			k.out.I32[e] = int32(v)
		}
	}
}

package move

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Sort orders f32, i32 or u32 along Axis, equal elements in the order they came
// in; NaN counts as larger than everything.
type Sort struct {
	DType      dtype.DType
	Dims       []int
	Axis       int
	Descending bool
}

// ranking is a tensor seen as [outer, n, inner] whose lines along n are ranked
// by one 64-bit word per element: the key above, the index below.
type ranking struct {
	dtype           dtype.DType
	outer, n, inner int
	keep            int // elements kept of each line
	flip            uint32
	words           int // scratch words of each worker
	group, chunks   int
	workers         int
	scratch         []uint64
	src, values     []uint32
	indices         []int32
}

func newRanking(op string, s Sort, keep, words, workers int) (*ranking, error) {
	x, err := tensor(op, s.DType, s.Dims)
	if err != nil {
		return nil, err
	}
	if s.DType != dtype.F32 && s.DType != dtype.I32 && s.DType != dtype.U32 {
		return nil, fmt.Errorf("%s: expected f32, i32 or u32, found %v", op, x)
	}
	n, inner := s.Dims[s.Axis], shape.Strides(s.Dims)[s.Axis]
	if n > 1<<31-1 {
		return nil, fmt.Errorf("%s: dimension %d of %v is too long for i32 indices", op, s.Axis, x)
	}
	r := &ranking{dtype: s.DType, n: n, inner: inner, outer: x.Size() / n / inner, keep: keep, words: words, workers: workers}
	if s.Descending {
		r.flip = ^uint32(0)
	}
	lines := r.outer * inner
	r.group = max(1, min(lines, 4096/n))
	r.chunks = ceil(lines, r.group)
	return r, nil
}

// Scratch is how many float32s Bind needs.
func (r *ranking) Scratch() int { return 2 * r.words * r.workers }

func (r *ranking) bind(op string, scratch []float32, out, in []buf.Buf) {
	kept := r.outer * r.keep * r.inner
	checkBind(op, r.dtype, out, in, []int{kept, kept}, []int{r.outer * r.n * r.inner})
	if len(scratch) < r.Scratch() {
		panic(fmt.Sprintf("move: %s: Bind: expected %d floats of scratch, found %d", op, r.Scratch(), len(scratch)))
	}
	r.scratch = unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(scratch))), r.words*r.workers)
	r.src, r.values, r.indices = in[0].U32, out[0].U32, out[1].I32
}

// key orders element values as unsigned words; +0 and -0 are equal, and so are all NaNs.
func (r *ranking) key(v uint32) uint32 {
	switch r.dtype {
	case dtype.I32:
		v ^= 1 << 31
	case dtype.F32:
		switch {
		case v&^(1<<31) > 0x7f800000:
			v = ^uint32(0)
		case v == 1<<31 || v == 0:
			v = 1 << 31
		case v>>31 != 0:
			v = ^v
		default:
			v |= 1 << 31
		}
	}
	return v ^ r.flip
}

// word ranks element i of the line that starts at base.
func (r *ranking) word(base, i int) uint64 {
	return uint64(r.key(r.src[base+i*r.inner]))<<32 | uint64(i)
}

// line is the offsets of a line in the operand and in the results.
func (r *ranking) line(i int) (in, out int) {
	o, j := i/r.inner, i%r.inner
	return o*r.n*r.inner + j, o*r.keep*r.inner + j
}

// write stores the ranked elements.
func (r *ranking) write(ranked []uint64, in, out int) {
	for k, w := range ranked {
		i := int(uint32(w))
		r.values[out+k*r.inner] = r.src[in+i*r.inner]
		r.indices[out+k*r.inner] = int32(i)
	}
}

// SortKernel is a planned sort.
type SortKernel struct{ *ranking }

// NewSort plans sort.
func NewSort(s Sort, workers int) (*SortKernel, error) {
	if s.Axis < 0 || s.Axis >= len(s.Dims) {
		return nil, fmt.Errorf("sort: axis %d is outside %v", s.Axis, shape.Of(s.DType, s.Dims...))
	}
	r, err := newRanking("sort", s, s.Dims[s.Axis], s.Dims[s.Axis], workers)
	return &SortKernel{r}, err
}

// Bind gives the kernel its memory: the values and their i32 indices; the operand.
func (k *SortKernel) Bind(scratch []float32, out, in []buf.Buf) { k.bind("sort", scratch, out, in) }

// Run computes the outputs.
func (k *SortKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *SortKernel) Chunk(c, worker int) {
	words := k.scratch[worker*k.words : (worker+1)*k.words]
	for l := c * k.group; l < min((c+1)*k.group, k.outer*k.inner); l++ {
		in, out := k.line(l)
		for i := range words {
			words[i] = k.word(in, i)
		}
		slices.Sort(words)
		k.write(words, in, out)
	}
}

// TopK takes the K largest elements along the last dimension, in descending
// order, the first of equals before the others (CHLO).
type TopK struct {
	DType dtype.DType
	Dims  []int
	K     int
}

// TopKKernel is a planned top_k.
type TopKKernel struct{ *ranking }

// NewTopK plans top_k.
func NewTopK(s TopK, workers int) (*TopKKernel, error) {
	rank := len(s.Dims)
	if rank == 0 || s.K < 1 || s.K > s.Dims[rank-1] {
		return nil, fmt.Errorf("top_k: k = %d does not fit %v", s.K, shape.Of(s.DType, s.Dims...))
	}
	r, err := newRanking("top_k", Sort{s.DType, s.Dims, rank - 1, true}, s.K, s.K, workers)
	return &TopKKernel{r}, err
}

// Bind gives the kernel its memory: the values and their i32 indices; the operand.
func (k *TopKKernel) Bind(scratch []float32, out, in []buf.Buf) { k.bind("top_k", scratch, out, in) }

// Run computes the outputs.
func (k *TopKKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task: a heap keeps the best K words, the worst of them on top.
func (k *TopKKernel) Chunk(c, worker int) {
	heap := k.scratch[worker*k.words : (worker+1)*k.words]
	for l := c * k.group; l < min((c+1)*k.group, k.outer*k.inner); l++ {
		in, out := k.line(l)
		for i := range heap {
			heap[i] = k.word(in, i)
		}
		for i := len(heap)/2 - 1; i >= 0; i-- {
			sink(heap, i)
		}
		for i := len(heap); i < k.n; i++ {
			if w := k.word(in, i); w < heap[0] {
				heap[0] = w
				sink(heap, 0)
			}
		}
		slices.Sort(heap)
		k.write(heap, in, out)
	}
}

// sink moves element i down a heap whose largest is on top.
func sink(heap []uint64, i int) {
	for {
		c := 2*i + 1
		if c >= len(heap) {
			return
		}
		if c+1 < len(heap) && heap[c+1] > heap[c] {
			c++
		}
		if heap[i] >= heap[c] {
			return
		}
		heap[i], heap[c] = heap[c], heap[i]
		i = c
	}
}

package move

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// Gather takes slices of the operand along Axis at i32 indices, the first
// BatchDims dimensions of both going together (TensorFlow's gather):
//
//	out = operand[:Axis] + indices[BatchDims:] + operand[Axis+1:]
//
// Indices are clamped into range.
type Gather struct {
	DType           dtype.DType
	Dims, Indices   []int // dimensions of the operand and of the indices
	Axis, BatchDims int
}

// picks is a gather's operand seen as [batch, middle, n, inner], its indices
// as [batch, m] and its result as [batch, middle, m, inner].
type picks struct {
	dtype                      dtype.DType
	batch, middle, n, m, inner int
	indices                    []int32
}

func newPicks(op string, s Gather) (picks, error) {
	x, err := tensor(op, s.DType, s.Dims)
	if err != nil {
		return picks{}, err
	}
	idx, err := tensor(op, dtype.I32, s.Indices)
	if err != nil {
		return picks{}, err
	}
	if s.Axis < 0 || s.Axis >= len(s.Dims) || s.BatchDims < 0 || s.BatchDims > s.Axis || s.BatchDims > len(s.Indices) ||
		!shape.SameDims(s.Dims[:s.BatchDims], s.Indices[:s.BatchDims]) {
		return picks{}, fmt.Errorf("%s: axis %d with %d batch dimensions does not fit %v and indices %v", op, s.Axis, s.BatchDims, x, idx)
	}
	p := picks{dtype: s.DType, n: s.Dims[s.Axis]}
	p.batch = shape.F32(s.Dims[:s.BatchDims]...).Size()
	p.middle = shape.F32(s.Dims[s.BatchDims:s.Axis]...).Size()
	p.m = shape.F32(s.Indices[s.BatchDims:]...).Size()
	p.inner = shape.F32(s.Dims[s.Axis+1:]...).Size()
	if p.batch*p.middle*p.m > shape.MaxElements/p.inner {
		return picks{}, fmt.Errorf("%s: the result of %v at %v has too many elements", op, x, idx)
	}
	return p, nil
}

func (p *picks) size() int    { return p.batch * p.middle * p.n * p.inner }
func (p *picks) outSize() int { return p.batch * p.middle * p.m * p.inner }

func (p *picks) bind(op string, indices buf.Buf) {
	if len(indices.I32) < p.batch*p.m {
		panic(fmt.Sprintf("move: %s: Bind: found %d indices, expected %d", op, len(indices.I32), p.batch*p.m))
	}
	p.indices = indices.I32[:p.batch*p.m]
}

func (p *picks) clamp(i int32) int { return max(0, min(int(i), p.n-1)) }

// GatherKernel is a planned gather.
type GatherKernel struct {
	picks
	group, chunks int
	dst, src      buf.Buf
}

// NewGather plans gather.
func NewGather(s Gather, workers int) (*GatherKernel, error) {
	p, err := newPicks("gather", s)
	if err != nil {
		return nil, err
	}
	rows := p.batch * p.middle * p.m
	group := max(1, min(rows, chunkElements/p.inner))
	return &GatherKernel{picks: p, group: group, chunks: ceil(rows, group)}, nil
}

// Scratch is how many float32s Bind needs.
func (k *GatherKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the operand and the indices.
func (k *GatherKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != 2 {
		panic(fmt.Sprintf("move: gather: Bind: expected 2 inputs, found %d", len(in)))
	}
	checkBind("gather", k.dtype, out, in[:1], []int{k.outSize()}, []int{k.size()})
	k.dst, k.src = out[0], in[0]
	k.bind("gather", in[1])
}

// Run computes the output.
func (k *GatherKernel) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *GatherKernel) Chunk(i, worker int) {
	lo, hi := i*k.group, min((i+1)*k.group, k.batch*k.middle*k.m)
	switch k.dtype.Size() {
	case 1:
		gatherRows(&k.picks, k.dst.U8, k.src.U8, lo, hi)
	case 2:
		gatherRows(&k.picks, k.dst.BF16, k.src.BF16, lo, hi)
	default:
		gatherRows(&k.picks, k.dst.U32, k.src.U32, lo, hi)
	}
}

func gatherRows[T element](p *picks, dst, src []T, lo, hi int) {
	j, outer := lo%p.m, lo/p.m
	for r := lo; r < hi; r++ {
		from := outer*p.n + p.clamp(p.indices[outer/p.middle*p.m+j])
		if p.inner == 1 {
			dst[r] = src[from]
		} else {
			copy(dst[r*p.inner:(r+1)*p.inner], src[from*p.inner:])
		}
		if j++; j == p.m {
			j, outer = 0, outer+1
		}
	}
}

// Scatter combines updates of the shape of a gather's result into a copy of the
// operand at the gather's indices, in the order of the indices: it adds them
// (f32, i32, u32), or sets them if Set holds.
type Scatter struct {
	Gather
	Set bool
}

// ScatterKernel is a planned scatter.
type ScatterKernel struct {
	picks
	set             bool
	columns, blocks int // inner is cut into blocks of so many columns
	chunks          int
	base            *Strided
	inPlace         bool
	dst, updates    buf.Buf
}

// NewScatter plans scatter.
func NewScatter(s Scatter, workers int) (*ScatterKernel, error) {
	p, err := newPicks("scatter", s.Gather)
	if err != nil {
		return nil, err
	}
	if !s.Set && s.DType.Size() != 4 {
		return nil, fmt.Errorf("scatter: cannot add %v", shape.Of(s.DType, s.Dims...))
	}
	base, err := NewCopy(s.DType, p.size(), workers)
	if err != nil {
		return nil, err
	}
	k := &ScatterKernel{picks: p, set: s.Set, base: base}
	// Columns are independent of each other; few slices are cut into more pieces.
	k.columns = p.inner
	if p.batch*p.middle < 8 && p.m*p.inner > chunkElements {
		k.columns = min(p.inner, max(64, ceil(ceil(p.inner, 8), 16)*16))
	}
	k.blocks = ceil(p.inner, k.columns)
	k.chunks = p.batch * p.middle * k.blocks
	return k, nil
}

// Scratch is how many float32s Bind needs.
func (k *ScatterKernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output; the operand, the indices and
// the updates. The output may be the operand.
func (k *ScatterKernel) Bind(scratch []float32, out, in []buf.Buf) {
	if len(in) != 3 {
		panic(fmt.Sprintf("move: scatter: Bind: expected 3 inputs, found %d", len(in)))
	}
	k.base.Bind(nil, out, in[:1])
	checkBind("scatter", k.dtype, out, in[2:], []int{k.size()}, []int{k.outSize()})
	k.bind("scatter", in[1])
	k.dst, k.updates, k.inPlace = out[0], in[2], buf.Same(out[0], in[0])
}

// Run computes the output.
func (k *ScatterKernel) Run(p *pool.Pool) {
	if !k.inPlace {
		k.base.Run(p)
	}
	p.Run(k.chunks, k)
}

// Chunk implements pool.Task.
func (k *ScatterKernel) Chunk(i, worker int) {
	outer, lo := i/k.blocks, i%k.blocks*k.columns
	n := min(k.columns, k.inner-lo)
	bytes := k.dtype.Size()
	for j, index := range k.indices[outer/k.middle*k.m:][:k.m] {
		to := (outer*k.n+k.clamp(index))*k.inner + lo
		from := (outer*k.m+j)*k.inner + lo
		switch {
		case k.set:
			copy(k.dst.U8[to*bytes:(to+n)*bytes], k.updates.U8[from*bytes:])
		case k.dtype == dtype.F32 && n == 1:
			k.dst.F32[to] += k.updates.F32[from]
		case k.dtype == dtype.F32:
			d := k.dst.F32[to : to+n]
			vec.Add(d, d, k.updates.F32[from:])
		default:
			d := k.dst.U32[to : to+n]
			for c, v := range k.updates.U32[from : from+n] {
				d[c] += v
			}
		}
	}
}

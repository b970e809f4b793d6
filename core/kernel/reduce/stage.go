package reduce

import (
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
)

// stage reduces src[outer, n, inner] to dst[outer, parts, inner], where each
// part combines partLen elements of n.
type stage struct {
	dtype           dtype.DType
	kind            Kind
	outer, n, inner int
	parts, partLen  int
	columns, blocks int // inner is cut into blocks of so many columns
	group           int // (outer, part, block) triples of one chunk
	chunks          int
	at              int // where dst lies in scratch
	src, dst        buf.Buf
}

const (
	chunkElements = 16 << 10
	maxPart       = 512  // rows of a column sum that are added one after another
	maxColumns    = 4096 // columns whose sums stay in the L1 cache
)

func newStage(s Spec, outer, n, inner int) stage {
	st := stage{dtype: s.DType, kind: s.Kind, outer: outer, n: n, inner: inner}
	st.columns = min(inner, maxColumns)
	st.blocks = ceil(inner, st.columns)
	st.partLen = chunkElements
	if inner > 1 {
		st.partLen = max(8, min(maxPart, chunkElements/st.columns))
	}
	st.partLen = min(n, st.partLen)
	st.parts = ceil(n, st.partLen)
	work := st.outer * st.parts * st.blocks
	st.group = max(1, min(work, chunkElements/(st.partLen*st.columns)))
	st.chunks = ceil(work, st.group)
	return st
}

// Chunk implements pool.Task.
func (st *stage) Chunk(i, worker int) {
	work := st.outer * st.parts * st.blocks
	for w := i * st.group; w < min((i+1)*st.group, work); w++ {
		block, part, outer := w%st.blocks, w/st.blocks%st.parts, w/st.blocks/st.parts
		lo := block * st.columns
		cols := min(st.columns, st.inner-lo)
		first := part * st.partLen
		rows := min(st.partLen, st.n-first)
		src := (outer*st.n+first)*st.inner + lo
		dst := (outer*st.parts+part)*st.inner + lo
		switch st.dtype {
		case dtype.F32:
			floats(st.kind, st.dst.F32[dst:dst+cols], st.src.F32[src:], rows, st.inner)
		case dtype.I32:
			integers(st.kind, st.dst.I32[dst:dst+cols], st.src.I32[src:], rows, st.inner)
		case dtype.U32:
			integers(st.kind, st.dst.U32[dst:dst+cols], st.src.U32[src:], rows, st.inner)
		case dtype.Bool:
			integers(st.kind, st.dst.U8[dst:dst+cols], st.src.U8[src:], rows, st.inner)
		}
	}
}

// floats: acc[j] = x[j] combined with x[stride+j], x[2*stride+j] ... of rows rows.
func floats(kind Kind, acc, x []float32, rows, stride int) {
	c := len(acc)
	if stride == 1 {
		x = x[:rows]
		switch kind {
		case Add:
			acc[0] = vec.Sum(x)
		case Maximum:
			acc[0] = vec.MaxOf(x)
		case Minimum:
			acc[0] = vec.MinOf(x)
		case Multiply:
			p := float32(1)
			for _, v := range x {
				p *= v
			}
			acc[0] = p
		}
		return
	}
	if kind == Add && c == stride {
		clear(acc)
		vec.ColSum(acc, x[:rows*c], rows)
		return
	}
	copy(acc, x[:c])
	for r := 1; r < rows; r++ {
		row := x[r*stride : r*stride+c]
		switch kind {
		case Add:
			vec.Add(acc, acc, row)
		case Multiply:
			vec.Mul(acc, acc, row)
		case Maximum:
			vec.Max(acc, acc, row)
		case Minimum:
			vec.Min(acc, acc, row)
		}
	}
}

// integers is floats for other element types.
func integers[T int32 | uint32 | uint8](kind Kind, acc, x []T, rows, stride int) {
	c := len(acc)
	copy(acc, x[:c])
	for r := 1; r < rows; r++ {
		row := x[r*stride : r*stride+c]
		switch kind {
		case Add:
			for j, v := range row {
				acc[j] += v
			}
		case Multiply:
			for j, v := range row {
				acc[j] *= v
			}
		case Maximum, Or:
			for j, v := range row {
				acc[j] = max(acc[j], v)
			}
		case Minimum, And:
			for j, v := range row {
				acc[j] = min(acc[j], v)
			}
		}
	}
}

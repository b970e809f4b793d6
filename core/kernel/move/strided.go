// Package move owns the kernels that rearrange elements without computing with
// them: transpose, slice, pad, concatenate, gather, scatter, sort and their
// relatives. All take elements of 1, 2 and 4 bytes alike unless said
// otherwise; outputs must not overlap inputs unless said otherwise. Start from
// [NewTranspose].
package move

import (
	"fmt"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

const chunkElements = 16 << 10

// axis is one dimension of a strided copy, with its strides in elements.
type axis struct{ n, src, dst int }

// Strided copies src[srcAt + i*src strides] to dst[dstAt + i*dst strides] for
// every index i. It is what transpose, slice, reverse and broadcast come to.
type Strided struct {
	dtype        dtype.DType
	size         int // elements copied
	outer        []axis
	inner        axis // innermost in dst
	across       axis // for a transposition: the dimension innermost in src
	srcAt, dstAt int
	segment      int // inner elements of one unit
	segments     int
	tile         int // across elements of one unit
	tiles        int
	group        int // units of one chunk
	chunks       int

	outSize, inSize int
	src, dst        buf.Buf
}

const tileRows = 32

// newStrided plans a copy over dims; strides have one entry for each of them.
func newStrided(d dtype.DType, dims, src, dst []int, srcAt, dstAt, inSize, outSize int) *Strided {
	k := &Strided{dtype: d, size: 1, srcAt: srcAt, dstAt: dstAt, inSize: inSize, outSize: outSize, across: axis{n: 1}}
	var axes []axis
	for i, n := range dims {
		k.size *= n
		if n == 1 {
			continue
		}
		a := axis{n, src[i], dst[i]}
		if last := len(axes) - 1; last >= 0 && axes[last].src == a.src*n && axes[last].dst == a.dst*n {
			axes[last] = axis{axes[last].n * n, a.src, a.dst}
			continue
		}
		axes = append(axes, a)
	}
	k.inner = axis{1, 1, 1}
	if n := len(axes); n > 0 {
		k.inner, axes = axes[n-1], axes[:n-1]
	}
	if k.inner.dst == 1 && k.inner.src > 1 && k.inner.n >= 4 && d.Size() == 4 {
		for i, a := range axes {
			if a.src == 1 && a.dst >= k.inner.n && k.inner.src >= a.n && a.n >= 4 {
				k.across = a
				axes = append(append([]axis{}, axes[:i]...), axes[i+1:]...)
				break
			}
		}
	}
	k.outer = axes
	k.segment, k.tile = min(k.inner.n, chunkElements), 1
	if k.across.n > 1 {
		k.segment, k.tile = min(k.inner.n, 512), min(k.across.n, tileRows)
	}
	k.segments, k.tiles = ceil(k.inner.n, k.segment), ceil(k.across.n, k.tile)
	units := k.units()
	k.group = max(1, min(units, chunkElements/(k.segment*k.tile)))
	k.chunks = ceil(units, k.group)
	return k
}

func ceil(a, b int) int { return (a + b - 1) / b }

func (k *Strided) units() int {
	n := k.segments * k.tiles
	for _, a := range k.outer {
		n *= a.n
	}
	return n
}

// Scratch is how many float32s Bind needs.
func (k *Strided) Scratch() int { return 0 }

// Bind gives the kernel its memory: one output and one input.
func (k *Strided) Bind(scratch []float32, out, in []buf.Buf) {
	checkBind("copy", k.dtype, out, in, []int{k.outSize}, []int{k.inSize})
	k.dst, k.src = out[0], in[0]
}

func checkBind(name string, d dtype.DType, out, in []buf.Buf, outSizes, inSizes []int) {
	if len(out) != len(outSizes) || len(in) != len(inSizes) {
		panic(fmt.Sprintf("move: %s: Bind: expected %d outputs and %d inputs, found %d and %d", name, len(outSizes), len(inSizes), len(out), len(in)))
	}
	for i, n := range outSizes {
		if out[i].Len(d) < n {
			panic(fmt.Sprintf("move: %s: Bind: output %d has %d elements, expected %d", name, i, out[i].Len(d), n))
		}
	}
	for i, n := range inSizes {
		if in[i].Len(d) < n {
			panic(fmt.Sprintf("move: %s: Bind: input %d has %d elements, expected %d", name, i, in[i].Len(d), n))
		}
	}
}

// Run copies.
func (k *Strided) Run(p *pool.Pool) { p.Run(k.chunks, k) }

// Chunk implements pool.Task.
func (k *Strided) Chunk(i, worker int) {
	lo, hi := i*k.group, min((i+1)*k.group, k.units())
	switch k.dtype.Size() {
	case 1:
		stridedUnits(k, k.dst.U8, k.src.U8, lo, hi, nil)
	case 2:
		stridedUnits(k, k.dst.BF16, k.src.BF16, lo, hi, nil)
	default:
		stridedUnits(k, k.dst.U32, k.src.U32, lo, hi, vec.Transpose)
	}
}

// element is what the copies move.
type element interface{ uint8 | uint16 | uint32 }

type transposer[T any] func(dst []T, dstStride int, src []T, srcStride, rows, cols int)

func stridedUnits[T element](k *Strided, dst, src []T, lo, hi int, transpose transposer[T]) {
	var index [shape.MaxRank]int
	seg, rest := lo%k.segments, lo/k.segments
	til, rest := rest%k.tiles, rest/k.tiles
	s, d := k.srcAt, k.dstAt
	for i := len(k.outer) - 1; i >= 0; i-- {
		a := k.outer[i]
		index[i] = rest % a.n
		rest /= a.n
		s += index[i] * a.src
		d += index[i] * a.dst
	}
	for range hi - lo {
		j, t := seg*k.segment, til*k.tile
		n := min(k.segment, k.inner.n-j)
		sAt, dAt := s+j*k.inner.src+t*k.across.src, d+j*k.inner.dst+t*k.across.dst
		if k.across.n > 1 {
			transpose(dst[dAt:], k.across.dst, src[sAt:], k.inner.src, min(k.tile, k.across.n-t), n)
		} else {
			line(dst, src, dAt, sAt, n, k.inner.dst, k.inner.src)
		}
		if seg++; seg < k.segments {
			continue
		}
		seg = 0
		if til++; til < k.tiles {
			continue
		}
		til = 0
		for i := len(k.outer) - 1; i >= 0; i-- {
			a := k.outer[i]
			s, d = s+a.src, d+a.dst
			if index[i]++; index[i] < a.n {
				break
			}
			index[i] = 0
			s, d = s-a.n*a.src, d-a.n*a.dst
		}
	}
}

// line: dst[d + j*ds] = src[s + j*ss] for j < n.
func line[T element](dst, src []T, d, s, n, ds, ss int) {
	switch {
	case ds == 1 && ss == 1 && n >= 8:
		copy(dst[d:d+n], src[s:s+n])
	case ds == 1 && ss == 0:
		v := src[s]
		out := dst[d : d+n]
		for j := range min(n, 16) {
			out[j] = v
		}
		for j := 16; j < n; j *= 2 {
			copy(out[j:], out[:j])
		}
	default:
		for range n {
			dst[d] = src[s]
			d, s = d+ds, s+ss
		}
	}
}

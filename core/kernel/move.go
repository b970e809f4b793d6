package kernel

import (
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

// The kernels here move elements without looking at them. They are generic
// over the element's size: one byte or four.

// Move copies n elements between strided places: every data movement whose
// places are an affine function of the index is one of these.
func Move[T any](out, in []T, dims, outStrides, inStrides []int, outBase, inBase int) Kernel {
	dims, outStrides, inStrides = collapse(dims, outStrides, inStrides)
	last := len(dims) - 1
	n, os, is := dims[last], outStrides[last], inStrides[last]
	rows := 1
	for _, d := range dims[:last] {
		rows *= d
	}
	return rowLoop(rows, n, func(r int) {
		o, i := outBase, inBase
		for d := last - 1; d >= 0; d-- {
			x := r % dims[d]
			r /= dims[d]
			o, i = o+x*outStrides[d], i+x*inStrides[d]
		}
		if os == 1 && is == 1 {
			copy(out[o:o+n], in[i:i+n])
			return
		}
		for range n {
			out[o] = in[i]
			o, i = o+os, i+is
		}
	})
}

// collapse joins dimensions that run on into each other in both layouts.
func collapse(dims, a, b []int) (d, x, y []int) {
	for i, n := range dims {
		if n == 1 {
			continue
		}
		if k := len(d) - 1; k >= 0 && x[k] == a[i]*n && y[k] == b[i]*n {
			d[k], x[k], y[k] = d[k]*n, a[i], b[i]
			continue
		}
		d, x, y = append(d, n), append(x, a[i]), append(y, b[i])
	}
	if len(d) == 0 {
		return []int{1}, []int{1}, []int{1}
	}
	return d, x, y
}

// Transpose makes output dimension i of input dimension perm[i].
func Transpose[T any](out, in []T, dims, perm []int) Kernel {
	st := shape.Strides(dims)
	od, is := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		od[i], is[i] = dims[p], st[p]
	}
	return Move(out, in, od, shape.Strides(od), is, 0, 0)
}

// Broadcast stretches dims over to, dimension i going to at[i].
func Broadcast[T any](out, in []T, dims, to, at []int) Kernel {
	st, is := shape.Strides(dims), make([]int, len(to))
	for i, d := range at {
		if dims[i] != 1 {
			is[d] = st[i]
		}
	}
	return Move(out, in, to, shape.Strides(to), is, 0, 0)
}

// Slice takes elements start, start+stride ... of each dimension; dims are the output's.
func Slice[T any](out, in []T, inDims, dims, start, stride []int) Kernel {
	st, is, base := shape.Strides(inDims), make([]int, len(dims)), 0
	for i := range dims {
		is[i] = st[i] * stride[i]
		base += st[i] * start[i]
	}
	return Move(out, in, dims, shape.Strides(dims), is, 0, base)
}

// Reverse turns the given dimensions around.
func Reverse[T any](out, in []T, d, dims []int) Kernel {
	st, base := shape.Strides(d), 0
	is := append([]int(nil), st...)
	for _, x := range dims {
		base += (d[x] - 1) * st[x]
		is[x] = -st[x]
	}
	return Move(out, in, d, st, is, 0, base)
}

// Concatenate puts inputs one after another along dim.
func Concatenate[T any](out []T, ins [][]T, inDims [][]int, dims []int, dim int) Kernel {
	st := shape.Strides(dims)
	at := 0
	var l Loop
	for i, in := range ins {
		l = append(l, Move(out, in, inDims[i], st, shape.Strides(inDims[i]), at*st[dim], 0).(Loop)...)
		at += inDims[i][dim]
	}
	return l
}

// Pad fills out with value[0] and places in by low and interior; what falls outside is cut.
func Pad[T any](out, in, value []T, inDims, dims, low, interior []int) Kernel {
	st, is := shape.Strides(dims), shape.Strides(inDims)
	os, part := make([]int, len(dims)), make([]int, len(dims))
	outBase, inBase := 0, 0
	empty := false
	for i := range dims {
		step := interior[i] + 1
		first := 0 // the first input index that lands inside
		if low[i] < 0 {
			first = ceilDiv(-low[i], step)
		}
		last := (dims[i] - 1 - low[i]) / step // the last one
		if dims[i]-1-low[i] < 0 {
			last = -1
		}
		last = min(last, inDims[i]-1)
		part[i] = last - first + 1
		empty = empty || part[i] <= 0
		os[i] = st[i] * step
		outBase += (low[i] + first*step) * st[i]
		inBase += first * is[i]
	}
	fill := rowLoop(ceilDiv(len(out), 4096), 4096, func(r int) {
		lo, hi := span(r, 4096, len(out))
		v := value[0]
		for i := lo; i < hi; i++ {
			out[i] = v
		}
	})
	if empty {
		return fill
	}
	return append(fill, Move(out, in, part, os, is, outBase, inBase).(Loop)...)
}

// start clamps a start index so that a block of the given sizes lies inside dims.
func start(index []int32, dims, sizes, strides []int) (base int) {
	for i, s := range index {
		base += max(0, min(int(s), dims[i]-sizes[i])) * strides[i]
	}
	return base
}

// DynamicSlice copies the block of the given sizes at index.
func DynamicSlice[T any](out, in []T, index []int32, inDims, sizes []int) Kernel {
	st := shape.Strides(inDims)
	return loop(1, func(int, int) {
		block2(sizes, func(o, i int) { out[o] = in[i] }, st, start(index, inDims, sizes, st))
	})
}

// DynamicUpdateSlice copies in to out with the block at index replaced.
func DynamicUpdateSlice[T any](out, in, update []T, index []int32, dims, sizes []int) Kernel {
	st := shape.Strides(dims)
	l := Copy(out, in)
	return append(l, Phase{1, func(int, int) {
		block2(sizes, func(o, i int) { out[i] = update[o] }, st, start(index, dims, sizes, st))
	}})
}

// block2 visits a dense block and its places among strides from base on.
func block2(sizes []int, visit func(dense, strided int), strides []int, base int) {
	n := 1
	for _, s := range sizes {
		n *= s
	}
	for o := range n {
		at, rest := base, o
		for d := len(sizes) - 1; d >= 0; d-- {
			at += rest % sizes[d] * strides[d]
			rest /= sizes[d]
		}
		visit(o, at)
	}
}

// Copy copies in to out.
func Copy[T any](out, in []T) Loop {
	const per = 1 << 16
	return loop(ceilDiv(len(out), per), func(i, _ int) {
		lo, hi := span(i, per, len(out))
		copy(out[lo:hi], in[lo:hi])
	})
}

// Indexed is the geometry of gather and scatter: x is [batch, before, n, after],
// indices [batch, count], rows [batch, before, count, after].
type Indexed struct{ Batch, Before, N, Count, After int }

// Gather copies rows of x at indices, clamped into range.
func Gather[T any](out, x []T, index []int32, g Indexed) Kernel {
	return rowLoop(g.Batch*g.Before, g.Count*g.After, func(r int) {
		b := r / g.Before
		for k, i := range index[b*g.Count : (b+1)*g.Count] {
			at := max(0, min(int(i), g.N-1))
			copy(out[(r*g.Count+k)*g.After:][:g.After], x[(r*g.N+at)*g.After:][:g.After])
		}
	})
}

// Scatter copies x to out and combines rows into it at indices, in order.
func Scatter[T any](out, x, rows []T, index []int32, g Indexed, combine func(dst, src []T)) Kernel {
	n := g.N * g.After
	return rowLoop(g.Batch*g.Before, n+g.Count*g.After, func(r int) {
		b := r / g.Before
		copy(out[r*n:(r+1)*n], x[r*n:(r+1)*n])
		for k, i := range index[b*g.Count : (b+1)*g.Count] {
			at := max(0, min(int(i), g.N-1))
			combine(out[(r*g.N+at)*g.After:][:g.After], rows[(r*g.Count+k)*g.After:][:g.After])
		}
	})
}

// AddF32, AddI32 and Set are what Scatter combines by.
func AddF32(dst, src []float32) { vAdd(dst, dst, src) }

// AddI32 adds integers.
func AddI32(dst, src []int32) {
	for i, v := range src {
		dst[i] += v
	}
}

// Set replaces.
func Set[T any](dst, src []T) { copy(dst, src) }

func keyOf(k []uint32) rng.Key { return rng.Key{k[0], k[1]} }

// words calls f for every block of four words that n elements need.
func words(key []uint32, n int, f func(i int, w [4]uint32)) Kernel {
	const per = 4096
	return loop(ceilDiv(n, per), func(c, _ int) {
		lo, hi := span(c, per, n)
		k := keyOf(key)
		for i := lo; i < hi; i += 4 {
			f(i, k.Block(uint64(i/4)))
		}
	})
}

// RandomBits fills out with the key's words.
func RandomBits(out, key []uint32) Kernel {
	return words(key, len(out), func(i int, w [4]uint32) { copy(out[i:], w[:]) })
}

// RandomUniform fills out from [low, high).
func RandomUniform(out []float32, key []uint32, low, high float64) Kernel {
	lo, width := float32(low), float32(high)-float32(low)
	return words(key, len(out), func(i int, w [4]uint32) {
		for j := range min(4, len(out)-i) {
			out[i+j] = lo + float32(width*rng.Uniform01(w[j]))
		}
	})
}

// RandomNormal fills out with standard normals.
func RandomNormal(out []float32, key []uint32) Kernel {
	return words(key, len(out), func(i int, w [4]uint32) {
		var v [4]float32
		v[0], v[1] = rng.NormalPair(w[0], w[1])
		v[2], v[3] = rng.NormalPair(w[2], w[3])
		copy(out[i:], v[:])
	})
}

// RandomPermutation fills out with a permutation of its indices.
func RandomPermutation(out []int32, key []uint32) Kernel {
	return loop(1, func(int, int) {
		s := keyOf(key).Stream()
		for i := range out {
			j := s.Intn(i + 1)
			out[i] = out[j]
			out[j] = int32(i)
		}
	})
}

// FoldIn derives a key.
func FoldIn(out, key, part []uint32) Kernel {
	return loop(1, func(int, int) {
		k := keyOf(key).Fold(uint64(part[0]))
		out[0], out[1] = k[0], k[1]
	})
}

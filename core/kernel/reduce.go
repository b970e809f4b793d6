package kernel

import (
	"fmt"
	"math"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

// number is an element type of arithmetic.
type number interface{ ~float32 | ~int32 | ~uint32 }

// Reduce combines dims of in (shape s) away. Every kind of layout is seen as
// [outer, inner] groups: each output element walks its inputs in row-major
// order, in fixed parts whose results are combined in order.
func Reduce(out, in Buffer, s shape.Shape, dims []int, kind string) (Kernel, error) {
	switch s.DType {
	case dtype.F32:
		if kind == "add" {
			return reduceSum(out.F32(), in.F32(), s.Dims, dims), nil
		}
		return reduceNumber(out.F32(), in.F32(), s.Dims, dims, kind)
	case dtype.I32:
		return reduceNumber(out.I32(), in.I32(), s.Dims, dims, kind)
	case dtype.U32:
		return reduceNumber(out.U32(), in.U32(), s.Dims, dims, kind)
	case dtype.Bool:
		f := func(x, y uint8) uint8 { return x & y }
		if kind == "or" {
			f = func(x, y uint8) uint8 { return x | y }
		}
		return walk(out.U8(), in.U8(), s.Dims, dims, f), nil
	}
	return nil, fmt.Errorf("kernel: no reduce of %s", s)
}

func reduceNumber[T number](out, in []T, d, dims []int, kind string) (Kernel, error) {
	var f func(x, y T) T
	switch kind {
	case "add":
		f = func(x, y T) T { return x + y }
	case "multiply":
		f = func(x, y T) T { return x * y }
	case "maximum":
		f = func(x, y T) T { return max(x, y) }
	case "minimum":
		f = func(x, y T) T { return min(x, y) }
	default:
		return nil, fmt.Errorf("kernel: no reduce of kind %q", kind)
	}
	return walk(out, in, d, dims, f), nil
}

// layout splits dims d into kept and reduced ones: the input offset of each
// output element, and of each element combined into it.
func layout(d, dims []int) (kept, away []int) {
	st := shape.Strides(d)
	kept, away = []int{0}, []int{0}
	for i, n := range d {
		list := &kept
		if slices.Contains(dims, i) {
			list = &away
		}
		next := make([]int, 0, len(*list)*n)
		for _, base := range *list {
			for x := range n {
				next = append(next, base+x*st[i])
			}
		}
		*list = next
	}
	return kept, away
}

func walk[T any](out, in []T, d, dims []int, f func(x, y T) T) Kernel {
	kept, away := layout(d, dims)
	per := max(1, 16384/len(away))
	return loop(ceilDiv(len(kept), per), func(i, _ int) {
		lo, hi := span(i, per, len(kept))
		for o := lo; o < hi; o++ {
			acc := in[kept[o]]
			for _, a := range away[1:] {
				acc = f(acc, in[kept[o]+a])
			}
			out[o] = acc
		}
	})
}

// reduceSum takes the layouts that training needs: trailing dimensions (rows),
// leading dimensions (columns), and middle ones (columns of each outer index).
func reduceSum(out, in []float32, d, dims []int) Kernel {
	lead := 0
	for lead < len(d) && !slices.Contains(dims, lead) {
		lead++
	}
	end := lead
	for end < len(d) && slices.Contains(dims, end) {
		end++
	}
	size := func(list []int) (n int) {
		n = 1
		for _, x := range list {
			n *= x
		}
		return n
	}
	if len(dims) != end-lead { // not one run of dimensions
		kept, away := layout(d, dims)
		per := max(1, 16384/len(away))
		return loop(ceilDiv(len(kept), per), func(i, _ int) {
			lo, hi := span(i, per, len(kept))
			for o := lo; o < hi; o++ {
				var acc float64
				for _, a := range away {
					acc += float64(in[kept[o]+a])
				}
				out[o] = float32(acc)
			}
		})
	}
	outer, n, c := size(d[:lead]), size(d[lead:end]), size(d[end:])
	if c == 1 {
		return sumRows(out, in, outer, n)
	}
	if outer >= 8 {
		return rowLoop(outer, n*c, func(r int) { colSum(out[r*c:(r+1)*c], in[r*n*c:], n, c) })
	}
	p := newColParts(n, c)
	sums := make([]float32, outer*p.parts*c)
	return Loop{
		{outer * p.parts, func(i, _ int) {
			lo, hi := span(i%p.parts, p.per, n)
			colSum(sums[i*c:], in[(i/p.parts*n+lo)*c:], hi-lo, c)
		}},
		{outer, func(o, _ int) {
			for j := range c {
				out[o*c+j] = float32(p.total(sums[o*p.parts*c:], j))
			}
		}},
	}
}

// sumRows sums each of rows rows of n elements, long rows in parts.
func sumRows(out, in []float32, rows, n int) Kernel {
	if n <= 16384 {
		return rowLoop(rows, n, func(r int) { out[r] = float32(sum64(in[r*n : (r+1)*n])) })
	}
	parts := ceilDiv(n, 16384)
	sums := make([]float64, rows*parts)
	return Loop{
		{rows * parts, func(i, _ int) {
			lo, hi := span(i%parts, 16384, n)
			sums[i] = sum64(in[i/parts*n+lo : i/parts*n+hi])
		}},
		{rows, func(r, _ int) {
			var t float64
			for _, v := range sums[r*parts : (r+1)*parts] {
				t += v
			}
			out[r] = float32(t)
		}},
	}
}

// sum64 adds in float64, in four interleaved sums.
func sum64(x []float32) float64 {
	var a, b, c, d float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		a, b, c, d = a+float64(x[i]), b+float64(x[i+1]), c+float64(x[i+2]), d+float64(x[i+3])
	}
	for ; i < len(x); i++ {
		a += float64(x[i])
	}
	return a + b + c + d
}

// ArgMax is the index of the first largest element along dim; NaN counts as largest.
func ArgMax(out []int32, in Buffer, s shape.Shape, dim int) (Kernel, error) {
	var after func(i, j int) bool
	switch s.DType {
	case dtype.F32:
		x := in.F32()
		after = func(i, j int) bool { return x[j] > x[i] || x[j] != x[j] && x[i] == x[i] }
	case dtype.I32:
		x := in.I32()
		after = func(i, j int) bool { return x[j] > x[i] }
	case dtype.U32:
		x := in.U32()
		after = func(i, j int) bool { return x[j] > x[i] }
	default:
		return nil, fmt.Errorf("kernel: no argmax of %s", s)
	}
	kept, away := layout(s.Dims, []int{dim})
	return rowLoop(len(kept), len(away), func(r int) {
		best := 0
		for k, a := range away {
			if after(kept[r]+away[best], kept[r]+a) {
				best = k
			}
		}
		out[r] = int32(best)
	}), nil
}

// CumulativeSum sums inclusively along dim.
func CumulativeSum(out, in Buffer, s shape.Shape, dim int) (Kernel, error) {
	kept, away := layout(s.Dims, []int{dim})
	var f func(r int)
	switch s.DType {
	case dtype.F32:
		x, y := in.F32(), out.F32()
		f = func(r int) {
			var t float64
			for _, a := range away {
				t += float64(x[kept[r]+a])
				y[kept[r]+a] = float32(t)
			}
		}
	case dtype.I32, dtype.U32:
		x, y := in.U32(), out.U32()
		f = func(r int) {
			var t uint32
			for _, a := range away {
				t += x[kept[r]+a]
				y[kept[r]+a] = t
			}
		}
	default:
		return nil, fmt.Errorf("kernel: no cumulative_sum of %s", s)
	}
	return rowLoop(len(kept), len(away), f), nil
}

// Sort orders values along dim, stably; indices says where each came from. NaN sorts last.
func Sort(values, indices Buffer, in Buffer, s shape.Shape, dim int, descending bool) (Kernel, error) {
	less, err := lessOf(in, s.DType)
	if err != nil {
		return nil, err
	}
	kept, away := layout(s.Dims, []int{dim})
	idx, src, dst := indices.I32(), in.U32(), values.U32()
	return loop(len(kept), func(r, _ int) {
		order := make([]int32, len(away))
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortStableFunc(order, func(a, b int32) int {
			x, y := kept[r]+away[a], kept[r]+away[b]
			if descending {
				x, y = y, x
			}
			switch {
			case less(x, y):
				return -1
			case less(y, x):
				return 1
			}
			return 0
		})
		for i, o := range order {
			idx[kept[r]+away[i]], dst[kept[r]+away[i]] = o, src[kept[r]+away[o]]
		}
	}), nil
}

func lessOf(in Buffer, d dtype.DType) (func(i, j int) bool, error) {
	switch d {
	case dtype.F32:
		x := in.F32()
		return func(i, j int) bool { return x[i] < x[j] || x[j] != x[j] && x[i] == x[i] }, nil
	case dtype.I32:
		x := in.I32()
		return func(i, j int) bool { return x[i] < x[j] }, nil
	case dtype.U32:
		x := in.U32()
		return func(i, j int) bool { return x[i] < x[j] }, nil
	}
	return nil, fmt.Errorf("kernel: no sort of %s", d)
}

// TopK is the k largest of each row of c, in descending order, the first of equals first.
func TopK(values, indices []byte, in Buffer, rows, c, k int, d dtype.DType) (Kernel, error) {
	less, err := lessOf(in, d)
	if err != nil {
		return nil, err
	}
	val, idx := (Buffer{values}).U32(), (Buffer{indices}).I32()
	src := in.U32()
	return rowLoop(rows, c, func(r int) {
		top := idx[r*k : (r+1)*k]
		n := 0
		for j := range c {
			if n == k && !less(r*c+int(top[k-1]), r*c+j) {
				continue
			}
			if n < k {
				n++
			}
			at := n - 1
			for at > 0 && less(r*c+int(top[at-1]), r*c+j) {
				top[at] = top[at-1]
				at--
			}
			top[at] = int32(j)
		}
		for i, j := range top {
			val[r*k+i] = src[r*c+int(j)]
		}
	}), nil
}

// ReduceWindow combines windows of f32[B,H,W,C]; add divides by nothing.
func ReduceWindow(out, in []float32, b, h, w, c, oh, ow int, win, stride, pad []int, maximum bool) Kernel {
	return rowLoop(b*oh, ow*c*win[0]*win[1], func(r int) {
		n, y := r/oh, r%oh
		for x := range ow {
			dst := out[(r*ow+x)*c:][:c]
			for j := range dst {
				dst[j] = 0
				if maximum {
					dst[j] = float32(math.Inf(-1))
				}
			}
			for ky := range win[0] {
				iy := y*stride[0] - pad[0] + ky
				for kx := range win[1] {
					ix := x*stride[1] - pad[2] + kx
					if uint(iy) >= uint(h) || uint(ix) >= uint(w) {
						continue
					}
					src := in[((n*h+iy)*w+ix)*c:][:c]
					if maximum {
						vMax(dst, dst, src)
					} else {
						vAdd(dst, dst, src)
					}
				}
			}
		}
	})
}

// SelectAndScatter adds dy at the first maximum of each window of x.
func SelectAndScatter(out, in, dy []float32, b, h, w, c, oh, ow int, win, stride, pad []int) Kernel {
	return loop(b, func(n, _ int) {
		clear(out[n*h*w*c : (n+1)*h*w*c])
		for y := range oh {
			for x := range ow {
				for j := range c {
					best := -1
					for ky := range win[0] {
						for kx := range win[1] {
							iy, ix := y*stride[0]-pad[0]+ky, x*stride[1]-pad[2]+kx
							if uint(iy) >= uint(h) || uint(ix) >= uint(w) {
								continue
							}
							if at := ((n*h+iy)*w+ix)*c + j; best < 0 || in[at] > in[best] || in[at] != in[at] {
								best = at
							}
						}
					}
					if best >= 0 {
						out[best] += dy[((n*oh+y)*ow+x)*c+j]
					}
				}
			}
		}
	})
}

package move

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
)

type kernel interface {
	Scratch() int
	Bind(scratch []float32, out, in []buf.Buf)
	Run(p *pool.Pool)
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// numbered is a tensor whose elements tell where they came from.
func numbered(d dtype.DType, n int) buf.Buf {
	b := buf.Make(d, n)
	for i := range n {
		put(b, d, i, uint32(i)*2654435761>>7)
	}
	return b
}

func put(b buf.Buf, d dtype.DType, i int, v uint32) {
	switch d.Size() {
	case 1:
		b.U8[i] = uint8(v)
	case 2:
		b.BF16[i] = uint16(v)
	default:
		b.U32[i] = v
	}
}

func get(b buf.Buf, d dtype.DType, i int) uint32 {
	switch d.Size() {
	case 1:
		return uint32(b.U8[i])
	case 2:
		return uint32(b.BF16[i])
	}
	return b.U32[i]
}

func size(dims []int) int { return shape.F32(dims...).Size() }

// run expects the same bytes from 1, 2 and 3 workers.
func run(t fataler, plan func(workers int) (kernel, error), out func() []buf.Buf, in []buf.Buf) []buf.Buf {
	t.Helper()
	var first []buf.Buf
	for workers := 1; workers <= 3; workers++ {
		k, err := plan(workers)
		if err != nil {
			t.Fatal(err)
		}
		o, p := out(), pool.New(workers)
		k.Bind(make([]float32, k.Scratch()), o, in)
		k.Run(p)
		p.Close()
		if first == nil {
			first = o
		}
		for i := range o {
			if string(o[i].U8) != string(first[i].U8) {
				t.Fatalf("%d workers give other bytes than 1", workers)
			}
		}
	}
	return first
}

// check compares an output with the twin: from gives the value at an index.
func check(t fataler, name string, d dtype.DType, dims []int, plan func(workers int) (kernel, error), in []buf.Buf, from func(index []int) uint32) {
	t.Helper()
	n := size(dims)
	got := run(t, plan, func() []buf.Buf { return []buf.Buf{buf.Make(d, n)} }, in)[0]
	index := make([]int, len(dims))
	for e := range n {
		rest := e
		for i := len(dims) - 1; i >= 0; i-- {
			index[i] = rest % dims[i]
			rest /= dims[i]
		}
		want := from(index)
		if d.Size() == 1 {
			want &= 0xff
		}
		if g := get(got, d, e); g != want {
			t.Fatalf("%s: element %v is %x, want %x", name, index, g, want)
		}
	}
}

// at is the offset of an index.
func at(dims, index []int) int {
	off := 0
	for i, n := range dims {
		off = off*n + index[i]
	}
	return off
}

func drawDims(r *rapid.T, least int) []int {
	var dims []int
	n := 1
	for range rapid.IntRange(least, 5).Draw(r, "rank") {
		d := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 8, 9, 17, 33, 70, 300}).Draw(r, "dim")
		if n*d > 40000 {
			d = 1
		}
		n *= d
		dims = append(dims, d)
	}
	return dims
}

var elementTypes = []dtype.DType{dtype.F32, dtype.I32, dtype.BF16, dtype.Bool}

func TestViewsEqualTheTwin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom(elementTypes).Draw(r, "type")
		dims := drawDims(r, 0)
		x := numbered(d, size(dims))
		rank := len(dims)
		in := []buf.Buf{x}

		perm := rapid.Permutation(count(rank)).Draw(r, "permutation")
		to := make([]int, rank)
		for i, p := range perm {
			to[i] = dims[p]
		}
		back := make([]int, rank)
		check(r, fmt.Sprint("transpose ", dims, perm), d, to, func(w int) (kernel, error) { return NewTranspose(Transpose{d, dims, perm}, w) }, in,
			func(index []int) uint32 {
				for i, p := range perm {
					back[p] = index[i]
				}
				return get(x, d, at(dims, back))
			})

		s := Slice{d, dims, make([]int, rank), make([]int, rank), make([]int, rank)}
		out := make([]int, rank)
		for i, n := range dims {
			s.Start[i] = rapid.IntRange(0, n-1).Draw(r, "start")
			s.Limit[i] = rapid.IntRange(s.Start[i]+1, n).Draw(r, "limit")
			s.Stride[i] = rapid.IntRange(1, 4).Draw(r, "stride")
			out[i] = (s.Limit[i] - s.Start[i] + s.Stride[i] - 1) / s.Stride[i]
		}
		check(r, fmt.Sprint("slice ", s), d, out, func(w int) (kernel, error) { return NewSlice(s, w) }, in, func(index []int) uint32 {
			for i := range index {
				back[i] = s.Start[i] + index[i]*s.Stride[i]
			}
			return get(x, d, at(dims, back))
		})

		axes := perm[:rapid.IntRange(0, rank).Draw(r, "axes")]
		check(r, fmt.Sprint("reverse ", dims, axes), d, dims, func(w int) (kernel, error) { return NewReverse(Reverse{d, dims, axes}, w) }, in,
			func(index []int) uint32 {
				copy(back, index)
				for _, a := range axes {
					back[a] = dims[a] - 1 - back[a]
				}
				return get(x, d, at(dims, back))
			})

		// Drop or squash dimensions of to = dims, then broadcast back.
		b := Broadcast{DType: d, To: dims}
		for i, n := range dims {
			switch rapid.IntRange(0, 2).Draw(r, "keep") {
			case 1:
				b.Axes, b.Dims = append(b.Axes, i), append(b.Dims, 1)
			case 2:
				b.Axes, b.Dims = append(b.Axes, i), append(b.Dims, n)
			}
		}
		small := numbered(d, size(b.Dims))
		check(r, fmt.Sprint("broadcast ", b), d, dims, func(w int) (kernel, error) { return NewBroadcast(b, w) }, []buf.Buf{small},
			func(index []int) uint32 {
				src := make([]int, len(b.Axes))
				for i, a := range b.Axes {
					if b.Dims[i] > 1 {
						src[i] = index[a]
					}
				}
				return get(small, d, at(b.Dims, src))
			})
	})
}

func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestPadAndConcatenateEqualTheTwin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom(elementTypes).Draw(r, "type")
		dims := drawDims(r, 1)
		rank := len(dims)
		x, value := numbered(d, size(dims)), numbered(d, 8)
		put(value, d, 0, 0x77)
		s := Pad{d, dims, make([]int, rank), make([]int, rank), make([]int, rank)}
		to := make([]int, rank)
		for i, n := range dims {
			s.Interior[i] = rapid.IntRange(0, 2).Draw(r, "interior")
			full := n + (n-1)*s.Interior[i]
			s.Low[i] = rapid.IntRange(-full+1, 3).Draw(r, "low")
			s.High[i] = rapid.IntRange(-(full+s.Low[i])+1, 3).Draw(r, "high")
			to[i] = full + s.Low[i] + s.High[i]
		}
		if size(to) > 100000 {
			r.Skip("too large for the twin")
		}
		back := make([]int, rank)
		check(r, fmt.Sprint("pad ", s), d, to, func(w int) (kernel, error) { return NewPad(s, w) }, []buf.Buf{x, value}, func(index []int) uint32 {
			for i := range index {
				e := index[i] - s.Low[i]
				step := s.Interior[i] + 1
				if e < 0 || e%step != 0 || e/step >= dims[i] {
					return 0x77
				}
				back[i] = e / step
			}
			return get(x, d, at(dims, back))
		})

		c := Concatenate{DType: d, Axis: rapid.IntRange(0, rank-1).Draw(r, "axis")}
		var in []buf.Buf
		joined := append([]int(nil), dims...)
		joined[c.Axis] = 0
		for range rapid.IntRange(1, 3).Draw(r, "operands") {
			op := append([]int(nil), dims...)
			op[c.Axis] = rapid.IntRange(1, 9).Draw(r, "length")
			joined[c.Axis] += op[c.Axis]
			c.Operands, in = append(c.Operands, op), append(in, numbered(d, size(op)))
		}
		check(r, fmt.Sprint("concatenate ", c), d, joined, func(w int) (kernel, error) { return NewConcatenate(c, w) }, in, func(index []int) uint32 {
			copy(back, index)
			o := 0
			for ; back[c.Axis] >= c.Operands[o][c.Axis]; o++ {
				back[c.Axis] -= c.Operands[o][c.Axis]
			}
			return get(in[o], d, at(c.Operands[o], back))
		})
	})
}

func TestDynamicSlicesEqualTheTwin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom(elementTypes).Draw(r, "type")
		dims := drawDims(r, 0)
		rank := len(dims)
		s := DynamicSlice{d, dims, make([]int, rank)}
		start, clamped := buf.Make(dtype.I32, rank), make([]int, rank)
		for i, n := range dims {
			s.Sizes[i] = rapid.IntRange(1, n).Draw(r, "size")
			start.I32[i] = int32(rapid.IntRange(-3, n+3).Draw(r, "start"))
			clamped[i] = max(0, min(int(start.I32[i]), n-s.Sizes[i]))
		}
		x, update := numbered(d, size(dims)), numbered(d, size(s.Sizes))
		back := make([]int, rank)
		check(r, fmt.Sprint("dynamic_slice ", s, start.I32), d, s.Sizes, func(w int) (kernel, error) { return NewDynamicSlice(s, w) }, []buf.Buf{x, start},
			func(index []int) uint32 {
				for i := range index {
					back[i] = index[i] + clamped[i]
				}
				return get(x, d, at(dims, back))
			})
		want := func(index []int) uint32 {
			for i := range index {
				back[i] = index[i] - clamped[i]
				if back[i] < 0 || back[i] >= s.Sizes[i] {
					return get(x, d, at(dims, index))
				}
			}
			return get(update, d, at(s.Sizes, back))
		}
		plan := func(w int) (kernel, error) { return NewDynamicUpdateSlice(s, w) }
		check(r, fmt.Sprint("dynamic_update_slice ", s, start.I32), d, dims, plan, []buf.Buf{x, update, start}, want)
		// In place.
		same := numbered(d, size(dims))
		k, err := plan(1)
		if err != nil {
			r.Fatal(err)
		}
		p := pool.New(1)
		k.Bind(nil, []buf.Buf{same}, []buf.Buf{same, update, start})
		k.Run(p)
		index := make([]int, rank)
		for e := range size(dims) {
			rest := e
			for i := rank - 1; i >= 0; i-- {
				index[i] = rest % dims[i]
				rest /= dims[i]
			}
			w := want(index)
			if d.Size() == 1 {
				w &= 0xff
			}
			if get(same, d, e) != w {
				r.Fatalf("dynamic_update_slice in place: element %v is wrong", index)
			}
		}
	})
}

func TestIota(t *testing.T) {
	for _, dims := range [][]int{{5}, {3, 4}, {2, 9000, 3}} {
		for axis := range dims {
			for _, d := range []dtype.DType{dtype.I32, dtype.F32} {
				check(t, fmt.Sprint("iota ", dims, axis), d, dims, func(w int) (kernel, error) { return NewIota(Iota{d, dims, axis}, w) }, nil, func(index []int) uint32 {
					b := buf.Make(d, 1)
					b.I32[0] = int32(index[axis])
					if d == dtype.F32 {
						b.F32[0] = float32(index[axis])
					}
					return b.U32[0]
				})
			}
		}
	}
}

func TestGatherAndScatterEqualTheTwin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom(elementTypes).Draw(r, "type")
		g := Gather{DType: d, Dims: drawDims(r, 1)}
		g.Axis = rapid.IntRange(0, len(g.Dims)-1).Draw(r, "axis")
		g.BatchDims = rapid.IntRange(0, g.Axis).Draw(r, "batch")
		g.Indices = append([]int(nil), g.Dims[:g.BatchDims]...)
		for range rapid.IntRange(0, 2).Draw(r, "index rank") {
			g.Indices = append(g.Indices, rapid.SampledFrom([]int{1, 2, 7, 30}).Draw(r, "index dim"))
		}
		nb := g.BatchDims
		to := append(append(append([]int(nil), g.Dims[:g.Axis]...), g.Indices[nb:]...), g.Dims[g.Axis+1:]...)
		if size(to) > 100000 {
			r.Skip("too large for the twin")
		}
		s := rng.New(rapid.Uint64().Draw(r, "seed")).Stream()
		x, idx, updates := numbered(d, size(g.Dims)), buf.Make(dtype.I32, size(g.Indices)), numbered(d, size(to))
		if d == dtype.F32 {
			for i := range x.F32 {
				x.F32[i] = float32(s.Normal())
			}
			for i := range updates.F32 {
				updates.F32[i] = float32(s.Normal())
			}
		}
		for i := range idx.I32 {
			idx.I32[i] = int32(s.Intn(g.Dims[g.Axis]+4) - 2)
		}
		// source is the operand's index for an index of the result.
		source := func(index []int) []int {
			mid := len(g.Indices) - nb
			i := append(append([]int(nil), index[:nb]...), index[g.Axis:g.Axis+mid]...)
			pick := max(0, min(int(idx.I32[at(g.Indices, i)]), g.Dims[g.Axis]-1))
			return append(append(append([]int(nil), index[:g.Axis]...), pick), index[g.Axis+mid:]...)
		}
		check(r, fmt.Sprint("gather ", g), d, to, func(w int) (kernel, error) { return NewGather(g, w) }, []buf.Buf{x, idx},
			func(index []int) uint32 { return get(x, d, at(g.Dims, source(index))) })

		for _, set := range []bool{false, true} {
			if !set && d.Size() != 4 {
				continue
			}
			want := buf.New(len(x.U8))
			copy(want.U8, x.U8)
			index := make([]int, len(to))
			for e := range size(to) {
				rest := e
				for i := len(to) - 1; i >= 0; i-- {
					index[i] = rest % to[i]
					rest /= to[i]
				}
				o := at(g.Dims, source(index))
				switch {
				case set:
					put(want, d, o, get(updates, d, e))
				case d == dtype.F32:
					want.F32[o] += updates.F32[e]
				default:
					want.U32[o] += updates.U32[e]
				}
			}
			check(r, fmt.Sprint("scatter ", g, set), d, g.Dims, func(w int) (kernel, error) { return NewScatter(Scatter{g, set}, w) }, []buf.Buf{x, idx, updates},
				func(index []int) uint32 { return get(want, d, at(g.Dims, index)) })
		}
	})
}

func TestLargeGatherAndScatter(t *testing.T) {
	g := Gather{DType: dtype.F32, Dims: []int{50, 700}, Indices: []int{400}}
	x, idx, updates := numbered(dtype.F32, 50*700), buf.Make(dtype.I32, 400), buf.Make(dtype.F32, 400*700)
	want := buf.Make(dtype.F32, 50*700)
	for i := range x.F32 {
		x.F32[i] = float32(i % 13)
	}
	copy(want.F32, x.F32)
	for i := range idx.I32 {
		idx.I32[i] = int32(i * i % 50)
		for j := range 700 {
			updates.F32[i*700+j] = float32((i + j) % 17)
			want.F32[int(idx.I32[i])*700+j] += updates.F32[i*700+j]
		}
	}
	check(t, "scatter", dtype.F32, g.Dims, func(w int) (kernel, error) { return NewScatter(Scatter{g, false}, w) }, []buf.Buf{x, idx, updates},
		func(index []int) uint32 { return want.U32[at(g.Dims, index)] })
}

func TestBadSpecsAreErrors(t *testing.T) {
	f := dtype.F32
	for name, plan := range map[string]func() (kernel, error){
		"permutation": func() (kernel, error) { return NewTranspose(Transpose{f, []int{2, 3}, []int{0, 0}}, 1) },
		"type":        func() (kernel, error) { return NewTranspose(Transpose{dtype.Image, []int{2}, []int{0}}, 1) },
		"slice":       func() (kernel, error) { return NewSlice(Slice{f, []int{2}, []int{1}, []int{3}, []int{1}}, 1) },
		"reverse":     func() (kernel, error) { return NewReverse(Reverse{f, []int{2}, []int{1}}, 1) },
		"broadcast":   func() (kernel, error) { return NewBroadcast(Broadcast{f, []int{2}, []int{3}, []int{0}}, 1) },
		"concatenate": func() (kernel, error) { return NewConcatenate(Concatenate{f, [][]int{{2, 3}, {3, 2}}, 0}, 1) },
		"nothing":     func() (kernel, error) { return NewConcatenate(Concatenate{f, nil, 0}, 1) },
		"pad":         func() (kernel, error) { return NewPad(Pad{f, []int{2}, []int{-2}, []int{0}, []int{0}}, 1) },
		"window":      func() (kernel, error) { return NewDynamicSlice(DynamicSlice{f, []int{2}, []int{3}}, 1) },
		"axis":        func() (kernel, error) { return NewGather(Gather{f, []int{2}, []int{1}, 1, 0}, 1) },
		"batch":       func() (kernel, error) { return NewGather(Gather{f, []int{2, 3}, []int{3}, 1, 1}, 1) },
		"scatter": func() (kernel, error) {
			return NewScatter(Scatter{Gather{dtype.Bool, []int{2}, []int{1}, 0, 0}, false}, 1)
		},
		"sort":      func() (kernel, error) { return NewSort(Sort{f, []int{2}, 1, false}, 1) },
		"sort type": func() (kernel, error) { return NewSort(Sort{dtype.Bool, []int{2}, 0, false}, 1) },
		"top_k":     func() (kernel, error) { return NewTopK(TopK{f, []int{2}, 3}, 1) },
		"iota":      func() (kernel, error) { return NewIota(Iota{f, []int{2}, 1}, 1) },
	} {
		if _, err := plan(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package move

import (
	"fmt"
	"math"
	"sort"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

// sortable has ties, infinities, NaN and both zeros.
func sortable(d dtype.DType, n int) buf.Buf {
	s, b := rng.New(4).Stream(), buf.Make(d, n)
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), -float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1, -1, 1e-42, -1e-42}
	for i := range n {
		switch {
		case d != dtype.F32:
			b.I32[i] = int32(s.Intn(9)-4) << (28 * s.Intn(2))
		case s.Intn(2) == 0:
			b.F32[i] = special[s.Intn(len(special))]
		default:
			b.F32[i] = float32(s.Normal())
		}
	}
	return b
}

// less says whether a comes before b in ascending order.
func less(d dtype.DType, a, b uint32) bool {
	switch d {
	case dtype.F32:
		x, y := math.Float32frombits(a), math.Float32frombits(b)
		return x < y || x == x && y != y
	case dtype.I32:
		return int32(a) < int32(b)
	}
	return a < b
}

func TestSortAndTopKEqualTheTwin(t *testing.T) {
	for _, dims := range [][]int{{1}, {50}, {7, 33}, {3, 40, 5}, {2, 9000}, {600, 3}} {
		for axis := range dims {
			for _, d := range []dtype.DType{dtype.F32, dtype.I32, dtype.U32} {
				for _, desc := range []bool{false, true} {
					x := sortable(d, size(dims))
					n, inner := dims[axis], 1
					for _, m := range dims[axis+1:] {
						inner *= m
					}
					name := fmt.Sprintf("%v%v along %d, descending %v", d, dims, axis, desc)
					got := run(t, func(w int) (kernel, error) { return NewSort(Sort{d, dims, axis, desc}, w) },
						func() []buf.Buf { return []buf.Buf{buf.Make(d, size(dims)), buf.Make(dtype.I32, size(dims))} }, []buf.Buf{x})
					k := min(n, 10)
					var top []buf.Buf
					if desc && inner == 1 {
						top = run(t, func(w int) (kernel, error) { return NewTopK(TopK{d, dims, k}, w) },
							func() []buf.Buf {
								return []buf.Buf{buf.Make(d, size(dims)/n*k), buf.Make(dtype.I32, size(dims)/n*k)}
							}, []buf.Buf{x})
					}
					for o := range size(dims) / n / inner {
						for j := range inner {
							line := func(i int) int { return (o*n+i)*inner + j }
							want := count(n)
							sort.SliceStable(want, func(p, q int) bool {
								a, b := x.U32[line(want[p])], x.U32[line(want[q])]
								if desc {
									a, b = b, a
								}
								return less(d, a, b)
							})
							for i, w := range want {
								if int(got[1].I32[line(i)]) != w || got[0].U32[line(i)] != x.U32[line(w)] {
									t.Fatalf("sort %s: place %d of line %d,%d is %d, want %d", name, i, o, j, got[1].I32[line(i)], w)
								}
								if top != nil && i < k && (int(top[1].I32[o*k+i]) != w || top[0].U32[o*k+i] != x.U32[line(w)]) {
									t.Fatalf("top_k %s: place %d of line %d is %d, want %d", name, i, o, top[1].I32[o*k+i], w)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	x, y, i32 := sortable(dtype.F32, 40000), buf.Make(dtype.F32, 40000), buf.Make(dtype.I32, 40000)
	idx := buf.Make(dtype.I32, 200)
	plans := []struct {
		plan    func() (kernel, error)
		out, in []buf.Buf
	}{
		{func() (kernel, error) { return NewTranspose(Transpose{dtype.F32, []int{200, 200}, []int{1, 0}}, 2) }, []buf.Buf{y}, []buf.Buf{x}},
		{func() (kernel, error) { return NewSort(Sort{dtype.F32, []int{40, 1000}, 1, false}, 2) }, []buf.Buf{y, i32}, []buf.Buf{x}},
		{func() (kernel, error) { return NewTopK(TopK{dtype.F32, []int{40, 1000}, 10}, 2) }, []buf.Buf{y, i32}, []buf.Buf{x}},
		{func() (kernel, error) { return NewGather(Gather{dtype.F32, []int{200, 200}, []int{200}, 0, 0}, 2) }, []buf.Buf{y}, []buf.Buf{x, idx}},
		{func() (kernel, error) {
			return NewScatter(Scatter{Gather{dtype.F32, []int{200, 200}, []int{200}, 0, 0}, false}, 2)
		}, []buf.Buf{y}, []buf.Buf{x, idx, x}},
		{func() (kernel, error) {
			return NewDynamicUpdateSlice(DynamicSlice{dtype.F32, []int{200, 200}, []int{10, 200}}, 2)
		}, []buf.Buf{y}, []buf.Buf{x, x, idx}},
		{func() (kernel, error) {
			return NewPad(Pad{dtype.F32, []int{190, 190}, []int{5, 5}, []int{5, 5}, []int{0, 0}}, 2)
		}, []buf.Buf{y}, []buf.Buf{x, x}},
		{func() (kernel, error) {
			return NewConcatenate(Concatenate{dtype.F32, [][]int{{100, 200}, {100, 200}}, 1}, 2)
		}, []buf.Buf{y}, []buf.Buf{x, x}},
		{func() (kernel, error) { return NewIota(Iota{dtype.F32, []int{200, 200}, 1}, 2) }, []buf.Buf{y}, nil},
	}
	for _, c := range plans {
		k, err := c.plan()
		if err != nil {
			t.Fatal(err)
		}
		k.Bind(make([]float32, k.Scratch()), c.out, c.in)
		if n := testing.AllocsPerRun(10, func() { k.Run(p) }); n != 0 {
			t.Errorf("%T.Run allocates %v times", k, n)
		}
	}
}

// Bytes are read plus written.
func BenchmarkMove(b *testing.B) {
	const n = 1 << 22
	x, y := buf.Make(dtype.F32, n), buf.Make(dtype.F32, n)
	for _, c := range []struct {
		name string
		plan func(workers int) (kernel, error)
	}{
		{"copy", func(w int) (kernel, error) { return NewCopy(dtype.F32, n, w) }},
		{"transpose 2048x2048", func(w int) (kernel, error) {
			return NewTranspose(Transpose{dtype.F32, []int{2048, 2048}, []int{1, 0}}, w)
		}},
		{"transpose 65536x64", func(w int) (kernel, error) {
			return NewTranspose(Transpose{dtype.F32, []int{65536, 64}, []int{1, 0}}, w)
		}},
		{"heads 64x256x4x64", func(w int) (kernel, error) {
			return NewTranspose(Transpose{dtype.F32, []int{64, 256, 4, 64}, []int{0, 2, 1, 3}}, w)
		}},
		{"nchw 64x32x32x64", func(w int) (kernel, error) {
			return NewTranspose(Transpose{dtype.F32, []int{64, 32, 32, 64}, []int{0, 3, 1, 2}}, w)
		}},
		{"broadcast", func(w int) (kernel, error) {
			return NewBroadcast(Broadcast{dtype.F32, []int{64}, []int{65536, 64}, []int{1}}, w)
		}},
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", c.name, workers), func(b *testing.B) {
				k, err := c.plan(workers)
				if err != nil {
					b.Fatal(err)
				}
				p := pool.New(workers)
				defer p.Close()
				k.Bind(nil, []buf.Buf{y}, []buf.Buf{x})
				b.SetBytes(8 * n)
				for b.Loop() {
					k.Run(p)
				}
			})
		}
	}
}

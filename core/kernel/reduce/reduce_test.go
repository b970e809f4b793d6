package reduce

import (
	"fmt"
	"math"
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

func random(d dtype.DType, n int, seed uint64) buf.Buf {
	s, b := rng.New(seed).Stream(), buf.Make(d, n)
	for i := range n {
		switch d {
		case dtype.F32:
			b.F32[i] = float32(s.Normal()) + 0.1
			if s.Intn(5) == 0 {
				b.F32[i] = float32(s.Intn(3)) // ties
			}
		case dtype.Bool:
			b.U8[i] = uint8(s.Intn(2))
		default:
			b.U32[i] = uint32(s.Intn(9) - 4)
		}
	}
	return b
}

func value(b buf.Buf, d dtype.DType, i int) float64 {
	switch d {
	case dtype.F32:
		return float64(b.F32[i])
	case dtype.I32:
		return float64(b.I32[i])
	case dtype.U32:
		return float64(b.U32[i])
	}
	return float64(b.U8[i])
}

// run expects the same bits from 1, 2 and 3 workers.
func run(t fataler, plan func(workers int) (kernel, error), d dtype.DType, size int, in buf.Buf) buf.Buf {
	t.Helper()
	var first buf.Buf
	for workers := 1; workers <= 3; workers++ {
		k, err := plan(workers)
		if err != nil {
			t.Fatal(err)
		}
		out, p := buf.Make(d, size), pool.New(workers)
		k.Bind(random(dtype.F32, k.Scratch(), 1).F32, []buf.Buf{out}, []buf.Buf{in})
		k.Run(p)
		p.Close()
		if workers == 1 {
			first = out
		} else if string(first.U8) != string(out.U8) {
			t.Fatalf("%d workers give other bits than 1", workers)
		}
	}
	return first
}

var neutral = map[Kind]float64{Multiply: 1, And: 1, Maximum: math.Inf(-1), Minimum: math.Inf(1)}

func combine(k Kind, a, b float64) float64 {
	switch k {
	case Add:
		return a + b
	case Multiply:
		return a * b
	case Maximum, Or:
		return max(a, b)
	}
	return min(a, b)
}

// check compares a reduction with one element-by-element walk in float64.
func check(t fataler, s Spec, seed uint64) {
	t.Helper()
	x := shape.Of(s.DType, s.Dims...)
	in := random(s.DType, x.Size(), seed)
	away := map[int]bool{}
	for _, a := range s.Axes {
		away[a] = true
	}
	var kept []int
	for i, n := range s.Dims {
		if !away[i] {
			kept = append(kept, n)
		}
	}
	size := shape.F32(kept...).Size()
	want, scale := make([]float64, size), make([]float64, size)
	for i := range want {
		want[i] = neutral[s.Kind]
		scale[i] = 1
	}
	st := shape.Strides(kept)
	for e := range x.Size() {
		at, rest, k := 0, e, len(kept)-1
		for d := len(s.Dims) - 1; d >= 0; d-- {
			if !away[d] {
				at += rest % s.Dims[d] * st[k]
				k--
			}
			rest /= s.Dims[d]
		}
		v := value(in, s.DType, e)
		want[at] = combine(s.Kind, want[at], v)
		scale[at] += math.Abs(v)
	}
	got := run(t, func(w int) (kernel, error) { return New(s, w) }, s.DType, size, in)
	for i, w := range want {
		g := value(got, s.DType, i)
		tol := 0.0
		switch {
		case s.DType == dtype.F32 && s.Kind == Add:
			tol = 1e-6 * scale[i]
		case s.DType == dtype.F32 && s.Kind == Multiply:
			tol = 1e-4*math.Abs(w) + 1e-37
		case s.Kind == Add || s.Kind == Multiply:
			g, w = float64(uint32(int64(g))), float64(uint32(int64(w)))
			if math.Abs(want[i]) > 1<<53 {
				continue // float64 no longer holds the product
			}
		}
		if !(math.Abs(g-w) <= tol) && !(math.IsInf(g, 0) && math.Abs(w) > math.MaxFloat32) {
			t.Fatalf("%v of %v over %v: element %d is %v, want %v", s.Kind, x, s.Axes, i, g, w)
		}
	}
}

func TestReduceEqualsTheTwin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rank := rapid.IntRange(0, 5).Draw(r, "rank")
		s := Spec{DType: dtype.F32}
		size := 1
		for i := range rank {
			n := rapid.SampledFrom([]int{1, 2, 3, 5, 8, 17, 40, 130, 600}).Draw(r, "dim")
			if size*n > 60000 {
				n = 1
			}
			size *= n
			s.Dims = append(s.Dims, n)
			if rapid.Bool().Draw(r, "reduced") {
				s.Axes = append([]int{i}, s.Axes...)
			}
		}
		s.Kind = Kind(rapid.IntRange(0, int(Or)).Draw(r, "kind"))
		s.DType = rapid.SampledFrom([]dtype.DType{dtype.F32, dtype.I32}).Draw(r, "type")
		if s.Kind >= And {
			s.DType = dtype.Bool
		}
		check(r, s, rapid.Uint64().Draw(r, "seed"))
	})
}

// The shapes that matter: losses, bias gradients, pooling, and sizes above each cut.
func TestReduceFastPaths(t *testing.T) {
	for _, s := range []Spec{
		{Dims: []int{100000}, Axes: []int{0}}, {Dims: []int{3, 40000}, Axes: []int{1}}, {Dims: []int{3000, 64}, Axes: []int{0}},
		{Dims: []int{9, 4097}, Axes: []int{0}}, {Dims: []int{4, 49, 77}, Axes: []int{1}}, {Dims: []int{3, 8, 8, 128}, Axes: []int{1, 2}},
		{Dims: []int{2, 3, 4, 5, 6}, Axes: []int{0, 2, 4}}, {Dims: []int{70000, 1}, Axes: []int{0}}, {Dims: []int{4, 5}}, {Dims: []int{9000, 3}, Axes: []int{0}},
	} {
		for _, k := range []Kind{Add, Maximum, Minimum} {
			s.DType, s.Kind = dtype.F32, k
			check(t, s, 5)
		}
	}
}

func TestMaximumPropagatesNaN(t *testing.T) {
	for _, axes := range [][]int{{0}, {1}, {0, 1}} {
		in := random(dtype.F32, 20*40, 1)
		in.F32[7*40+13] = float32(math.NaN())
		for _, kind := range []Kind{Maximum, Minimum, Add} {
			s := Spec{DType: dtype.F32, Dims: []int{20, 40}, Axes: axes, Kind: kind}
			size := map[int]int{0: 40, 1: 20}[axes[0]]
			at := map[int]int{0: 13, 1: 7}[axes[0]]
			if len(axes) == 2 {
				size, at = 1, 0
			}
			got := run(t, func(w int) (kernel, error) { return New(s, w) }, dtype.F32, size, in)
			for i, v := range got.F32 {
				if (v != v) != (i == at) {
					t.Errorf("%v over %v: element %d is %v", kind, axes, i, v)
				}
			}
		}
	}
}

func TestArgMaxAndCumulativeSum(t *testing.T) {
	for _, dims := range [][]int{{1}, {9}, {4, 100}, {1000, 10}, {3, 7, 300}, {2, 40000}, {40000, 2}, {5, 1, 3}} {
		for axis := range dims {
			for _, d := range []dtype.DType{dtype.F32, dtype.I32} {
				s := Along{d, dims, axis}
				x := shape.Of(d, dims...)
				in := random(d, x.Size(), 3)
				if d == dtype.F32 && x.Size() > 20 {
					in.F32[17] = float32(math.NaN())
				}
				l, err := newLines(s)
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%v along %d", x, axis)
				best := run(t, func(w int) (kernel, error) { return NewArgMax(s, w) }, dtype.I32, l.outer*l.inner, in)
				sums := run(t, func(w int) (kernel, error) { return NewCumulativeSum(s, w) }, d, x.Size(), in)
				for o := range l.outer {
					for j := range l.inner {
						want, sum, size := 0, 0.0, 1.0
						for i := range l.n {
							at := (o*l.n+i)*l.inner + j
							v := value(in, d, at)
							if b := value(in, d, (o*l.n+want)*l.inner+j); v > b || v != v && b == b {
								want = i
							}
							sum += v
							size += math.Abs(v)
							if g := value(sums, d, at); !(math.Abs(g-sum) <= 1e-5*size) && !(sum != sum && g != g) {
								t.Fatalf("cumulative_sum of %s: element %d is %v, want %v", name, at, g, sum)
							}
						}
						if g := best.I32[o*l.inner+j]; int(g) != want {
							t.Fatalf("argmax of %s: %d,%d is %d, want %d", name, o, j, g, want)
						}
					}
				}
			}
		}
	}
}

func TestBadSpecsAreErrors(t *testing.T) {
	for i, s := range []Spec{
		{DType: dtype.F32, Dims: []int{2}, Axes: []int{1}}, {DType: dtype.F32, Dims: []int{2}, Axes: []int{0, 0}}, {DType: dtype.F32, Dims: []int{0}},
		{DType: dtype.Bool, Dims: []int{2}, Kind: Add}, {DType: dtype.F32, Dims: []int{2}, Kind: And}, {DType: dtype.F32, Dims: []int{2}, Kind: 17},
	} {
		if _, err := New(s, 1); err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
	for _, name := range kindNames {
		if k, ok := ParseKind(name); !ok || k.String() != name {
			t.Errorf("ParseKind(%q) = %v, %v", name, k, ok)
		}
	}
	if _, ok := ParseKind("mean"); ok {
		t.Error("ParseKind(mean) is no error")
	}
	if _, err := NewArgMax(Along{dtype.Bool, []int{2}, 0}, 1); err == nil {
		t.Error("argmax of bool is no error")
	}
	if _, err := NewCumulativeSum(Along{dtype.F32, []int{2}, 1}, 1); err == nil {
		t.Error("cumulative_sum outside is no error")
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	in, out := random(dtype.F32, 100*640, 1), buf.Make(dtype.F32, 100*640)
	k1, err1 := New(Spec{dtype.F32, []int{100, 10, 64}, []int{0, 1}, Add}, 2)
	k2, err2 := NewArgMax(Along{dtype.F32, []int{1000, 64}, 1}, 2)
	k3, err3 := NewCumulativeSum(Along{dtype.F32, []int{1000, 64}, 0}, 2)
	for i, k := range []kernel{k1, k2, k3} {
		if err := []error{err1, err2, err3}[i]; err != nil {
			t.Fatal(err)
		}
		k.Bind(make([]float32, k.Scratch()), []buf.Buf{out}, []buf.Buf{in})
		if n := testing.AllocsPerRun(10, func() { k.Run(p) }); n != 0 {
			t.Errorf("%T.Run allocates %v times", k, n)
		}
	}
}

func BenchmarkReduce(b *testing.B) {
	for _, s := range []Spec{
		{dtype.F32, []int{1 << 22}, []int{0}, Add}, {dtype.F32, []int{1 << 16, 64}, []int{0}, Add}, {dtype.F32, []int{1 << 16, 64}, []int{1}, Add},
		{dtype.F32, []int{1 << 13, 512}, []int{0}, Add}, {dtype.F32, []int{128, 64, 512}, []int{1}, Add}, {dtype.F32, []int{1 << 14, 256}, []int{1}, Maximum},
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%v%v/%v/%d", s.Kind, s.Dims, s.Axes, workers), func(b *testing.B) {
				k, err := New(s, workers)
				if err != nil {
					b.Fatal(err)
				}
				p := pool.New(workers)
				defer p.Close()
				k.Bind(make([]float32, k.Scratch()), []buf.Buf{buf.Make(dtype.F32, k.out)}, []buf.Buf{random(dtype.F32, k.in, 1)})
				b.SetBytes(4 * int64(k.in))
				for b.Loop() {
					k.Run(p)
				}
			})
		}
	}
}

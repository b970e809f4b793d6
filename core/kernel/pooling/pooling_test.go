package pooling

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

type kernel interface {
	Scratch() int
	Bind(scratch []float32, out, in []buf.Buf)
	Run(p *pool.Pool)
}

func random(seed uint64, n int) buf.Buf {
	s, b := rng.New(seed).Stream(), buf.New(4*n)
	for i := range b.F32 {
		b.F32[i] = float32(s.Normal())
		if s.Intn(3) == 0 {
			b.F32[i] = float32(s.Intn(2)) // ties
		}
	}
	return b
}

func run(t *testing.T, plan func(workers int) (kernel, error), size int, in ...buf.Buf) []float32 {
	t.Helper()
	var first buf.Buf
	for workers := 1; workers <= 3; workers++ {
		k, err := plan(workers)
		if err != nil {
			t.Fatal(err)
		}
		out, p := random(9, size), pool.New(workers)
		k.Bind(random(8, k.Scratch()).F32, []buf.Buf{out}, in)
		k.Run(p)
		p.Close()
		if workers == 1 {
			first = out
		} else if string(out.U8) != string(first.U8) {
			t.Fatalf("%d workers give other bits than 1", workers)
		}
	}
	return first.F32
}

var windows = []Window{
	{Dims: []int{1, 1, 1, 1}, Window: [2]int{1, 1}, Stride: [2]int{1, 1}},
	{Dims: []int{2, 6, 6, 3}, Window: [2]int{2, 2}, Stride: [2]int{2, 2}},
	{Dims: []int{3, 11, 13, 16}, Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [4]int{1, 1, 1, 1}},
	{Dims: []int{2, 7, 9, 40}, Window: [2]int{3, 2}, Stride: [2]int{1, 3}, Padding: [4]int{2, 0, 0, 1}},
	{Dims: []int{9, 5, 4, 70}, Window: [2]int{5, 4}, Stride: [2]int{1, 1}},
	{Dims: []int{1, 40, 33, 65}, Window: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [4]int{1, 1, 1, 1}},
	{Dims: []int{8, 3, 3, 600}, Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [4]int{2, 2, 2, 2}},
}

// each calls f with the elements under every window, in row-major order.
func each(g geometry, f func(out int, in []int)) {
	for o := range g.b * g.oh * g.ow * g.c {
		c, ow, oh, b := o%g.c, o/g.c%g.ow, o/g.c/g.ow%g.oh, o/g.c/g.ow/g.oh
		var in []int
		for kh := range g.kh {
			for kw := range g.kw {
				h, w := oh*g.sh-g.top+kh, ow*g.sw-g.left+kw
				if h >= 0 && h < g.h && w >= 0 && w < g.w {
					in = append(in, ((b*g.h+h)*g.w+w)*g.c+c)
				}
			}
		}
		f(o, in)
	}
}

func TestPoolingEqualsTheTwin(t *testing.T) {
	for _, s := range windows {
		g, err := newGeometry("", s)
		if err != nil {
			t.Fatal(err)
		}
		nx, ny := g.b*g.h*g.w*g.c, g.b*g.oh*g.ow*g.c
		x, dy := random(1, nx), random(2, ny)
		wantMax, wantSum, wantDx := make([]float32, ny), make([]float64, ny), make([]float64, nx)
		each(g, func(o int, in []int) {
			best := in[0]
			for _, i := range in {
				if x.F32[i] > x.F32[best] {
					best = i
				}
				wantSum[o] += float64(x.F32[i])
			}
			wantMax[o] = x.F32[best]
			wantDx[best] += float64(dy.F32[o])
		})
		for _, kind := range []Kind{Maximum, Add} {
			s.Kind = kind
			got := run(t, func(w int) (kernel, error) { return NewReduceWindow(s, w) }, ny, x)
			for i, y := range got {
				if kind == Maximum && y != wantMax[i] || kind == Add && math.Abs(float64(y)-wantSum[i]) > 1e-5 {
					t.Fatalf("%+v: element %d is %v, want %v or %v", s, i, y, wantMax[i], wantSum[i])
				}
			}
		}
		dx := run(t, func(w int) (kernel, error) { return NewSelectAndScatter(s, w) }, nx, x, dy)
		for i, v := range dx {
			if math.Abs(float64(v)-wantDx[i]) > 1e-5 {
				t.Fatalf("gradient of %+v: element %d is %v, want %v", s, i, v, wantDx[i])
			}
		}
	}
}

func TestMaximumPropagatesNaN(t *testing.T) {
	s := windows[2]
	x := random(1, 3*11*13*16)
	x.F32[5*16+3] = float32(math.NaN()) // image 0, row 0, column 5, channel 3
	y := run(t, func(w int) (kernel, error) { return NewReduceWindow(s, w) }, 3*6*7*16, x)
	for i, v := range y {
		if want := i == 2*16+3 || i == 3*16+3; (v != v) != want {
			t.Errorf("element %d is %v", i, v)
		}
	}
}

func TestBadWindowsAreErrors(t *testing.T) {
	for i, s := range []Window{
		{}, {Dims: []int{1, 2, 2, 1}, Window: [2]int{3, 1}, Stride: [2]int{1, 1}}, {Dims: []int{1, 2, 2, 1}, Window: [2]int{1, 1}},
		{Dims: []int{1, 2, 2, 1}, Window: [2]int{2, 2}, Stride: [2]int{1, 1}, Padding: [4]int{2, 0, 0, 0}},
		{Dims: []int{1, 2, 2, 1}, Window: [2]int{2, 2}, Stride: [2]int{1, 1}, Kind: 7},
	} {
		if _, err := NewReduceWindow(s, 1); err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
}

func resnetStem(b int) Window {
	return Window{Dims: []int{b, 112, 112, 64}, Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [4]int{1, 1, 1, 1}}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	s := windows[5]
	x, dy := random(1, 40*33*65), random(2, 40*33*65)
	k1, err1 := NewReduceWindow(s, 2)
	k2, err2 := NewSelectAndScatter(s, 2)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	y := buf.New(4 * 40 * 33 * 65)
	k1.Bind(make([]float32, k1.Scratch()), []buf.Buf{y}, []buf.Buf{x})
	k2.Bind(make([]float32, k2.Scratch()), []buf.Buf{y}, []buf.Buf{x, dy})
	for _, k := range []kernel{k1, k2} {
		if n := testing.AllocsPerRun(10, func() { k.Run(p) }); n != 0 {
			t.Errorf("%T.Run allocates %v times", k, n)
		}
	}
}

// Bytes are those of the larger operands, once each.
func BenchmarkPooling(b *testing.B) {
	s := resnetStem(8)
	nx := 8 * 112 * 112 * 64
	x, dy, dx := random(1, nx), random(2, nx/4), buf.New(4*nx)
	for _, workers := range []int{1, 2} {
		k1, err1 := NewReduceWindow(s, workers)
		k2, err2 := NewSelectAndScatter(s, workers)
		if err1 != nil || err2 != nil {
			b.Fatal(err1, err2)
		}
		p := pool.New(workers)
		for i, k := range []kernel{k1, k2} {
			in := []buf.Buf{x, dy}[:i+1]
			k.Bind(make([]float32, k.Scratch()), []buf.Buf{dx}, in)
			b.Run(fmt.Sprintf("%T/%d", k, workers), func(b *testing.B) {
				b.SetBytes(4 * int64(nx) * []int64{1, 2}[i])
				for b.Loop() {
					k.Run(p)
				}
			})
		}
		p.Close()
	}
}

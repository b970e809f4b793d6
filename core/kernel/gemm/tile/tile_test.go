package tile

import (
	"fmt"
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/rng"
)

func normal(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal())
	}
	return out
}

// The generator writes these offsets into the assembly.
func TestLayout(t *testing.T) {
	var a Args
	var g GatherArgs
	for i, c := range []struct{ got, want uintptr }{
		{unsafe.Offsetof(a.Segs), 0}, {unsafe.Offsetof(a.Count), 8}, {unsafe.Offsetof(a.Depth), 16}, {unsafe.Offsetof(a.A), 24},
		{unsafe.Offsetof(a.KS), 32}, {unsafe.Offsetof(a.Zero), 40}, {unsafe.Offsetof(a.B), 48}, {unsafe.Offsetof(a.BS), 56}, {unsafe.Offsetof(a.Panel), 64},
		{unsafe.Offsetof(a.C), 72}, {unsafe.Offsetof(a.COff), 80}, {unsafe.Offsetof(a.CPanel), 88}, {unsafe.Offsetof(a.Add), 96}, {unsafe.Offsetof(a.AddOff), 104},
		{unsafe.Sizeof(Seg{}), 56}, {unsafe.Offsetof(Seg{}.B), 48},
		{unsafe.Offsetof(g.Pairs), 0}, {unsafe.Offsetof(g.N), 8}, {unsafe.Offsetof(g.A), 16}, {unsafe.Offsetof(g.B), 24},
		{unsafe.Offsetof(g.Panel), 32}, {unsafe.Offsetof(g.C), 40}, {unsafe.Offsetof(g.CPanel), 48}, {unsafe.Offsetof(g.Add), 56},
	} {
		if unsafe.Sizeof(uintptr(0)) == 8 && c.got != c.want {
			t.Errorf("layout %d: %d bytes, the generator says %d", i, c.got, c.want)
		}
	}
}

// near reports whether x and y agree within the rounding of k products of order 1.
func near(x, y float32, k int) bool {
	return math.Abs(float64(x)-float64(y)) <= 1e-6*math.Sqrt(float64(k))*4
}

func compare(t *testing.T, what string, got, want []float32, k int) {
	t.Helper()
	for i := range got {
		if !near(got[i], want[i], k) {
			t.Fatalf("%s: element %d is %v, the twin says %v", what, i, got[i], want[i])
		}
	}
}

// sizes calls f for every tile and a sweep of depths.
func sizes(f func(rows, cols, k int)) {
	for cols := 8; cols <= Width; cols += 8 {
		if Narrowest(cols) != cols {
			continue
		}
		for rows := 1; rows <= Rows; rows++ {
			for _, k := range []int{1, 2, 3, 4, 5, 8, 11, 64} {
				f(rows, cols, k)
			}
		}
	}
}

func skipWithoutAssembly(t *testing.T) {
	if !isa.AVX2() {
		t.Skip("no assembly here: the twin is all there is")
	}
}

func TestMulEqualsItsTwin(t *testing.T) {
	skipWithoutAssembly(t)
	const place, panel = 96, 400 // bytes between rows of C, and floats between its panels
	a, b, add, zero := normal(1, 4096), normal(2, 8192), normal(3, 1024), make([]float32, 512)
	sizes(func(rows, cols, k int) {
		for mode := range 8 {
			segs := []Seg{
				{Row: [MaxRows]int32{0, 400, 80, -1, 1000, 44, 88, 96, -1, 52, 4, -1}},
				{Row: [MaxRows]int32{-1, 4, 160, 8, 12, 4, -1, 800, 0, -1, 16, 400}, B: int32(64 * k)},
			}[:mode%2+1]
			off := Evenly(place)
			args := Args{Segs: &segs[0], Count: len(segs), Depth: k, A: &a[0], KS: 4 + 8*(mode&2), Zero: &zero[0], B: &b[0], BS: 64, Panel: 64 * 130, CPanel: 4 * panel, COff: &off, AddOff: &off}
			if mode&4 != 0 {
				args.Add = &add[0]
			}
			got, want := normal(4, 2*panel), normal(4, 2*panel)
			args.C = &got[0]
			Mul(rows, cols, &args)
			args.C = &want[0]
			mul(rows, cols, &args)
			compare(t, fmt.Sprintf("%dx%d, k %d, mode %d", rows, cols, k, mode), got, want, 2*k)
		}
	})
}

func TestResidentEqualsMulToTheBit(t *testing.T) {
	a, b := normal(1, 40*Cols), normal(2, Cols*Cols)
	for rows := range 40 {
		got, want := make([]float32, 41*Cols), make([]float32, 41*Cols)
		Resident(rows, &a[0], &b[0], &got[0])
		from, to := Evenly(4*Cols), Evenly(4*Cols)
		for i := range rows {
			Mul(1, Cols, &Args{Segs: &Seg{Row: from}, Count: 1, Depth: Cols, A: &a[Cols*i], KS: 4, B: &b[0], BS: 4 * Cols, C: &want[Cols*i], COff: &to})
		}
		same(t, fmt.Sprintf("%d rows", rows), got, want)
	}
}

func TestMulOfNothing(t *testing.T) {
	n := Rows * Width
	add, c, off := normal(1, n), normal(2, n), Evenly(4*Width)
	Mul(Rows, Width, &Args{Depth: 1, CPanel: 64, C: &c[0], COff: &off, Add: &add[0], AddOff: &off})
	compare(t, "no segments", c, add, 0)
}

func TestGatherEqualsItsTwin(t *testing.T) {
	skipWithoutAssembly(t)
	const panel = 300 // floats between panels of C
	a, b, add := normal(1, 4096), normal(2, 4096), normal(3, 2*panel)
	sizes(func(rows, cols, k int) {
		for _, p := range []*float32{nil, &add[0]} {
			list := make([]Pair, k)
			for i := range list {
				list[i] = Pair{uint32(i * 52 % 4000), uint32(64 * (k - 1 - i))}
			}
			args := GatherArgs{Pairs: &list[0], N: k, A: &a[0], B: &b[0], Panel: 64 * 70, CPanel: 4 * panel, Add: p}
			got, want := normal(4, 2*panel), normal(4, 2*panel)
			args.C = &got[0]
			Gather(rows, cols, &args)
			args.C = &want[0]
			gather(rows, cols, &args)
			compare(t, fmt.Sprintf("%dx%d, %d pairs", rows, cols, k), got, want, k)
		}
	})
}

func TestPairsEqualsItsTwin(t *testing.T) {
	a, b, add := normal(1, 4096), normal(2, 4096), normal(3, 100)
	for _, n := range []int{1, 7, 8, 9, 31, 32, 33, 40, 71, 100} {
		for _, p := range []*float32{nil, &add[0]} {
			list := []Pair{{0, 64}, {400, 0}, {36, 2000}, {4000, 12}, {8, 8}}
			args := GatherArgs{Pairs: &list[0], N: len(list), A: &a[0], B: &b[0], Add: p}
			got, want := normal(4, 100), normal(4, 100)
			args.C = &got[0]
			Pairs(n, &args)
			args.C = &want[0]
			pairs(0, n, &args)
			compare(t, fmt.Sprintf("%d channels", n), got, want, len(list))
		}
	}
}

func TestPackB(t *testing.T) {
	src := normal(1, 20000)
	for _, n := range []int{1, 7, 16, 17, 40, 64, 130} {
		for _, k := range []int{1, 5, 8, 17, 33} {
			for _, s := range [][2]int{{n, 1}, {1, k}, {n + 3, 1}, {1, k + 5}, {2 * n, 2}} {
				np := (n + Cols - 1) / Cols * Cols
				dst := normal(2, np*k)
				PackB(dst, src, s[0], s[1], k, n)
				for p := range k {
					for j := range np {
						want := float32(0)
						if j < n {
							want = src[p*s[0]+j*s[1]]
						}
						if got := dst[(j/Cols*k+p)*Cols+j%Cols]; got != want {
							t.Fatalf("%dx%d, strides %v: element (%d,%d) is %v, want %v", k, n, s, p, j, got, want)
						}
					}
				}
			}
		}
	}
}

func TestPackA(t *testing.T) {
	src := normal(1, 20000)
	for _, m := range []int{1, 6, 7, 23, 24, 48, 53, 110} {
		for _, k := range []int{1, 8, 33} {
			for _, s := range [][2]int{{k, 1}, {1, m}, {1, m + 3}, {2, 2 * m}} {
				dst := make([]float32, (m+Rows-1)/Rows*Rows*k)
				PackA(dst, src, s[0], s[1], m, k)
				for i := range m {
					for p := range k {
						if got, want := dst[(i/Rows*k+p)*Rows+i%Rows], src[i*s[0]+p*s[1]]; got != want {
							t.Fatalf("%dx%d, strides %v: element (%d,%d) is %v, want %v", m, k, s, i, p, got, want)
						}
					}
				}
			}
		}
	}
}

func BenchmarkSpin(b *testing.B) {
	var n int64
	for b.Loop() {
		n += Spin(1e7)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkMul(b *testing.B) { benchmarkMul(b, Mul, Spin, 2) }

func benchmarkMul(b *testing.B, mul func(rows, cols int, args *Args), spin func(int64) int64, flops int) {
	for _, cols := range []int{Cols, Width} {
		for _, k := range []int{9, 16, 64, 256} {
			b.Run(fmt.Sprintf("%dx%dx%d", Rows, cols, k), func(b *testing.B) {
				x, y, c := normal(1, Rows*k), normal(2, cols*k), normal(3, Rows*cols)
				seg, off := Seg{Row: Evenly(4 * k)}, Evenly(4*cols)
				args := Args{Segs: &seg, Count: 1, Depth: k, A: &x[0], KS: 4, B: &y[0], BS: 64, Panel: 64 * k, CPanel: 64, C: &c[0], COff: &off}
				best, peak := 0.0, 0.0
				for b.Loop() {
					start := time.Now()
					for range 100 {
						mul(Rows, cols, &args)
					}
					best = max(best, float64(100*k*Rows*cols*flops)/time.Since(start).Seconds())
					start = time.Now()
					n := spin(1e6)
					peak = max(peak, float64(n)/time.Since(start).Seconds())
				}
				b.ReportMetric(best/1e9, "GFLOP/s")
				b.ReportMetric(100*best/peak, "%peak")
			})
		}
	}
}

package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

func random(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal())
	}
	return out
}

func matmul(s MatSpec, workers int, a, b []float32) []float32 {
	p := pool.New(workers)
	defer p.Close()
	m := NewMatMul(s, workers)
	c := make([]float32, s.Batch*s.M*s.N)
	m.Bind(make([]float32, m.Scratch(workers)), c, a, b)
	m.Run(p)
	return c
}

// Against the obvious triple loop in float64, over every way the work is cut.
func TestMatMul(t *testing.T) {
	for _, d := range [][4]int{{1, 1, 1, 1}, {1, 5, 3, 7}, {1, 6, 16, 4}, {1, 13, 33, 129}, {1, 97, 17, 513}, {1, 200, 48, 1030}, {1, 10, 12, 9000}, {4, 7, 9, 11}, {3, 1, 20, 600}, {2, 33, 1, 5}} {
		for transposes := range 4 {
			s := MatSpec{Batch: d[0], M: d[1], N: d[2], K: d[3]}
			s.ARow, s.ACol, s.BRow, s.BCol = s.K, 1, s.N, 1
			if transposes&1 != 0 {
				s.ARow, s.ACol = 1, s.M
			}
			if transposes&2 != 0 {
				s.BRow, s.BCol = 1, s.K
			}
			s.ABatch, s.BBatch = s.M*s.K, s.K*s.N
			a, b := random(1, s.Batch*s.M*s.K), random(2, s.Batch*s.K*s.N)
			got := matmul(s, 1, a, b)
			for _, w := range []int{2, 3} {
				if again := matmul(s, w, a, b); !same(got, again) {
					t.Fatalf("%+v: bits differ between 1 and %d workers", s, w)
				}
			}
			for i, x := range got {
				bt, r, c := i/(s.M*s.N), i/s.N%s.M, i%s.N
				var want float64
				for k := range s.K {
					want += float64(a[bt*s.ABatch+r*s.ARow+k*s.ACol]) * float64(b[bt*s.BBatch+k*s.BRow+c*s.BCol])
				}
				if math.Abs(float64(x)-want) > 1e-5*math.Sqrt(float64(s.K))*4 {
					t.Fatalf("%+v: c[%d] = %v, want %v", s, i, x, want)
				}
			}
		}
	}
}

func same(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func BenchmarkMatMul(b *testing.B) {
	for _, n := range []int{256, 512, 1024} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d/%d", n, workers), func(b *testing.B) {
				p := pool.New(workers)
				defer p.Close()
				s := MatSpec{Batch: 1, M: n, N: n, K: n, ARow: n, ACol: 1, BRow: n, BCol: 1}
				m := NewMatMul(s, workers)
				m.Bind(make([]float32, m.Scratch(workers)), make([]float32, n*n), random(1, n*n), random(2, n*n))
				b.ReportAllocs()
				for b.Loop() {
					m.Run(p)
				}
				b.ReportMetric(float64(m.FLOPs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

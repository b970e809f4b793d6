package gemm

import (
	"fmt"
	"testing"
	"time"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

type spinTask struct{ each int64 }

func (s spinTask) Chunk(i, worker int) { tile.Spin(s.each) }

// report adds GFLOP/s and the share of the peak that the same workers reach on
// arithmetic alone, measured here and now.
func report(b *testing.B, p *pool.Pool, flops int64) {
	rate := float64(flops) * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	if tile.Spin(1) == 0 {
		return
	}
	best := 0.0
	for range 5 {
		s := spinTask{20e6}
		start := time.Now()
		p.Run(p.Workers(), s)
		best = max(best, float64(s.each)*float64(p.Workers())/time.Since(start).Seconds()/1e9)
	}
	b.ReportMetric(100*rate/best, "%peak")
}

func BenchmarkGemm(b *testing.B) {
	for _, c := range []struct {
		name string
		s    Spec
	}{
		{"256", Spec{M: 256, N: 256, K: 256}},
		{"512", Spec{M: 512, N: 512, K: 512}},
		{"512/TA", Spec{M: 512, N: 512, K: 512, TransA: true}},
		{"512/TB", Spec{M: 512, N: 512, K: 512, TransB: true}},
		{"1024", Spec{M: 1024, N: 1024, K: 1024}},
		{"64x64x64 batch 96", Spec{M: 64, N: 64, K: 64, Batch: []Batch{{96, 4096, 4096, 4096}}}},
		{"64x64x64 TB batch 96", Spec{M: 64, N: 64, K: 64, TransB: true, Batch: []Batch{{96, 4096, 4096, 4096}}}},
		{"65x65x64 TB batch 96", Spec{M: 65, N: 65, K: 64, TransB: true, Batch: []Batch{{96, 4225, 4225, 4225}}}},
		{"dW 192x576x8320", Spec{M: 192, N: 576, K: 8320, TransA: true}},
		{"linear 8320x576x192", Spec{M: 8320, N: 576, K: 192, TransB: true, Bias: true}},
		{"1x1024x1024", Spec{M: 1, N: 1024, K: 1024}},
		{"1024x1x1024", Spec{M: 1024, N: 1, K: 1024}},
		{"1024x1024x1", Spec{M: 1024, N: 1024, K: 1}},
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", c.name, workers), func(b *testing.B) {
				p := pool.New(workers)
				defer p.Close()
				st, err := c.s.strided()
				if err != nil {
					b.Fatal(err)
				}
				g := bind(b, c.s, workers, make([]float32, st.sizeC()), normal(1, st.sizeA()), normal(2, st.sizeB()), normal(3, st.n))
				for b.Loop() {
					g.Run(p)
				}
				report(b, p, g.FLOPs())
			})
		}
	}
}

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

// measure runs k and reports the fastest run in GFLOP/s, and its share of what
// the same workers reach on arithmetic alone, run in turns: ratios of bests
// stand up to a machine that is shared.
func measure(b *testing.B, p *pool.Pool, k interface{ Run(*pool.Pool) }, flops int64) {
	fastest := func(n int64, run func()) float64 {
		start := time.Now()
		run()
		return float64(n) / time.Since(start).Seconds() / 1e9
	}
	spin := spinTask{1e6}
	total := spin.each * int64(p.Workers())
	var rate, peak float64
	for b.Loop() {
		rate = max(rate, fastest(flops, func() { k.Run(p) }))
		peak = max(peak, fastest(total, func() { p.Run(p.Workers(), spin) }))
	}
	b.ReportMetric(rate, "GFLOP/s")
	if tile.Spin(1) > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
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
		{"2048", Spec{M: 2048, N: 2048, K: 2048}},
		{"64x64x64 batch 96", Spec{M: 64, N: 64, K: 64, Batch: []Batch{{96, 4096, 4096, 4096}}}},
		{"64x64x64 TB batch 96", Spec{M: 64, N: 64, K: 64, TransB: true, Batch: []Batch{{96, 4096, 4096, 4096}}}},
		{"65x65x64 TB batch 96", Spec{M: 65, N: 65, K: 64, TransB: true, Batch: []Batch{{96, 4225, 4225, 4225}}}},
		{"dW 192x576x8320", Spec{M: 192, N: 576, K: 8320, TransA: true}},
		{"linear 8320x576x192", Spec{M: 8320, N: 576, K: 192, TransB: true, Bias: true}},
		{"1x1024x1024", Spec{M: 1, N: 1024, K: 1024}},
		{"1x1024x1024 TB", Spec{M: 1, N: 1024, K: 1024, TransB: true}},
		{"1024x1x1024 TA", Spec{M: 1024, N: 1, K: 1024, TransA: true}},
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
				measure(b, p, g, g.FLOPs())
			})
		}
	}
}

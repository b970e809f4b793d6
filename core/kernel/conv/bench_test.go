package conv

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

type spinTask struct{ each int64 }

func (s spinTask) Chunk(i, worker int) { tile.Spin(s.each) }

// measure runs k and reports the fastest run in GFLOP/s, padding counted as
// work, and its share of what the same workers reach on arithmetic alone, run in
// turns: ratios of bests stand up to a machine that is shared.
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
		for range 4 {
			peak = max(peak, fastest(total, func() { p.Run(p.Workers(), spin) }))
		}
	}
	b.ReportMetric(rate, "GFLOP/s")
	if tile.Spin(1) > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

// The layers of ResNet-18 with the CIFAR stem, at width 16 and 64, batch 32,
// and others that stand for their kind.
func BenchmarkConv(b *testing.B) {
	type layer struct {
		name string
		s    Spec
	}
	var layers []layer
	for _, width := range []int{16, 64} {
		add := func(name string, s Spec) {
			layers = append(layers, layer{fmt.Sprintf("width %d/%s", width, name), s})
		}
		add("stem 3@32", square(32, 32, 32, 3, width, 3, 1, 1, 1, 1))
		for i, size := range []int{32, 16, 8, 4} {
			c := width << i
			add(fmt.Sprintf("%d@%d", c, size), square(32, size, size, c, c, 3, 1, 1, 1, 1))
			if i < 3 {
				add(fmt.Sprintf("%d@%d to %d stride 2", c, size, 2*c), square(32, size, size, c, 2*c, 3, 2, 1, 1, 1))
				add(fmt.Sprintf("%d@%d to %d shortcut", c, size, 2*c), square(32, size, size, c, 2*c, 1, 2, 0, 1, 1))
			}
		}
	}
	layers = append(layers,
		layer{"others/pointwise 256@14 to 64", square(8, 14, 14, 256, 64, 1, 1, 0, 1, 1)},
		layer{"others/depthwise 96@28", square(8, 28, 28, 96, 96, 3, 1, 1, 1, 96)},
		layer{"others/digit 1@28 to 32", square(64, 28, 28, 1, 32, 3, 1, 1, 1, 1)},
		layer{"others/stem 3@112 to 64 7x7", square(4, 112, 112, 3, 64, 7, 2, 3, 1, 1)},
		layer{"others/patches 3@32 to 192 4x4", square(64, 32, 32, 3, 192, 4, 4, 0, 1, 1)},
	)
	for _, l := range layers {
		s := l.s
		x, w, y := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(3, s.sizeY())
		for _, workers := range []int{1, 2} {
			p := pool.New(workers)
			defer p.Close()
			run := func(what string, k interface {
				Run(*pool.Pool)
				FLOPs() int64
			}) {
				b.Run(fmt.Sprintf("%s/%s/%d", l.name, what, workers), func(b *testing.B) { measure(b, p, k, k.FLOPs()) })
			}
			f, _ := New(s, workers)
			fx, _ := NewInputGrad(s, workers)
			fw, _ := NewWeightGrad(s, workers)
			f.Bind(make([]float32, f.Scratch()), make([]float32, len(y)), x, w, nil)
			fx.Bind(make([]float32, fx.Scratch()), make([]float32, len(x)), y, w)
			fw.Bind(make([]float32, fw.Scratch()), make([]float32, len(w)), x, y)
			run("y", f)
			run("dx", fx)
			run("dw", fw)
		}
	}
}

// Winograd against the direct path, in turns: the metric is the median over the
// turns of direct time over Winograd's, above 1 where Winograd is faster. The
// rule of [cheapest] follows from these.
func BenchmarkWinograd(b *testing.B) {
	b.Run("f32", func(b *testing.B) { benchmarkWinograd(b, twos, false) })
	b.Run("f4", func(b *testing.B) { benchmarkWinograd(b, fours, false) })
	b.Run("bf16", func(b *testing.B) { benchmarkWinograd(b, twos, true) })
}

func benchmarkWinograd(b *testing.B, t tiling, half bool) {
	if half {
		skipWithoutBF16(b)
	}
	for _, l := range []struct{ batch, size, c, o int }{
		{512, 28, 16, 16}, {512, 14, 32, 32}, {512, 7, 64, 64}, // the quickstart's
		{256, 32, 16, 16}, {256, 16, 32, 32}, {512, 8, 64, 64}, {512, 4, 128, 128}, // ResNet-18 for CIFAR, width 16
		{64, 32, 64, 64}, {64, 16, 128, 128}, {64, 8, 256, 256}, {256, 4, 512, 512}, // width 64
		{16, 56, 64, 64}, {16, 28, 128, 128}, {32, 14, 256, 256}, {64, 7, 512, 512}, // ResNet-18 for ImageNet
	} {
		s := square(l.batch, l.size, l.size, l.c, l.o, 3, 1, 1, 1, 1)
		x, w, dy := normal(1, s.sizeX()), normal(2, s.sizeW()), normal(3, s.sizeY())
		if s.Half = half; half {
			x, w, dy = words(x), words(w), words(dy)
		}
		for _, p := range tiled(t, s) {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%d@%d/%s/%d", l.c, l.size, p.name, workers), func(b *testing.B) {
					pool := pool.New(workers)
					defer pool.Close()
					direct, fewer, out := p.direct(workers), p.winograd(workers), make([]float32, p.out)
					for _, m := range []method{direct, fewer} {
						m.Bind(make([]float32, m.Scratch()), out, p.a(x, w, dy), p.b(x, w, dy), nil)
						m.Run(pool)
					}
					seconds := func(m method) float64 {
						start := time.Now()
						m.Run(pool)
						return time.Since(start).Seconds()
					}
					var ratios []float64
					best := seconds(fewer)
					for b.Loop() {
						t := seconds(fewer)
						best = min(best, t)
						ratios = append(ratios, seconds(direct)/t)
					}
					slices.Sort(ratios)
					b.ReportMetric(ratios[len(ratios)/2], "direct/winograd")
					b.ReportMetric(float64(s.FLOPs())/best/1e9, "GFLOP/s")
				})
			}
		}
	}
}

package main

import (
	"context"
	"time"

	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

// product is a square matrix product beside arithmetic that touches no memory, both
// on the same workers.
type product struct {
	N       int     `json:"n"`
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflop_per_second"`
	Peak    float64 `json:"peak_gflop_per_second"` // 0 where there is no assembly
}

// productSizes are those of the table.
var productSizes = []int{256, 512, 1024, 2048}

// productSeconds is how long each is measured.
const productSeconds = 2

// products measures float32 products for all sizes and numbers of threads.
func products(ctx context.Context, b *bench) error {
	b.r.GEMM = nil
	for _, threads := range b.Threads {
		p := pool.New(threads)
		for _, n := range productSizes {
			x, err := multiply(ctx, p, n)
			if err != nil {
				p.Close()
				return err
			}
			b.say("gemm %d, %d threads: %.1f GFLOP/s of %.1f", n, threads, x.GFLOPS, x.Peak)
			b.r.GEMM = append(b.r.GEMM, x)
		}
		p.Close()
	}
	return b.save()
}

type spin struct{ each int64 }

// Chunk does arithmetic in registers.
func (s spin) Chunk(int, int) { tile.Spin(s.each) }

// multiply takes the best of many runs of each kind, in turns: that stands up to a
// machine that others use too.
func multiply(ctx context.Context, p *pool.Pool, n int) (product, error) {
	x := product{N: n, Threads: p.Workers()}
	g, err := gemm.New(gemm.Spec{M: n, N: n, K: n}, p.Workers())
	if err != nil {
		return x, err
	}
	a, b := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%7)-3, float32(i%5)-2
	}
	g.Bind(make([]float32, g.Scratch()), make([]float32, n*n), a, b, nil)
	rate := func(flops int64, run func()) float64 {
		began := time.Now()
		run()
		return float64(flops) / time.Since(began).Seconds() / 1e9
	}
	const chunk = 1 << 20
	each := tile.Spin(chunk)
	chunks := max(p.Workers(), int(g.FLOPs()/chunk)) // as long as the product takes
	for end := time.Now().Add(productSeconds * time.Second); time.Now().Before(end); {
		if ctx.Err() != nil {
			return x, ctx.Err()
		}
		x.GFLOPS = max(x.GFLOPS, rate(g.FLOPs(), func() { g.Run(p) }))
		if each > 0 {
			x.Peak = max(x.Peak, rate(int64(chunks)*each, func() { p.Run(chunks, spin{chunk}) }))
		}
	}
	return x, nil
}

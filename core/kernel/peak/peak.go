// Package peak owns what this machine can do at best, measured in a fifth of a
// second: arithmetic that touches no memory, and copies of memory that no cache
// holds. Kernels are judged by their share of it. Start from [Measure].
package peak

import (
	"time"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

// Peak is what the pool's workers reach together.
type Peak struct {
	FLOPs     float64 // float32 multiplications and additions a second; 0 without assembly
	BF16FLOPs float64 // of bfloat16, added in float32; 0 where the processor has none
	Bytes     float64 // read and written a second
}

const (
	rounds     = 5         // of each kind, of which the best counts
	spinFLOPs  = 1 << 20   // of a chunk: some microseconds
	spinChunks = 256       // of a worker
	copied     = 64 << 20  // bytes: more than last-level caches hold
	copyChunk  = 256 << 10 // bytes
)

// Measure takes the best of a few rounds, in turns, so that other programs disturb
// it little. It allocates memory of 2*copied bytes for as long as it runs.
func Measure(p *pool.Pool) Peak {
	var best Peak
	c := copyTask{make([]byte, copied), make([]byte, copied)}
	for i := 0; i < copied; i += 4096 {
		c.src[i] = 1 // pages that were never written are all one page
	}
	chunks := spinChunks * p.Workers()
	spin := func(s spinTask) float64 {
		each := s.f(spinFLOPs)
		if each == 0 {
			return 0
		}
		return float64(chunks) * float64(each) / timed(func() { p.Run(chunks, s) })
	}
	for range rounds {
		best.FLOPs = max(best.FLOPs, spin(spinTask{tile.Spin}))
		best.BF16FLOPs = max(best.BF16FLOPs, spin(spinTask{tile.SpinPairs}))
		took := timed(func() { p.Run(copied/copyChunk, c) })
		best.Bytes = max(best.Bytes, 2*copied/took)
	}
	return best
}

func timed(f func()) (seconds float64) {
	began := time.Now()
	f()
	return time.Since(began).Seconds()
}

type spinTask struct{ f func(n int64) int64 }

// Chunk does arithmetic in registers.
func (s spinTask) Chunk(int, int) { s.f(spinFLOPs) }

type copyTask struct{ dst, src []byte }

// Chunk copies one part.
func (c copyTask) Chunk(i, _ int) { copy(c.dst[i*copyChunk:][:copyChunk], c.src[i*copyChunk:]) }

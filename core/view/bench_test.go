package view

import (
	"fmt"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

// The whole of SimCLR's view program on one worker: time and memory for each
// view, of decoded images in memory.
func BenchmarkSimCLR(b *testing.B) {
	for _, c := range []struct{ size, h, w int }{{32, 32, 32}, {224, 375, 500}} {
		b.Run(fmt.Sprintf("%dx%d", c.size, c.size), func(b *testing.B) {
			const images = 8
			var ds album
			indices := make([]int, images)
			for i := range indices {
				k := rng.New(uint64(i)).Stream()
				m := data.Image{Pix: make([]uint8, c.h*c.w*3), H: c.h, W: c.w, C: 3}
				for j := range m.Pix { // noise on a gradient
					m.Pix[j] = uint8(j/(3*c.w)*150/c.h) + uint8(k.Uint32()%100)
				}
				ds, indices[i] = append(ds, m), i
			}
			p := simclr(b, ds, images, c.size, 3)
			w := pool.New(1)
			defer w.Close()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := p.Fill(w, indices, rng.New(uint64(i%16))); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2*images), "ns/view")
		})
	}
}

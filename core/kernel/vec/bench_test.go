package vec

import (
	"strings"
	"testing"
	"time"
)

// quickest is the least time of a call in runs of calls, which other load on the
// machine hardly lengthens.
func quickest(calls, runs int, f func()) time.Duration {
	best := time.Duration(1 << 62)
	for range runs {
		start := time.Now()
		for range calls {
			f()
		}
		best = min(best, time.Since(start))
	}
	return best / time.Duration(calls)
}

// BenchmarkL1 runs every function over operands in the L1 cache with each
// instruction set in turn and prints elements per nanosecond and the ratio of
// the two times.
func BenchmarkL1(b *testing.B) {
	if !useAVX512 {
		b.Skip("needs AVX-512 to compare with AVX2")
	}
	defer func() { useAVX512 = true }()
	for _, f := range every {
		for _, size := range [][2]int{{1024, 1}, {64, 16}} {
			o := newOperands(size[0], size[1])
			if (size[1] > 1) != strings.HasPrefix(f.name, "Col") {
				continue
			}
			for k := range o.f { // no denormals, infinities or NaN
				copy(o.f[k], normals(uint64(k), len(o.f[k])))
			}
			b.Run(f.name, func(b *testing.B) {
				var wide, narrow time.Duration
				for b.Loop() {
					wide, narrow = 1<<62, 1<<62
					for range 5 {
						useAVX512 = true
						wide = min(wide, quickest(50, 20, func() { f.run(o) }))
						useAVX512 = false
						narrow = min(narrow, quickest(50, 20, func() { f.run(o) }))
					}
				}
				n := float64(size[0] * size[1])
				b.ReportMetric(n/float64(wide), "elements/ns")
				b.ReportMetric(n/float64(narrow), "avx2-elements/ns")
				b.ReportMetric(float64(narrow)/float64(wide), "avx2/avx512")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

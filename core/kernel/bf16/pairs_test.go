package bf16

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/dtype"
)

// Words of rows in panels, from bfloat16s and from float32s, against their definition.
func TestWordsOfRows(t *testing.T) {
	for _, channels := range []int{1, 7, 16, 17, 40, 64} {
		for _, n := range []int{1, 2, 5} {
			for _, one := range []bool{false, true} {
				what := fmt.Sprintf("%d channels, %d rows, one %v", channels, n, one)
				panels := (channels + group - 1) / group
				r := Rows{N: n, Channels: channels, From: channels + 3, To: group, Panel: n * group}
				lo, hi := make([]float32, n*r.From), make([]float32, n*r.From)
				for i := range lo {
					lo[i], hi[i] = float32(math.Sin(float64(i))), float32(math.Cos(float64(3*i)))
				}
				a, b := make([]uint16, len(lo)), make([]uint16, len(hi))
				Narrow(a, lo)
				Narrow(b, hi)
				if one {
					hi, b = nil, nil
				}
				zipped, paired := make([]float32, panels*n*group), make([]float32, panels*n*group)
				Zip(zipped, a, b, r)
				Pair(paired, lo, hi, r)
				for row := range n {
					for c := range panels * group {
						var want uint32
						if c < channels {
							want = uint32(a[row*r.From+c])
							if !one {
								want |= uint32(dtype.BF16FromF32(math.Float32bits(hi[row*r.From+c]))) << 16
							}
						}
						at := c/group*r.Panel + row*group + c%group
						if got := math.Float32bits(zipped[at]); got != want {
							t.Fatalf("%s: Zip: word (%d,%d) is %08x, want %08x", what, row, c, got, want)
						}
						if got := math.Float32bits(paired[at]); got != want {
							t.Fatalf("%s: Pair: word (%d,%d) is %08x, want %08x", what, row, c, got, want)
						}
					}
				}
			}
		}
	}
}

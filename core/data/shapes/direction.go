package shapes

import (
	"math"

	"github.com/fwlab/fw/core/rng"
)

// direction is cosine and sine of a uniform angle in 1/2^20: a point of a ring,
// divided by its length. Root and quotient are correctly rounded everywhere and
// the factor is a power of two, which sines and fused sums would not be.
func direction(s *rng.Stream) (cos, sin int64) {
	for {
		u, v := between(s, -1000, 1001), between(s, -1000, 1001)
		if q := u*u + v*v; 500*500 <= q && q <= 1000*1000 {
			r := math.Sqrt(float64(q))
			return int64(float64(u) / r * (1 << 20)), int64(float64(v) / r * (1 << 20))
		}
	}
}

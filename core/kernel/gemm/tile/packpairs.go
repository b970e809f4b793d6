package tile

import (
	"math"

	"github.com/fwlab/fw/core/kernel/isa"
)

// PackPairsB is [PackB] of words: word (p, j) is src[p*ks + j] and above it
// src[p*ks + hi + j].
func PackPairsB(dst []float32, src []uint16, ks, hi, k, n int) {
	for j := 0; j < n; j += Cols {
		panel, cols := dst[j*k:(j+Cols)*k], min(Cols, n-j)
		zip(panel, src[j:], src[hi+j:], ks, Cols, k, cols)
		if cols < Cols {
			for p := range k {
				clear(panel[p*Cols+cols : (p+1)*Cols])
			}
		}
	}
}

// PackPairsA is [PackA] of words: word (i, p) is src[p*ks + i] and above it
// src[p*ks + hi + i].
func PackPairsA(dst []float32, src []uint16, ks, hi, m, k int) {
	for i := 0; i < m; i += Rows {
		zip(dst[i*k:(i+Rows)*k], src[i:], src[hi+i:], ks, Rows, k, min(Rows, m-i))
	}
}

// zip: dst[p*stride + x] is the word of lo[p*step + x] and hi[p*step + x], for p < k, x < n.
func zip(dst []float32, lo, hi []uint16, step, stride, k, n int) {
	p := 0
	if isa.BF16() {
		// The instructions take 16 elements: as far as there are so many, in the
		// source and, since what is too much is overwritten, before the last row.
		if p = k - 1; stride == Cols && n == Cols {
			p = k
		}
		if room := len(hi) - 16; p > 0 && (p-1)*step > room {
			p = max(0, room/step+1)
			if room < 0 {
				p = 0
			}
		}
		if p > 0 {
			bf16Zip(&dst[0], &lo[0], &hi[0], 2*step, 4*stride, p)
		}
	}
	for ; p < k; p++ {
		for x := range n {
			dst[p*stride+x] = math.Float32frombits(uint32(lo[p*step+x]) | uint32(hi[p*step+x])<<16)
		}
	}
}

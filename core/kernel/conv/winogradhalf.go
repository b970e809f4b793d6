package conv

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/conv/winograd"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

// halves views words as the bfloat16s that they are.
func halves(words []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(words))), 2*len(words))
}

// packFloats is the memory that packing needs.
func (f *fewer) packFloats() int {
	n := packRun * 9 * tile.Cols
	if f.half {
		n += packRun*9*tile.Cols + 16*packRun*tile.Cols // as they lie, and transformed
	}
	return n
}

// packHalf is pack for weights of bfloat16: transformed in float32, and rounded to
// words of two input channels.
func (f *fewer) packHalf(j, r int, local []float32) {
	c := f.channels()
	run, cols := min(packRun, c-r), min(tile.Cols, f.n-j)
	kernels := halves(f.kernels)
	taps, wide, matrices := local[:packRun*9*tile.Cols], local[packRun*9*tile.Cols:2*packRun*9*tile.Cols], local[2*packRun*9*tile.Cols:]
	if f.rotated {
		for q := range run {
			bf16.Widen(wide[:9*cols], kernels[((r+q)*f.n+j)*9:])
			tile.PackPanel(taps[q*9*tile.Cols:], wide, 1, 9, 9, cols)
		}
	} else {
		for x := range cols {
			bf16.Widen(wide[x*9*run:(x+1)*9*run], kernels[((j+x)*c+r)*9:])
		}
		tile.PackPanel(taps, wide, 1, 9*run, 9*run, cols)
	}
	xi := run * tile.Cols
	winograd.Weights(&matrices[0], &taps[0], 4*xi, run, f.rotated)
	for i := range 16 {
		m := matrices[i*xi : (i+1)*xi]
		bf16.Pair(f.u[i*f.xiU+j*f.cw+r/2*tile.Cols:], m, m[tile.Cols:], bf16.Rows{N: run / 2, Channels: tile.Cols, From: 2 * tile.Cols, To: tile.Cols})
	}
}

// widenedTiles is how many tiles of so many channels are transformed in float32
// before they become words of two: an even number, whose matrices (32 KiB) stay in
// the L1 cache.
func widenedTiles(channels int) int { return max(2, 512/channels&^1) }

// transformPairs is transform of images of bfloat16 to matrices of words, each of two
// tiles one after the other; a last one of one tile ends with a zero. to says where
// their rows lie, wide holds [widenedTiles].
func (p *patches) transformPairs(wide, matrices []float32, to bf16.Rows, xi int, x []float32, first, n, c0, channels int) {
	each := widenedTiles(channels)
	size, step := each*channels, to.To
	to.N, to.Channels, to.From, to.To = 16, channels, size, xi // rows are of the same tiles in each matrix
	for i := 0; i < n; i += each {
		count := min(each, n-i)
		p.transform(winograd.Tiles{Xi: 4 * size, Panel: 4 * tile.Cols}, wide, channels, x, first+i, count, c0, channels, true)
		for q := 0; q < count; q += 2 {
			var second []float32
			if q+1 < count {
				second = wide[(q+1)*channels:]
			}
			bf16.Pair(matrices[(i+q)/2*step:], wide[q*channels:], second, to)
		}
	}
}

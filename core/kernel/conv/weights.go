package conv

import (
	"math"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

// weights packs OIHW weights into panels for a sum. The runs of memory that it
// transposes hold a few channels of all taps.
type weights struct {
	*sum
	groups     int
	transposed bool // columns are input channels, as the input gradient has them
	half       bool // bfloat16, two channels of the sum a word
}

// packRun is the number of channels transposed at once.
const packRun = 16

// localFloats is the memory a worker needs.
func (w *weights) localFloats() int {
	if w.half {
		return 2 * packRun * w.taps * tile.Cols
	}
	return packRun * w.taps * tile.Cols
}

// chunks is the number of pieces of packing: a panel of a block of channels each.
func (w *weights) chunks() int { return w.groups * w.cblocks * (w.np / tile.Cols) }

func (w *weights) pack(i int, panels, src, local []float32) {
	j := i % (w.np / tile.Cols) * tile.Cols
	i /= w.np / tile.Cols
	cb, group := i%w.cblocks, i/w.cblocks
	panels = panels[group*w.panelFloats():]
	cols := min(tile.Cols, w.n-j)
	c0, c := w.channels(cb)
	for r := 0; r < c; r += packRun {
		run := min(packRun, c-r)
		if w.half {
			w.pairs(local, halves(src), group, c0+r, run, j, cols)
		} else if w.transposed { // element (col, red, tap) at (red*n + col)*taps + tap
			for q := range run {
				from := ((group*w.red+c0+r+q)*w.n + j) * w.taps
				tile.PackPanel(local[q*w.taps*tile.Cols:], src[from:], 1, w.taps, w.taps, cols)
			}
		} else { // at (col*red' + red)*taps + tap
			from := ((group*w.n+j)*w.red + c0 + r) * w.taps
			tile.PackPanel(local, src[from:], 1, w.red*w.taps, run*w.taps, cols)
		}
		w.place(panels, local, cb, j, r, run)
	}
}

// place copies rows (channel, tap) of local to their places by block, tap and channel.
func (w *weights) place(panels, local []float32, cb, j, r, run int) {
	for tb := range len(w.blocks) - 1 {
		dst := panels[w.panel(cb, tb, j):]
		for tap := w.blocks[tb]; tap < w.blocks[tb+1]; tap++ {
			to := ((tap-w.blocks[tb])*w.depth + r) * tile.Cols
			for q := range run {
				*(*[tile.Cols]float32)(dst[to+q*tile.Cols:]) = *(*[tile.Cols]float32)(local[(q*w.taps+tap)*tile.Cols:])
			}
		}
	}
}

// pairs leaves in local the words of run pairs of channels of the sum, from pair r
// on, for columns j...
func (w *weights) pairs(local []float32, src []uint16, group, r, run, j, cols int) {
	words := local[packRun*w.taps*tile.Cols:]
	if w.transposed { // element (col, red, tap) at (red*n + col)*taps + tap
		for q := range run {
			lo := src[(group*2*w.red+2*(r+q))*w.n*w.taps+j*w.taps:]
			bf16.Zip(words, lo, lo[w.n*w.taps:], bf16.Rows{N: 1, Channels: cols * w.taps, Panel: tile.Cols})
			tile.PackPanel(local[q*w.taps*tile.Cols:], words, 1, w.taps, w.taps, cols)
		}
		return
	}
	for x := range cols { // at (col*red + red)*taps + tap
		lo := src[((group*w.n+j+x)*2*w.red+2*r)*w.taps:]
		to := words[x*run*w.taps:]
		for q := range run {
			for t := range w.taps {
				at := 2*q*w.taps + t
				to[q*w.taps+t] = math.Float32frombits(uint32(lo[at]) | uint32(lo[at+w.taps])<<16)
			}
		}
	}
	tile.PackPanel(local, words, 1, run*w.taps, run*w.taps, cols)
}

package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// weights packs OIHW weights into panels for a sum. The runs of memory that it
// transposes hold a few channels of all taps.
type weights struct {
	*sum
	groups     int
	transposed bool // columns are input channels, as the input gradient has them
}

// packRun is the number of channels transposed at once.
const packRun = 16

// localFloats is the memory a worker needs.
func (w *weights) localFloats() int { return packRun * w.taps * tile.Cols }

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
		if w.transposed { // element (col, red, tap) at (red*n + col)*taps + tap
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

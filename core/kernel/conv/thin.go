package conv

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

// thin is a convolution of images of a few channels: a tile's sum runs over
// kernel rows, each one run of a band's copy. A bfloat16 output is rounded from a
// band in a worker's memory.
type thin struct {
	band
	sum
	layout
	workers      int
	wide         int // floats of a band of the output, if it is rounded
	local        int // floats of one worker
	y, x, w, add []float32
	panels       []float32
	locals       []float32
	packing      bool
}

// bandPixels is about how many output pixels a band has.
const bandPixels = chunkTiles * tile.MaxRows

func newThin(s Spec, workers int) *thin {
	t := &thin{band: newBand(s, bandPixels), sum: newSum(s.KH, s.KW*s.C, s.O), workers: workers}
	var pixels []pixel
	for p := range t.rows * t.ow {
		pixels = append(pixels, pixel{0, p})
	}
	for i := 0; i < len(pixels); i += tile.Rows {
		t.layout.add(pixels[i:min(i+tile.Rows, len(pixels))], i, t.blocks, 4*tile.Cols*t.depth,
			func(p pixel, kh int) int { return t.source(p.at, kh) },
			func(p pixel) int { return 4 * s.O * p.at })
	}
	if s.HalfOut {
		t.wide = t.rows * t.ow * s.O
	}
	t.local = edgeFloats + t.floats() + t.wide
	return t
}

func (t *thin) Scratch() int { return t.panelFloats() + t.workers*t.local }

func (t *thin) Bind(scratch, y, x, w, bias []float32) {
	t.y, t.x, t.w, t.add = y, x, w, nil
	if t.spec.Bias {
		t.add = bias
	}
	t.panels, t.locals = scratch[:t.panelFloats()], scratch[t.panelFloats():]
}

func (t *thin) Run(p *pool.Pool) {
	checkPool(p, t.workers)
	t.packing = true
	p.Run(t.np/tile.Cols, t)
	t.packing = false
	p.Run(t.spec.B*t.bands, t)
}

// Chunk packs a panel of weights, or computes a band of an image.
func (t *thin) Chunk(i, worker int) {
	if t.packing {
		t.pack(i * tile.Cols)
		return
	}
	local := t.locals[worker*t.local : (worker+1)*t.local]
	s := &t.spec
	image, b := i/t.bands, i%t.bands
	src, y := local[edgeFloats:][:t.floats()], local[edgeFloats+t.floats():]
	t.fill(src, t.x[image*s.H*s.W*s.C:], b)
	at := (image*t.oh + b*t.rows) * t.ow * s.O
	if t.wide == 0 {
		y = t.y[at:]
	}
	o := operands{
		sum: &t.sum, layout: &t.layout, edge: local[:edgeFloats],
		hi: len(t.tiles), live: t.live(b), j1: t.np,
		src: src, dst: y, panels: t.panels, bias: t.add,
	}
	o.multiply()
	if t.wide > 0 {
		bf16.Narrow(halves(t.y)[at:][:o.live*s.O], y)
	}
}

// pack copies OIHW weights of columns j.. in the order of the runs: kernel row, kernel column, channel.
func (t *thin) pack(j int) {
	s := &t.spec
	cols := min(tile.Cols, s.O-j)
	for tb := range len(t.blocks) - 1 {
		dst := t.panels[t.panel(0, tb, j):]
		for kh := t.blocks[tb]; kh < t.blocks[tb+1]; kh++ {
			for q := range t.red {
				row := dst[:tile.Cols]
				dst = dst[tile.Cols:]
				for x := range cols {
					row[x] = t.w[((j+x)*s.C+q%s.C)*s.KH*s.KW+kh*s.KW+q/s.C]
				}
				clear(row[cols:])
			}
		}
	}
}

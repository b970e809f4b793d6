package conv

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

const (
	chunkTiles = 16 // tiles that share a panel of weights
	wantChunks = 32
)

// direct is a convolution over tiles of [tile.Rows] output pixels, whose sources
// are looked up in a table. In a layout across images a tile is one pixel of as
// many images: where padding is much of the work, because such a tile skips the
// taps that fall outside. Otherwise a tile is pixels side by side, which share
// cache lines, and padding reads zeros.
type direct struct {
	geometry
	sum
	layout
	weights weights
	bias    bool
	workers int

	cw, nw         int // words of a source's and of an output's pixel
	outBytes       int // of an element of the output
	across         bool
	images, units  int // images of a unit of work, and units
	per, perUnit   int // tiles of a chunk, and chunks of a unit
	cols, nblocks  int // columns of a chunk, and chunks side by side
	local          int // floats of one worker
	y, x, w, extra []float32
	panels, locals []float32
	packing        bool
}

func newDirect(g geometry, bias bool, workers int) *direct {
	d := &direct{geometry: g, bias: bias, workers: workers}
	d.cw, d.nw, d.outBytes = g.c, g.n, 4
	if g.half { // an output of bfloat16 holds no part of a sum
		d.cw, d.nw, d.outBytes = g.c/2, g.n/2, 2
		d.sum = newWholeSum(g.kh*g.kw, d.cw/g.groups, g.n/g.groups)
	} else {
		d.sum = newSum(g.kh*g.kw, d.cw/g.groups, g.n/g.groups)
	}
	d.weights = weights{&d.sum, g.groups, g.stepH < 0, g.half}
	d.across = g.b >= 4*tile.Rows && g.seen() < 0.9
	if d.across {
		d.layAcross()
	} else {
		d.layAlong()
	}
	d.units = ceilDiv(g.b, d.images)
	d.perUnit = ceilDiv(len(d.tiles), chunkTiles)
	d.per = ceilDiv(len(d.tiles), d.perUnit)
	d.perUnit = ceilDiv(len(d.tiles), d.per)
	d.nblocks = max(1, min(wantChunks/(d.units*d.perUnit), d.np/(4*tile.Cols)))
	d.cols = roundUp(ceilDiv(d.np, d.nblocks), tile.Cols)
	d.nblocks = ceilDiv(d.np, d.cols)
	d.local = max(edgeFloats, d.weights.localFloats())
	return d
}

func (d *direct) layAcross() {
	order := d.order()
	groups := min(ceilDiv(chunkTiles, len(order)), ceilDiv(d.b, tile.Rows))
	d.images = groups * tile.Rows
	for _, at := range order {
		for s := range groups {
			pixels := make([]pixel, tile.Rows)
			for i := range pixels {
				pixels[i] = pixel{s*tile.Rows + i, at}
			}
			d.lay(pixels, s*tile.Rows)
		}
	}
}

func (d *direct) layAlong() {
	order := d.order()
	d.images = min(ceilDiv(chunkTiles*tile.Rows, len(order)), d.b)
	var pixels []pixel
	for image := range d.images {
		for _, at := range order {
			pixels = append(pixels, pixel{image, at})
		}
	}
	for i := 0; i < len(pixels); i += tile.Rows {
		d.lay(pixels[i:min(i+tile.Rows, len(pixels))], i)
	}
}

func (d *direct) lay(pixels []pixel, start int) {
	d.layout.add(pixels, start, d.blocks, 4*tile.Cols*d.depth,
		func(p pixel, tap int) int {
			at := d.source(p.at, tap)
			if at < 0 {
				return -1
			}
			return 4 * d.cw * (p.image*d.h*d.geometry.w + at)
		},
		func(p pixel) int { return 4 * d.nw * (p.image*d.oh*d.ow + p.at) })
}

func (d *direct) Scratch() int { return d.groups*d.panelFloats() + d.workers*d.local }

func (d *direct) Bind(scratch, y, x, w, bias []float32) {
	d.y, d.x, d.w, d.extra = y, x, w, nil
	if d.bias {
		d.extra = bias
	}
	n := d.groups * d.panelFloats()
	d.panels, d.locals = scratch[:n], scratch[n:]
}

func (d *direct) Run(p *pool.Pool) {
	checkPool(p, d.workers)
	d.packing = true
	p.Run(d.weights.chunks(), d)
	d.packing = false
	p.Run(d.units*d.perUnit*d.nblocks, d)
}

func checkPool(p *pool.Pool, workers int) {
	if p.Workers() > workers {
		panic(fmt.Sprintf("conv: planned for %d workers, run on %d", workers, p.Workers()))
	}
}

// Chunk packs a panel of weights, or computes some tiles.
func (d *direct) Chunk(i, worker int) {
	local := d.locals[worker*d.local : (worker+1)*d.local]
	if d.packing {
		d.weights.pack(i, d.panels, d.w, local)
		return
	}
	block, part, unit := i%d.nblocks, i/d.nblocks%d.perUnit, i/d.nblocks/d.perUnit
	image := unit * d.images
	if block == 0 {
		ahead(d.x, d.units*d.perUnit, unit*d.perUnit+part+d.workers) // what a worker will most likely see next
	}
	live := min(d.images, d.b-image)
	if !d.across {
		live *= d.oh * d.ow
	}
	for g := range d.groups {
		o := operands{
			sum: &d.sum, layout: &d.layout, edge: local[:edgeFloats],
			lo: part * d.per, hi: min((part+1)*d.per, len(d.tiles)), live: live,
			j0: block * d.cols, j1: min((block+1)*d.cols, d.np),
			src:    d.x[image*d.h*d.geometry.w*d.cw+g*d.red:],
			dst:    d.y[image*d.oh*d.ow*d.nw+g*d.nw/d.groups:],
			panels: d.panels[g*d.panelFloats():], half: d.half,
		}
		if d.extra != nil {
			o.bias = d.extra[g*d.sum.n:]
		}
		o.multiply()
	}
}

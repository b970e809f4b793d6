package conv

import (
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

// depthwise is a convolution channel by channel, or its input gradient: the
// channels of an output pixel are a sum of products over the taps it sees.
type depthwise struct {
	geometry
	bias         bool
	workers      int
	pairs        []tile.Pair // source pixels and taps
	starts       []int       // of an output pixel's pairs
	rows, pieces int         // output rows of a chunk, and chunks of an image
	y, x, w, add []float32
	panels       []float32 // the weights as (tap, channel)
	packing      bool
}

func newDepthwise(g geometry, bias bool, workers int) *depthwise {
	d := &depthwise{geometry: g, bias: bias, workers: workers}
	for p := range g.oh * g.ow {
		d.starts = append(d.starts, len(d.pairs))
		for tap := range g.kh * g.kw {
			if at := g.source(p, tap); at >= 0 {
				d.pairs = append(d.pairs, tile.Pair{A: uint32(4 * g.c * at), B: uint32(4 * g.c * tap)})
			}
		}
	}
	d.starts = append(d.starts, len(d.pairs))
	d.rows = min(g.oh, ceilDiv(1<<16, g.ow*g.c))
	d.pieces = ceilDiv(g.oh, d.rows)
	return d
}

func (d *depthwise) Scratch() int { return d.c * d.kh * d.kw }

func (d *depthwise) Bind(scratch, y, x, w, bias []float32) {
	d.y, d.x, d.w, d.panels, d.add = y, x, w, scratch, nil
	if d.bias {
		d.add = bias
	}
}

func (d *depthwise) Run(p *pool.Pool) {
	checkPool(p, d.workers)
	d.packing = true
	p.Run(1, d)
	d.packing = false
	p.Run(d.b*d.pieces, d)
}

// Chunk reorders the weights, or computes some rows of an image.
func (d *depthwise) Chunk(i, _ int) {
	if d.packing {
		taps := d.kh * d.kw
		for c := range d.c {
			for tap := range taps {
				d.panels[tap*d.c+c] = d.w[c*taps+tap]
			}
		}
		return
	}
	image, piece := i/d.pieces, i%d.pieces
	t := tile.GatherArgs{A: &d.x[image*d.h*d.geometry.w*d.c], B: &d.panels[0]}
	if d.add != nil {
		t.Add = &d.add[0]
	}
	for p := piece * d.rows * d.ow; p < min((piece+1)*d.rows, d.oh)*d.ow; p++ {
		list := d.pairs[d.starts[p]:d.starts[p+1]]
		t.N, t.Pairs = len(list), nil
		if t.N > 0 {
			t.Pairs = &list[0]
		}
		t.C = &d.y[(image*d.oh*d.ow+p)*d.c]
		tile.Pairs(d.c, &t)
	}
}

package conv

import (
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// depthwiseGrad is dw of a depthwise convolution: for each tap, the sum over
// the pixels that it sees of x times dy, channel by channel. Some images make a
// part; the parts are added in order.
type depthwiseGrad struct {
	geometry
	workers        int
	pairs          []tile.Pair // source and output pixels
	starts         []int       // of a tap's pairs
	parts, perPart int         // of images
	dw, dy, x      []float32
	sums           []float32 // of each part, as (tap, channel)
	adding         bool
}

func newDepthwiseGrad(s Spec, workers int) *depthwiseGrad {
	g := &depthwiseGrad{geometry: forward(s), workers: workers}
	for tap := range g.kh * g.kw {
		g.starts = append(g.starts, len(g.pairs))
		for p := range g.oh * g.ow {
			if at := g.source(p, tap); at >= 0 {
				g.pairs = append(g.pairs, tile.Pair{A: uint32(4 * g.c * at), B: uint32(4 * g.c * p)})
			}
		}
	}
	g.starts = append(g.starts, len(g.pairs))
	g.perPart = ceilDiv(s.B, min(s.B, wantParts))
	g.parts = ceilDiv(s.B, g.perPart)
	return g
}

func (g *depthwiseGrad) partFloats() int { return g.kh * g.kw * g.c }

func (g *depthwiseGrad) Scratch() int { return g.parts * g.partFloats() }

func (g *depthwiseGrad) Bind(scratch, dw, dy, x, _ []float32) {
	g.dw, g.dy, g.x, g.sums = dw, dy, x, scratch
}

func (g *depthwiseGrad) Run(p *pool.Pool) {
	checkPool(p, g.workers)
	g.adding = false
	p.Run(g.parts, g)
	g.adding = true
	p.Run(1, g)
}

// Chunk sums one part, or adds the parts and writes them as OIHW.
func (g *depthwiseGrad) Chunk(i, _ int) {
	taps := g.kh * g.kw
	if g.adding {
		sum := g.sums[:g.partFloats()]
		for p := 1; p < g.parts; p++ {
			vec.Add(sum, sum, g.sums[p*g.partFloats():])
		}
		for c := range g.c {
			for tap := range taps {
				g.dw[c*taps+tap] = sum[tap*g.c+c]
			}
		}
		return
	}
	for image := i * g.perPart; image < min((i+1)*g.perPart, g.b); image++ {
		t := tile.GatherArgs{A: &g.x[image*g.h*g.w*g.c], B: &g.dy[image*g.oh*g.ow*g.c]}
		for tap := range taps {
			list := g.pairs[g.starts[tap]:g.starts[tap+1]]
			t.N, t.Pairs = len(list), nil
			if t.N > 0 {
				t.Pairs = &list[0]
			}
			t.C, t.Add = &g.sums[i*g.partFloats()+tap*g.c], nil
			if image > i*g.perPart {
				t.Add = t.C
			}
			tile.Pairs(g.c, &t)
		}
	}
}

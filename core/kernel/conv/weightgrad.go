package conv

import (
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

const (
	gradPixels = 256 // output pixels of a block, about: a panel of their dy (16 KiB) stays in the L1 cache
	gradRows   = 256 // rows of dw of a chunk, about
	wantParts  = 16  // chunks of a weight gradient, about
)

// weightSum is dw: for each kernel tap, the sum over output pixels of an input
// pixel's channels times dy's channels. A tile is six input channels by a panel
// of output channels; the pixels that a tap sees come from a table, so that
// padding costs nothing. Blocks of pixels make parts, each summed on its own;
// the parts are added in order.
type weightSum struct {
	spec    Spec
	workers int
	taps    int // rows of dw come in taps of red: kernel taps of channels, or kernel rows of runs
	red, k  int
	n, np   int // output channels of a group, and rounded up to whole panels

	band   *band // of thin images, whose input is copied
	block  pixelBlocks
	pairs  []tile.Pair
	starts []int // of the pairs of (tap, block of an image)

	parts, perPart   int // of blocks
	rblocks, perRows int // of rows of dw, in tiles
	tiles            []rowTile
	local            int
	dw, dy, x        []float32
	sums, locals     []float32
	adding           bool
}

// rowTile is up to six rows of dw of one tap.
type rowTile struct{ tap, red, rows int }

// pixelBlocks cuts the output pixels: a block is some rows of an image, or whole images.
type pixelBlocks struct {
	images, perImage int // images of a block, or blocks of an image; the other is 1
	pixels           int // of a full block
	count            int
}

func newWeightSum(s Spec, workers int) *weightSum {
	g := &weightSum{spec: s, workers: workers, taps: s.KH * s.KW, red: s.C / s.Groups, n: s.O / s.Groups}
	oh, ow := s.Out()
	g.np = roundUp(g.n, tile.Cols)
	rows := min(oh, ceilDiv(gradPixels, ow))
	if s.thin() {
		b := newBand(s, gradPixels)
		g.band, g.taps, g.red = &b, s.KH, s.KW*s.C
		rows = b.rows
	}
	g.k = g.taps * g.red
	g.block = pixelBlocks{images: 1, perImage: ceilDiv(oh, rows), pixels: rows * ow}
	if g.band == nil && g.block.perImage == 1 {
		g.block.images = max(1, min(s.B, gradPixels/(oh*ow)))
		g.block.pixels *= g.block.images
	}
	g.block.count = ceilDiv(s.B, g.block.images) * g.block.perImage
	g.findPairs(oh, ow, rows)

	for tap := range g.taps {
		for r := 0; r < g.red; r += tile.Rows {
			g.tiles = append(g.tiles, rowTile{tap, r, min(tile.Rows, g.red-r)})
		}
	}
	g.rblocks = max(1, min(wantParts, g.k/gradRows))
	g.perRows = ceilDiv(len(g.tiles), g.rblocks)
	g.rblocks = ceilDiv(len(g.tiles), g.perRows)
	g.parts = min(ceilDiv(wantParts, g.rblocks), g.block.count)
	g.perPart = ceilDiv(g.block.count, g.parts)
	g.parts = ceilDiv(g.block.count, g.perPart)
	g.local = g.block.pixels * g.np
	if g.band != nil {
		g.local += g.band.floats()
	}
	return g
}

// findPairs lists for each tap and block of an image where x and packed dy are, in bytes.
func (g *weightSum) findPairs(oh, ow, rows int) {
	geo := forward(g.spec)
	for tap := range g.taps {
		for b := range g.block.perImage {
			g.starts = append(g.starts, len(g.pairs))
			p0, p1 := b*rows*ow, min((b+1)*rows, oh)*ow
			for image := range g.block.images {
				for p := p0; p < p1; p++ {
					var at int
					if g.band != nil {
						at = g.band.source(p-p0, tap)
					} else if at = geo.source(p, tap); at >= 0 {
						at = 4 * geo.c * (image*geo.h*geo.w + at)
					}
					if at >= 0 {
						g.pairs = append(g.pairs, tile.Pair{A: uint32(at), B: uint32(4 * tile.Cols * (image*oh*ow + p - p0))})
					}
				}
			}
		}
	}
	g.starts = append(g.starts, len(g.pairs))
}

func (g *weightSum) partFloats() int { return g.spec.Groups * g.k * g.np }

func (g *weightSum) Scratch() int { return g.parts*g.partFloats() + g.workers*g.local }

func (g *weightSum) Bind(scratch, dw, dy, x, _ []float32) {
	g.dw, g.dy, g.x = dw, dy, x
	n := g.parts * g.partFloats()
	g.sums, g.locals = scratch[:n], scratch[n:]
}

func (g *weightSum) Run(p *pool.Pool) {
	checkPool(p, g.workers)
	g.adding = false
	p.Run(g.parts*g.rblocks, g)
	g.adding = true
	p.Run(g.spec.Groups*g.np/tile.Cols, g)
}

// Chunk sums some rows of one part, or adds the parts of a panel.
func (g *weightSum) Chunk(i, worker int) {
	if g.adding {
		g.addParts(i)
		return
	}
	local := g.locals[worker*g.local : (worker+1)*g.local]
	part, r := i/g.rblocks, i%g.rblocks
	tiles := g.tiles[r*g.perRows : min((r+1)*g.perRows, len(g.tiles))]
	for b := part * g.perPart; b < min((part+1)*g.perPart, g.block.count); b++ {
		g.sumBlock(b, tiles, g.sums[part*g.partFloats():], local, b > part*g.perPart)
	}
}

func (g *weightSum) sumBlock(b int, tiles []rowTile, sums, local []float32, add bool) {
	s := &g.spec
	oh, ow := s.Out()
	image, within := b/g.block.perImage*g.block.images, b%g.block.perImage
	images := min(g.block.images, s.B-image)
	first := image*oh*ow + within*g.block.pixels
	pixels := min(images*oh*ow-within*g.block.pixels, g.block.pixels)
	x, panels := g.x[image*s.H*s.W*s.C:], local[:g.block.pixels*g.np]
	if g.band != nil {
		local = local[len(panels):]
		g.band.fill(local, x, within)
		x = local
	}
	for group := range s.Groups {
		tile.PackB(panels, g.dy[first*s.O+group*g.n:], s.O, 1, pixels, g.n)
		var t tile.GatherArgs
		for j := 0; j < g.n; j += tile.Cols {
			t.B = &panels[j*pixels]
			cols := tile.Cols
			if g.n-j <= cols/2 {
				cols /= 2
			}
			sum := sums[(group*g.np+j)*g.k:]
			for _, r := range tiles {
				list := g.pairs[g.starts[r.tap*g.block.perImage+within]:g.starts[r.tap*g.block.perImage+within+1]]
				t.N = len(list) / g.block.images * images
				t.C, t.Add = &sum[(r.tap*g.red+r.red)*tile.Cols], nil
				if add {
					t.Add = t.C
				}
				t.A = &x[group*g.red+r.red]
				t.Pairs = nil
				if t.N > 0 {
					t.Pairs = &list[0]
				}
				tile.Gather(r.rows, cols, &t)
			}
		}
	}
}

// addParts adds the parts of panel i and writes it as rows of OIHW.
func (g *weightSum) addParts(i int) {
	s := &g.spec
	panel := g.sums[i*tile.Cols*g.k:][:tile.Cols*g.k]
	for p := 1; p < g.parts; p++ {
		vec.Add(panel, panel, g.sums[p*g.partFloats()+i*tile.Cols*g.k:])
	}
	group, j := i/(g.np/tile.Cols), i%(g.np/tile.Cols)*tile.Cols
	out := g.dw[(group*g.n+j)*g.k:]
	for tap := range g.taps {
		for r := range g.red {
			at := r*g.taps + tap // (channel, kernel row, kernel column)
			if g.band != nil {
				at = (r%s.C*s.KH+tap)*s.KW + r/s.C
			}
			row := panel[(tap*g.red+r)*tile.Cols:][:tile.Cols]
			for x := range min(tile.Cols, g.n-j) {
				out[x*g.k+at] = row[x]
			}
		}
	}
}

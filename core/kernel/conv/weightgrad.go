package conv

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

const (
	gradPixels = 192 // output pixels of a block, about: a panel of their dy (12 KiB) stays in the L1 cache
	gradRows   = 512 // rows of dw of a chunk, about
	wantParts  = 16  // chunks of a weight gradient, about
)

// weightSum is dw: for each kernel tap, the sum over output pixels of an input
// pixel's channels times dy's channels. A tile is six input channels by a panel
// of output channels; the pixels that a tap sees come from a table, so that
// padding costs nothing. Blocks of pixels make parts, each summed on its own;
// the parts are added in order.
//
// Images of bfloat16 are taken two by two: the same pixel of both makes words, an
// image of the sum, whatever the tap.
type weightSum struct {
	spec    Spec // its B counts pairs of images where they are taken so
	images  int
	oh, ow  int
	workers int
	taps    int // rows of dw come in taps of red: kernel taps of channels, or kernel rows of runs
	red, k  int
	n, np   int // output channels of a group, and rounded up to whole panels

	band   *band // of thin images
	block  pixelBlocks
	pairs  []tile.Pair
	starts []int // of the pairs of (tap, block of an image)

	parts, perPart int // of blocks
	cols           int // input channels of a chunk
	tiles          [][]rowTile
	copied         int // floats of the copy of a block's input
	widened        int // and of dy, if that alone is bfloat16
	local          int
	dw, dy, x      []float32
	sums, locals   []float32
	adding         bool
}

// evenRows is the rows of the fewest tiles that cover n, about as many in each: a
// tile of few rows waits for its own sums.
func evenRows(n int) int { return ceilDiv(n, ceilDiv(n, tile.Rows)) }

// rowTile is up to six rows of dw of one tap.
type rowTile struct{ tap, red, rows int }

// pixelBlocks cuts the output pixels: a block is some rows of an image, or whole
// images. A worker copies the channels that it needs of the input that a block
// sees, with a stride that spreads over the cache.
type pixelBlocks struct {
	images, perImage int // images of a block, or blocks of an image; the other is 1
	rows, pixels     int // output rows of an image, and pixels in all, of a full block
	count            int
	stride           int // floats between pixels of the copy
}

func newWeightSum(s Spec, workers int) *weightSum {
	images := s.B
	if s.Half {
		s.B = ceilDiv(s.B, 2)
	}
	g := &weightSum{spec: s, images: images, workers: workers, taps: s.KH * s.KW, red: s.C / s.Groups, n: s.O / s.Groups}
	g.oh, g.ow = s.Out()
	g.np = roundUp(g.n, tile.Cols)
	rows := min(g.oh, ceilDiv(gradPixels, g.ow))
	if s.thin() {
		b := newBand(s, gradPixels)
		g.band, g.taps, g.red = &b, s.KH, s.KW*s.C
		rows = b.rows
	}
	g.k = g.taps * g.red
	g.block = pixelBlocks{images: 1, perImage: ceilDiv(g.oh, rows), rows: rows, pixels: rows * g.ow}
	if g.band == nil && g.block.perImage == 1 {
		g.block.images = max(1, min(s.B, gradPixels/g.block.pixels))
		g.block.pixels *= g.block.images
	}
	g.block.count = ceilDiv(s.B, g.block.images) * g.block.perImage

	g.cols = g.red
	if g.band == nil {
		g.cols = min(g.red, roundUp(ceilDiv(gradRows, g.taps), tile.Cols))
	}
	g.block.stride = (ceilDiv(g.cols, tile.Cols) | 1) * tile.Cols
	for c := 0; c < g.red; c += g.cols {
		var tiles []rowTile
		end := min(c+g.cols, g.red)
		rows := evenRows(end - c)
		for r := c; r < end; r += rows { // all taps of the same channels: they see the same cache lines
			for tap := range g.taps {
				tiles = append(tiles, rowTile{tap, r, min(rows, end-r)})
			}
		}
		g.tiles = append(g.tiles, tiles)
	}
	g.parts = min(ceilDiv(wantParts, len(g.tiles)), g.block.count)
	g.perPart = ceilDiv(g.block.count, g.parts)
	g.parts = ceilDiv(g.block.count, g.perPart)
	g.findPairs()
	if s.HalfOut {
		g.widened = g.block.pixels * g.n
	}
	g.local = max(g.block.pixels*g.np+g.widened+g.copied, addFloats(g.taps))
	return g
}

// findPairs lists for each tap and block of an image where the copied x and packed dy are, in bytes.
func (g *weightSum) findPairs() {
	geo := forward(g.spec)
	for tap := range g.taps {
		for b := range g.block.perImage {
			g.starts = append(g.starts, len(g.pairs))
			p0, p1 := b*g.block.rows*g.ow, min((b+1)*g.block.rows, g.oh)*g.ow
			y0, y1 := g.inputRows(b)
			g.copied = max(g.copied, g.block.images*(y1-y0)*geo.w*g.block.stride)
			for image := range g.block.images {
				for p := p0; p < p1; p++ {
					var at int
					if g.band != nil {
						at = g.band.source(p-p0, tap)
					} else if at = geo.source(p, tap); at >= 0 {
						at = 4 * g.block.stride * ((image*(y1-y0)-y0)*geo.w + at)
					}
					if at >= 0 {
						g.pairs = append(g.pairs, tile.Pair{A: uint32(at), B: uint32(4 * tile.Cols * (image*g.oh*g.ow + p - p0))})
					}
				}
			}
		}
	}
	g.starts = append(g.starts, len(g.pairs))
	if g.band != nil {
		g.copied = g.band.floats()
	}
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
	p.Run(g.parts*len(g.tiles), g)
	g.adding = true
	p.Run(g.spec.Groups*g.np/tile.Cols, g)
}

// Chunk sums some rows of one part, or adds the parts of a panel.
func (g *weightSum) Chunk(i, worker int) {
	local := g.locals[worker*g.local : (worker+1)*g.local]
	if g.adding {
		g.addParts(i, local)
		return
	}
	part, r := i/len(g.tiles), i%len(g.tiles)
	for b := part * g.perPart; b < min((part+1)*g.perPart, g.block.count); b++ {
		g.sumBlock(b, r, g.sums[part*g.partFloats():], local, b > part*g.perPart)
	}
}

// sumBlock adds block b's share of the rows of chunk r to the sums of its part.
func (g *weightSum) sumBlock(b, r int, sums, local []float32, add bool) {
	s := &g.spec
	image, within := b/g.block.perImage*g.block.images, b%g.block.perImage
	images := min(g.block.images, s.B-image)
	first := image*g.oh*g.ow + within*g.block.pixels
	pixels := min(images*g.oh*g.ow-within*g.block.pixels, g.block.pixels)
	panels, dy, x := local[:g.block.pixels*g.np], local[g.block.pixels*g.np:][:g.widened], local[g.block.pixels*g.np+g.widened:]
	c0 := r * g.cols
	ask := len(g.tiles) == 1 && s.Groups == 1 && b+1 < g.block.count // the next block is all that the chunk needs of memory
	for group := range s.Groups {
		if g.band != nil {
			g.band.fill(x, g.x[image*s.H*s.W*s.C:], within)
		} else {
			x = g.input(x, image, images, within, group*g.red+c0, min(g.cols, g.red-c0))
		}
		switch {
		case s.Half:
			g.zipOutputs(panels, image, images, within, pixels, group)
		case s.HalfOut: // of one group
			dy = dy[:pixels*s.O]
			bf16.Widen(dy, halves(g.dy)[first*s.O:])
			tile.PackB(panels, dy, s.O, 1, pixels, g.n)
		default:
			tile.PackB(panels, g.dy[first*s.O+group*g.n:], s.O, 1, pixels, g.n)
		}
		var t tile.GatherArgs
		t.Panel, t.CPanel = 4*tile.Cols*pixels, 4*tile.Cols*g.k
		for j, cols := 0, 0; j < g.n; j += cols {
			t.B = &panels[j*pixels]
			cols = tile.Narrowest(min(tile.Width, g.n-j))
			sum := sums[(group*g.np+j)*g.k:]
			for i, r := range g.tiles[r] {
				if ask && j == 0 {
					g.ahead(b+1, i, len(g.tiles[0]))
				}
				list := g.pairs[g.starts[r.tap*g.block.perImage+within]:g.starts[r.tap*g.block.perImage+within+1]]
				t.N, t.Pairs = len(list)/g.block.images*images, nil
				if t.N > 0 {
					t.Pairs = &list[0]
				}
				t.A, t.C, t.Add = &x[r.red-c0], &sum[(r.tap*g.red+r.red)*tile.Cols], nil
				if add {
					t.Add = t.C
				}
				if s.Half {
					tile.GatherPairs(r.rows, cols, &t)
				} else {
					tile.Gather(r.rows, cols, &t)
				}
			}
		}
	}
}

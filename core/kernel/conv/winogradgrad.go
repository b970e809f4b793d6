package conv

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/conv/winograd"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

const (
	gradChannels = 128      // of x and of dy of a chunk
	gradTiles    = 96       // multiplied at once, at most; of bfloat16, pairs of them
	gradFloats   = 10 << 10 // of a matrix of x and one of dy, which stay in the L1 cache if half of gradTiles do
	gradRun      = 96       // channels of x whose tiles stay in the L1 cache while the panels of dy pass
)

// fewerSum is dw with fewer multiplications: F(3x3,2x2) or F(3x3,4x4), the
// derivative of [fewer]. Patches of x and tiles of dy are transformed to matrices, and
// of each pair the product of x's channels by dy's channels, summed over the
// tiles, is a matrix of transformed weights. A chunk is a block of both kinds of
// channels and a part of the tiles; the parts are added in order.
type fewerSum struct {
	patches // of x
	dyTiles patches
	c, n    int // channels of x and of dy
	np      int
	workers int

	tiles, per      int // of all images, and of a block
	depth           int // of the sum over a block's tiles: words of two tiles where these are bfloat16
	blocks          int // of tiles
	parts, perPart  int // of blocks
	cols, rows      int // chunks side by side: of np by gradChannels, and of c
	ld              int // floats between tiles in a matrix of x
	xiV, xiD, xiSum int // floats of a matrix of x, of dy and of the sum
	local           int

	dw, dy, x    []float32
	sums, locals []float32
	adding       bool
}

func newFewerSum(t tiling, s Spec, workers int) *fewerSum {
	oh, ow := s.Out()
	th, tw := ceilDiv(oh, t.side), ceilDiv(ow, t.side)
	g := &fewerSum{
		patches: newPatches(t, false, s.H, s.W, s.words(s.C), -s.PadTop, -s.PadLeft, th, tw),
		dyTiles: newPatches(t, true, oh, ow, s.words(s.O), 0, 0, th, tw),
		c:       s.C, n: s.O, np: roundUp(s.O, tile.Cols), workers: workers, tiles: s.B * th * tw,
	}
	g.half, g.dyTiles.half = s.Half, s.Half
	c, n := min(g.c, gradChannels), min(g.np, gradChannels)
	g.rows, g.cols = ceilDiv(g.c, c), ceilDiv(g.np, n)
	g.ld = (ceilDiv(c, tile.Cols) | 1) * tile.Cols
	each := 1
	if g.half {
		each = 2
	}
	g.depth = min(ceilDiv(g.tiles, each), gradTiles)
	if fit := gradFloats / (g.ld + n) &^ 15; fit >= gradTiles/2 {
		g.depth = min(g.depth, fit)
	}
	g.per = g.depth * each
	g.blocks = ceilDiv(g.tiles, g.per)
	g.parts = min(ceilDiv(wantParts, g.rows*g.cols), g.blocks)
	g.perPart = ceilDiv(g.blocks, g.parts)
	g.parts = ceilDiv(g.blocks, g.perPart)
	g.xiV, g.xiD, g.xiSum = g.depth*g.ld+spreadFloats, g.depth*n+spreadFloats, g.c*g.np
	g.local = t.room + max(t.matrices*(g.xiV+g.xiD), 2*addRun*16*tile.Cols)
	if g.half {
		g.local += 16 * max(widenedTiles(c)*c, widenedTiles(n)*n)
	}
	return g
}

func (g *fewerSum) Scratch() int { return g.parts*g.matrices*g.xiSum + g.workers*g.local }

func (g *fewerSum) Bind(scratch, dw, dy, x, _ []float32) {
	g.dw, g.dy, g.x = dw, dy, x
	n := g.parts * g.matrices * g.xiSum
	g.sums, g.locals = scratch[:n], scratch[n:]
}

func (g *fewerSum) Run(p *pool.Pool) {
	checkPool(p, g.workers)
	g.adding = false
	p.Run(g.parts*g.rows*g.cols, g)
	g.adding = true
	p.Run(g.np/tile.Cols*ceilDiv(g.c, addRun), g)
}

// Chunk sums a part of a block of channels, or adds the parts of a few rows of a panel.
func (g *fewerSum) Chunk(i, worker int) {
	local := g.locals[worker*g.local : (worker+1)*g.local]
	room, local := &local[0], local[g.room:]
	if g.adding {
		g.add(i/ceilDiv(g.c, addRun)*tile.Cols, i%ceilDiv(g.c, addRun)*addRun, local, room)
		return
	}
	j, c0, part := i%g.cols*gradChannels, i/g.cols%g.rows*gradChannels, i/(g.cols*g.rows)
	c, n := min(gradChannels, g.c-c0), min(gradChannels, g.n-j)
	k := g.matrices
	v, d, wide := local[:k*g.xiV], local[k*g.xiV:k*(g.xiV+g.xiD)], local[k*(g.xiV+g.xiD):]
	sums := g.sums[part*k*g.xiSum:]
	for b := part * g.perPart; b < min((part+1)*g.perPart, g.blocks); b++ {
		first := b * g.per
		count := min(g.per, g.tiles-first)
		depth := count
		if g.half {
			depth = ceilDiv(count, 2)
			g.patches.transformPairs(wide, v, bf16.Rows{To: g.ld, Panel: tile.Cols}, g.xiV, g.x, first, count, c0, c)
			g.dyTiles.transformPairs(wide, d, bf16.Rows{To: tile.Cols, Panel: tile.Cols * g.depth}, g.xiD, g.dy, first, count, j, n)
		} else {
			g.transform(winograd.Tiles{Xi: 4 * g.xiV, Room: room}, v, g.ld, g.x, first, count, c0, c, false)
			g.dyTiles.transform(winograd.Tiles{Xi: 4 * g.xiD, Panel: 4 * tile.Cols * g.depth, Room: room}, d, tile.Cols, g.dy, first, count, j, n, false)
		}
		var x, dy []float32 // of the next block, where it is all that the chunk needs
		if g.rows*g.cols == 1 {
			x, dy = share(g.x, g.tiles, first+count, g.per), share(g.dy, g.tiles, first+count, g.per)
		}
		for xi := range k {
			prefetch(x, xi, k)
			prefetch(dy, xi, k)
			g.multiply(sums[xi*g.xiSum+j*g.c+c0*tile.Cols:], v[xi*g.xiV:], d[xi*g.xiD:], c, n, depth, b > part*g.perPart)
		}
	}
}

// multiply: a matrix of sums of c by n channels = v' * d over depth tiles or words of two, or += that.
func (g *fewerSum) multiply(sums, v, d []float32, c, n, depth int, add bool) {
	a := tile.Args{
		Segs: &tile.Seg{Row: tile.Evenly(4)}, Count: 1, Depth: depth, KS: 4 * g.ld, Zero: &zeros[0],
		BS: 4 * tile.Cols, Panel: 4 * tile.Cols * g.depth, CPanel: 4 * tile.Cols * g.c, COff: &contiguous, AddOff: &contiguous,
	}
	for r0 := 0; r0 < c; r0 += gradRun {
		r1 := min(r0+gradRun, c)
		each := evenRows(r1 - r0)
		for q := 0; q < n; q += tile.Width {
			cols := min(tile.Width, roundUp(n-q, tile.Cols))
			a.B = &d[q*g.depth]
			for r := r0; r < r1; r += each {
				a.A, a.C = &v[r], &sums[q*g.c+r*tile.Cols]
				if add {
					a.Add = a.C
				}
				if rows := min(each, r1-r); g.half {
					tile.MulPairs(rows, cols, &a)
				} else {
					tile.Mul(rows, cols, &a)
				}
			}
		}
	}
}

// add adds the parts of input channels r.. and output channels j.., transforms
// them to taps and writes them as OIHW.
func (g *fewerSum) add(j, r int, local []float32, room *float32) {
	run, cols := min(addRun, g.c-r), min(tile.Cols, g.n-j)
	at := func(part, xi int) []float32 {
		return g.sums[(part*g.matrices+xi)*g.xiSum+j*g.c+r*tile.Cols:][:run*tile.Cols]
	}
	for p := 1; p < g.parts; p++ {
		for xi := range g.matrices {
			vec.Add(at(0, xi), at(0, xi), at(p, xi))
		}
	}
	ordered, turned := local[:len(local)/2], local[len(local)/2:]
	g.weightGradient(&ordered[0], &at(0, 0)[0], room, 4*g.xiSum, run)
	for p := 0; p < 9*run; p += tile.Cols {
		rows := min(tile.Cols, 9*run-p)
		tile.PackPanel(turned, ordered[p*tile.Cols:], 1, tile.Cols, tile.Cols, rows)
		for x := range cols {
			copy(g.dw[((j+x)*g.c+r)*9+p:][:rows], turned[x*tile.Cols:])
		}
	}
}

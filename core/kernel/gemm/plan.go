package gemm

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// depth rows of what a tile reads of B (16 KiB, or 64 KiB where tiles are wide) stay
// in the L1 or L2 cache while a block of A passes.
var depth = 16 * tile.Width

const (
	// blockRows x depth elements of A (192 KiB, or 384 KiB) stay in the L2 cache while the panels of B pass.
	blockRows = 192
	// Where K, of long blocks or more, gives work enough, blocks of A and B are as
	// tall and as wide as the L2 cache holds.
	long, tall = 16, 512
	// A chunk of work is worth handing to a worker from about this many operations on.
	chunkFLOPs = 1 << 19
	wantChunks = 32
	maxSums    = 1 << 21 // elements of all parts of C together
	edgeFloats = tile.MaxRows * tile.Cols
)

// plan is how a product is cut.
type plan struct {
	strided
	products int // of the batch
	kc       int // depth of a block of K; the last may be shallower
	kblocks  int
	np       int // n rounded up to whole panels

	packA bool // A is copied into panels of rows
	bare  bool // B's whole panels are read where they are, and only the last, narrow one is packed
	alone bool // each product of the batch is one worker's, several to a chunk
	ownA  bool // a chunk packs its A, block by block of K: no other needs it
	ownB  bool // likewise B

	rows, cols       int // of C in a chunk
	span             int // columns of a chunk whose sums are held for an epilogue at a time
	mblocks, nblocks int
	parts, perPart   int // K is summed in parts of perPart blocks
	group            int // products to a chunk, if alone
	localFloats      int // of one worker
	panelFloats      int // of packed B
	packedFloats     int // of packed A
	heldFloats       int // of those sums
	sharedPanels     int // of packed B that all workers see
	sharedPacked     int // likewise A
}

func newPlan(s strided) plan {
	p := plan{strided: s, products: s.count(), np: panels(s.n) * tile.Cols, parts: 1}
	p.kblocks = ceilDiv(s.k, depth)
	if s.half { // which holds no part of a sum
		p.kblocks = 1
	}
	p.kc = roundUp(ceilDiv(s.k, p.kblocks), 4)
	p.kblocks = ceilDiv(s.k, p.kc)
	p.packA = s.ak != 1 && s.n > 2*tile.Cols
	p.bare = s.bn == 1 && s.m <= 2*tile.Rows
	if s.pairs {
		p.packA, p.bare = s.hiA != 1, false
	}
	flops := 2 * s.m * s.n * s.k
	p.alone = p.products > 1 && (p.products >= 8 || flops < 16*chunkFLOPs)
	chunks := max(1, min(wantChunks, flops/chunkFLOPs))
	if p.alone {
		p.group = max(1, min(chunkFLOPs/max(flops, 1), p.products/wantChunks))
		p.rows, p.cols, p.mblocks, p.nblocks = min(roundUp(s.m, tile.Rows), blockRows), p.np, 1, 1
	} else {
		p.cut(chunks)
	}
	p.perPart = ceilDiv(p.kblocks, p.parts)
	p.parts = ceilDiv(p.kblocks, p.perPart)
	if s.then != nil {
		p.hold(chunks)
	}
	p.ownA = p.packA && (p.alone || p.nblocks == 1 && (s.then == nil || p.span == p.cols))
	p.ownB = !p.bare && !p.alone && p.parts > 1 && p.mblocks == 1 && p.nblocks == 1

	switch {
	case p.ownB:
		p.panelFloats = p.kc * p.np
	case !p.bare:
		p.panelFloats = s.k * p.np
	case s.n%tile.Cols != 0:
		p.panelFloats = s.k * tile.Cols
	}
	switch {
	case p.ownA:
		p.packedFloats = p.rows * p.kc
	case p.packA:
		p.packedFloats = roundUp(s.m, tile.Rows) * s.k
	}
	p.localFloats = edgeFloats + p.heldFloats
	if p.alone || p.ownB {
		p.localFloats += p.panelFloats
	} else {
		p.sharedPanels = p.panelFloats
	}
	if p.ownA {
		p.localFloats += p.packedFloats
	} else {
		p.sharedPacked = p.packedFloats
	}
	return p
}

// cut looks for about so many chunks: blocks of rows; parts of a long K, as far
// as their sums stay small; blocks of columns; smaller blocks of rows.
func (p *plan) cut(chunks int) {
	const longPart, narrow = 4, 8 * tile.Cols
	low := 4 * tile.Rows
	room := max(1, maxSums/(p.m*p.n))
	if p.kblocks >= long {
		p.mblocks, p.nblocks = ceilDiv(p.m, tall), ceilDiv(p.np, tall)
		p.parts = max(1, min(ceilDiv(chunks, p.mblocks*p.nblocks), p.kblocks/2, room))
		if p.mblocks*p.nblocks*p.parts >= chunks/4 {
			p.settle()
			return
		}
	}
	p.mblocks = ceilDiv(p.m, blockRows)
	p.parts = max(1, min(chunks/p.mblocks, p.kblocks/longPart, room))
	p.nblocks = max(1, min(chunks/(p.mblocks*p.parts), p.np/narrow))
	p.mblocks = max(p.mblocks, min(chunks/(p.parts*p.nblocks), ceilDiv(p.m, low)))
	p.parts = max(p.parts, min(chunks/(p.mblocks*p.nblocks), p.kblocks, room))
	p.settle()
}

// settle makes blocks of whole tiles, and drops empty ones.
func (p *plan) settle() {
	p.rows = roundUp(ceilDiv(p.m, p.mblocks), tile.Rows)
	p.mblocks = ceilDiv(p.m, p.rows)
	p.cols = roundUp(ceilDiv(p.np, p.nblocks), tile.Cols)
	p.nblocks = ceilDiv(p.np, p.cols)
}

// sharedFloats is the scratch memory that all workers see: packed B, packed A, then the parts of C.
func (p *plan) sharedFloats() int {
	n := p.sharedPanels + p.sharedPacked
	if p.parts > 1 {
		n += p.parts * p.m * p.n
	}
	return n
}

// block is block i of K: where it starts and how deep it is.
func (p *plan) block(i int) (k0, k int) { return i * p.kc, min(p.kc, p.k-i*p.kc) }

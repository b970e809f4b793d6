package gemm

import (
	"fmt"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
	"github.com/fwlab/fw/core/pool"
)

// Gemm is a planned product. Bind it once, run it every step.
type Gemm struct {
	plan
	workers int
	turned  bool // A and B have changed places

	a, b, c operand
	bias    []float32
	panels  []float32 // packed B
	packed  []float32 // packed A
	sums    []float32 // parts of C
	local   []float32 // each worker's

	phase   phase
	product int // of the batch, where they come one after the other
}

type phase int

const (
	packing phase = iota
	multiplying
	adding
)

// New plans the product for at most so many workers.
func New(s Spec, workers int) (*Gemm, error) {
	p, err := s.strided()
	if err != nil {
		return nil, err
	}
	return newGemm(p, workers)
}

func newGemm(p strided, workers int) (*Gemm, error) {
	if workers < 1 {
		return nil, fmt.Errorf("gemm: expected at least 1 worker, found %d", workers)
	}
	if p.flat() {
		return &Gemm{plan: newPlan(p.turned()), workers: workers, turned: true}, nil
	}
	return &Gemm{plan: newPlan(p), workers: workers}, nil
}

// Scratch is the float32s of scratch memory that Bind needs.
func (g *Gemm) Scratch() int { return g.sharedFloats() + g.workers*g.localFloats }

// FLOPs counts multiplications and additions.
func (g *Gemm) FLOPs() int64 {
	return 2 * int64(g.products) * int64(g.m) * int64(g.n) * int64(g.k)
}

// Bind sets the buffers. bias is nil unless the Spec asks for one, c is nil if it has
// an epilogue.
func (g *Gemm) Bind(scratch, c, a, b, bias []float32) {
	g.bind(scratch, operand{f: c}, operand{f: a}, operand{f: b}, bias)
}

// BindPairs is Bind for a Spec with Pairs: c is as long as C where that is float32,
// half where it is bfloat16.
func (g *Gemm) BindPairs(scratch, c []float32, half, a, b []uint16, bias []float32) {
	to := operand{f: c}
	if g.half {
		to = operand{h: half}
	}
	g.bind(scratch, to, operand{h: a}, operand{h: b}, bias)
}

func (g *Gemm) bind(scratch []float32, c, a, b operand, bias []float32) {
	if g.turned {
		a, b = b, a
	}
	need("scratch", scratch, g.Scratch())
	g.a, g.b, g.c, g.bias = a, b, c, bias
	if g.then == nil {
		needElements("C", g.c.len(), g.sizeC())
	}
	needElements("A", g.a.len(), g.extentA())
	needElements("B", g.b.len(), g.extentB())
	if g.withBias {
		need("bias", bias, g.sizeBias())
	}
	shared := g.sharedFloats()
	g.local = scratch[shared:]
	sums := g.sharedPanels + g.sharedPacked
	g.panels, g.packed, g.sums = scratch[:g.sharedPanels], scratch[g.sharedPanels:sums], scratch[sums:shared]
}

func need(what string, got []float32, n int) { needElements(what, len(got), n) }

func needElements(what string, got, n int) {
	if got < n {
		panic(fmt.Sprintf("gemm: bind %s: expected %d elements, found %d", what, n, got))
	}
}

// Run computes C. It allocates nothing.
func (g *Gemm) Run(p *pool.Pool) {
	if p.Workers() > g.workers {
		panic(fmt.Sprintf("gemm: planned for %d workers, run on %d", g.workers, p.Workers()))
	}
	if g.alone {
		g.phase = multiplying
		p.Run(ceilDiv(g.products, g.group), g)
		return
	}
	for g.product = range g.products {
		if n := g.packChunksB() + g.packChunksA(); n > 0 {
			g.phase = packing
			p.Run(n, g)
		}
		g.phase = multiplying
		p.Run(g.parts*g.mblocks*g.nblocks, g)
		if g.parts > 1 {
			g.phase = adding
			p.Run(ceilDiv(g.m, g.addRows()), g)
		}
	}
}

// Chunk runs one piece of the current phase.
func (g *Gemm) Chunk(i, worker int) {
	switch {
	case g.alone:
		for q := i * g.group; q < min((i+1)*g.group, g.products); q++ {
			g.multiplyAlone(q, worker)
		}
	case g.phase == packing:
		g.packChunk(i)
	case g.phase == multiplying:
		g.multiplyChunk(i, worker)
	default:
		g.addChunk(i, worker)
	}
}

// A chunk of packing is one block of K by so many columns of B or rows of A.
const (
	packCols = 8 * tile.Cols
	packRows = 8 * tile.MaxRows
)

func (g *Gemm) packChunksB() int {
	switch {
	case g.sharedPanels == 0:
		return 0
	case g.bare:
		return g.kblocks
	}
	return g.kblocks * ceilDiv(g.np, packCols)
}

func (g *Gemm) packChunksA() int {
	if g.sharedPacked == 0 {
		return 0
	}
	return g.kblocks * ceilDiv(g.m, packRows)
}

func (g *Gemm) packChunk(i int) {
	a, b, _, _ := g.at(g.product)
	k0, k := g.block(i % g.kblocks)
	if n := g.packChunksB(); i >= n {
		m0 := (i - n) / g.kblocks * packRows
		g.plan.packRows(g.packed[k0*roundUp(g.m, tile.Rows)+m0*k:], g.a.from(a+m0*g.am+k0*g.ak), min(packRows, g.m-m0), k)
		return
	}
	if g.bare {
		g.packEdge(g.panels, g.b.from(b), i)
		return
	}
	j := i / g.kblocks * packCols
	g.plan.packColumns(g.panels[k0*g.np+j*k:], g.b.from(b+k0*g.bk+j*g.bn), k, min(packCols, g.n-j))
}

// packEdge packs the narrow last panel of a block of K.
func (g *Gemm) packEdge(dst []float32, b operand, block int) {
	k0, k := g.block(block)
	j := g.n &^ (tile.Cols - 1)
	tile.PackPanel(dst[k0*tile.Cols:], b.f[k0*g.bk+j*g.bn:], g.bk, g.bn, k, g.n-j)
}

func (g *Gemm) multiplyChunk(i, worker int) {
	w := g.work(g.product, worker)
	part, at := i/(g.mblocks*g.nblocks), i%(g.mblocks*g.nblocks)
	if g.parts > 1 {
		w.c, w.ldc, w.bias, w.accumulate, w.then = operand{f: g.sums[part*g.m*g.n:]}, g.n, nil, false, nil
	}
	m0, j0 := at%g.mblocks*g.rows, at/g.mblocks*g.cols
	w.chunk(m0, min(m0+g.rows, g.m), j0, min(j0+g.cols, g.n), part*g.perPart, min((part+1)*g.perPart, g.kblocks))
}

// work is what a worker needs for a chunk of product q.
func (g *Gemm) work(q, worker int) work {
	a, b, c, bias := g.at(q)
	w := work{plan: &g.plan, a: g.a.from(a), b: g.b.from(b), ldc: g.ldc, accumulate: g.accumulate,
		panels: g.panels, packed: g.packed, then: g.then, first: c, worker: worker}
	if g.then == nil {
		w.c = g.c.from(c)
	}
	if g.withBias {
		w.bias = g.bias[bias:]
	}
	own := g.own(worker)
	w.edge, own = own[:edgeFloats], own[edgeFloats:]
	w.held, own = own[:g.heldFloats], own[g.heldFloats:]
	if g.alone || g.ownB {
		w.panels, own = own[:g.panelFloats], own[g.panelFloats:]
	}
	if g.ownA {
		w.packed = own[:g.packedFloats]
	}
	return w
}

// own is a worker's memory.
func (g *Gemm) own(worker int) []float32 {
	return g.local[worker*g.localFloats : (worker+1)*g.localFloats]
}

// multiplyAlone computes product q of the batch from packing to result.
func (g *Gemm) multiplyAlone(q, worker int) {
	w := g.work(q, worker)
	if g.panelFloats > 0 {
		for i := range g.kblocks {
			if g.bare {
				g.packEdge(w.panels, w.b, i)
				continue
			}
			k0, k := g.block(i)
			g.plan.packColumns(w.panels[k0*g.np:], w.b.from(k0*g.bk), k, g.n)
		}
	}
	for m0 := 0; m0 < g.m; m0 += g.rows {
		w.chunk(m0, min(m0+g.rows, g.m), 0, g.n, 0, g.kblocks)
	}
}

// addRows is the number of rows of C whose parts a chunk adds.
func (g *Gemm) addRows() int { return max(1, 4096/g.n) }

func (g *Gemm) addChunk(i, worker int) {
	_, _, c, bias := g.at(g.product)
	for r := i * g.addRows(); r < min((i+1)*g.addRows(), g.m); r++ {
		at := c + r*g.ldc
		if g.then == nil {
			g.addParts(g.c.f[at:][:g.n], r, 0, bias)
			continue
		}
		for j := 0; j < g.n; j += g.span {
			held := g.own(worker)[edgeFloats:][:min(g.span, g.n-j)]
			g.addParts(held, r, j, bias)
			g.then.Rows(worker, held, 1, len(held), at+j, g.ldc)
		}
	}
}

// addParts adds the parts of row r from column j on.
func (g *Gemm) addParts(row []float32, r, j, bias int) {
	part := func(p int) []float32 { return g.sums[(p*g.m+r)*g.n+j:][:len(row)] }
	switch {
	case g.accumulate:
		vec.Add(row, row, part(0))
	case g.withBias:
		vec.Add(row, part(0), g.bias[bias+j:])
	default:
		copy(row, part(0))
	}
	for p := 1; p < g.parts; p++ {
		vec.Add(row, row, part(p))
	}
}

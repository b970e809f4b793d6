package gemm

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// Epilogue is what becomes of a product's sums, element by element, while a worker
// has them in its cache. It writes where it likes; the product writes no C.
type Epilogue interface {
	// Rows takes rows of sums, which lie one after the other. The first is element at
	// of the result, and a row is stride elements of the result from the next.
	Rows(worker int, sums []float32, rows, cols, at, stride int)
}

const (
	// maxHeld bounds the sums that a worker holds for an epilogue, so that they stay in the L2 cache.
	maxHeld = 48 << 10
	// wholeRow is how long rows are handed over whole: memory is not fetched ahead of an
	// epilogue that reads and writes pieces of rows.
	wholeRow = 1536
)

// hold cuts a product that has an epilogue into about so many chunks, of whole rows if
// it can, and chooses how many columns of a chunk are summed before the epilogue has them.
func (p *plan) hold(chunks int) {
	if p.parts == 1 && !p.alone {
		p.nblocks = ceilDiv(p.np, wholeRow)
		p.settle()
		held := max(tile.Rows, maxHeld/p.cols/tile.Rows*tile.Rows)
		p.mblocks = ceilDiv(p.m, min(held, max(2*tile.Rows, ceilDiv(p.m, chunks))))
		p.settle()
	}
	p.span = roundUp(ceilDiv(p.cols, ceilDiv(p.cols*p.rows, maxHeld)), tile.Cols)
	p.heldFloats = p.rows * p.span
}

// chunk computes rows m0..m1 and columns j0..j1 of C over the blocks kb0..kb1 of K,
// or gives their sums to the epilogue.
func (w *work) chunk(m0, m1, j0, j1, kb0, kb1 int) {
	if w.then == nil {
		w.block(m0, m1, j0, j1, kb0, kb1)
		return
	}
	for j := j0; j < j1; j += w.span {
		end := min(j+w.span, j1)
		w.c, w.row, w.col, w.ldc = operand{f: w.held}, m0, j, end-j
		w.block(m0, m1, j, end, kb0, kb1)
		w.then.Rows(w.worker, w.held, m1-m0, end-j, w.first+m0*w.plan.ldc+j, w.plan.ldc)
	}
}

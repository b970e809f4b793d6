package gemm

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// work is one chunk's operands and its worker's memory.
type work struct {
	*plan
	a, b, c    operand
	row, col   int // of the product's C, where c begins
	ldc        int
	bias       []float32
	accumulate bool
	panels     []float32 // packed B, or its last panel
	packed     []float32 // packed A; room for a block of it, if the product is alone
	edge       []float32 // room for a tile that C has no room for

	then   Epilogue // of the sums of this chunk, nil if they are C or parts of it
	held   []float32
	first  int // element of the result that C begins with
	worker int
}

// contiguous are the rows of a tile of its own; none are all the same row.
var (
	contiguous = tile.Evenly(4 * tile.Cols)
	none       tile.Offsets
)

// block computes rows m0..m1 and columns j0..j1 of C over the blocks kb0..kb1
// of K. j0 is a multiple of a panel's width.
func (w *work) block(m0, m1, j0, j1, kb0, kb1 int) {
	rowBytes := w.size * w.am // from one row of A to the next, as the tile reads it
	if w.packA {
		rowBytes = 4
	}
	cBytes := 4
	if w.c.h != nil {
		cBytes = 2
	}
	seg, cOff := tile.Seg{Row: tile.Evenly(rowBytes)}, tile.Evenly(cBytes*w.ldc)
	t := tile.Args{Segs: &seg, Count: 1, COff: &cOff, CPanel: cBytes * tile.Cols}
	if w.c.h != nil {
		t.Half = 1
	}
	for kb := kb0; kb < kb1; kb++ {
		k0, k := w.plan.block(kb)
		t.Depth, t.KS = k, w.size*w.ak
		a, aStep := w.a.from(m0*w.am+k0*w.ak), w.am
		switch {
		case w.ownA:
			w.packRows(w.packed, a, m1-m0, k)
			a, aStep, t.KS = operand{f: w.packed}, k, 4*tile.Rows
		case w.packA:
			a, aStep, t.KS = operand{f: w.packed[k0*roundUp(w.m, tile.Rows)+m0*k:]}, k, 4*tile.Rows
		}
		if w.ownB {
			w.packColumns(w.panels, w.b.from(k0*w.bk), k, w.n)
		}
		add := kb > kb0 || w.accumulate
		for j, cols := j0, 0; j < j1; j += cols {
			cols = wide(j1 - j)
			w.bindB(&t, k0, k, j, cols)
			for i := m0; i < m1; i += tile.Rows {
				rows := min(tile.Rows, m1-i)
				t.A = a.at((i - m0) * aStep)
				c := w.c.from((i-w.row)*w.ldc + j - w.col)
				if cols < tile.Cols {
					w.edgeTile(&t, rows, cols, c, j, add, kb == kb0)
					continue
				}
				t.C, t.Add = c.at(0), nil
				switch {
				case add:
					t.Add, t.AddOff = t.C, &cOff
				case w.bias != nil && kb == kb0:
					t.Add, t.AddOff = &w.bias[j], &none
				}
				w.mul(rows, cols, &t)
			}
		}
	}
}

func (p *plan) mul(rows, cols int, t *tile.Args) {
	if p.pairs {
		tile.MulPairs(rows, cols, t)
		return
	}
	tile.Mul(rows, cols, t)
}

// wide is how many of the columns left the next tiles take: whole panels, or the last ones.
func wide(left int) int {
	if left < tile.Cols {
		return left
	}
	return min(left&^(tile.Cols-1), tile.Width)
}

// bindB points t at columns j.. of rows k0.. of B, packed or as they are.
func (w *work) bindB(t *tile.Args, k0, k, j, cols int) {
	switch {
	case w.ownB:
		t.B, t.BS, t.Panel = &w.panels[j*k], 4*tile.Cols, 4*tile.Cols*k
	case !w.bare:
		t.B, t.BS, t.Panel = &w.panels[k0*w.np+j*k], 4*tile.Cols, 4*tile.Cols*k
	case cols < tile.Cols:
		t.B, t.BS = &w.panels[k0*tile.Cols], 4*tile.Cols
	default:
		t.B, t.BS, t.Panel = w.b.at(k0*w.bk+j), 4*w.bk, 4*tile.Cols
	}
}

// edgeTile computes a tile of fewer columns than a panel's beside C and copies what fits.
func (w *work) edgeTile(t *tile.Args, rows, cols int, c operand, j int, add, first bool) {
	at := func(i int) []float32 { return w.edge[i*tile.Cols : i*tile.Cols+cols] }
	e := *t
	e.C, e.COff, e.CPanel, e.Add, e.Half = &w.edge[0], &contiguous, 4*tile.Cols, nil, 0
	if add || first && w.bias != nil {
		e.Add, e.AddOff = e.C, &contiguous
		for i := range rows {
			if add {
				copy(at(i), c.f[i*w.ldc:])
			} else {
				copy(at(i), w.bias[j:])
			}
		}
	}
	w.mul(rows, tile.Narrowest(cols), &e)
	for i := range rows {
		c.from(i * w.ldc).write(at(i))
	}
}

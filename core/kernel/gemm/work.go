package gemm

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// work is one chunk's operands and its worker's memory.
type work struct {
	*plan
	a, b, c, bias []float32
	ldc           int
	accumulate    bool
	panels        []float32 // packed B, or its last panel
	packed        []float32 // packed A; room for a block of it, if the product is alone
	edge          []float32 // room for a tile that C has no room for
}

// contiguous are the rows of a tile of its own; none are all the same row.
var (
	contiguous = tile.Evenly(4 * tile.Cols)
	none       tile.Offsets
)

// block computes rows m0..m1 and columns j0..j1 of C over the blocks kb0..kb1
// of K. j0 is a multiple of a panel's width.
func (w *work) block(m0, m1, j0, j1, kb0, kb1 int) {
	rowFloats := w.am // from one row of A to the next, as the tile reads it
	if w.packA {
		rowFloats = 1
	}
	seg, cOff := tile.Seg{Row: tile.Evenly(4 * rowFloats)}, tile.Evenly(4*w.ldc)
	t := tile.Args{Segs: &seg, Count: 1, COff: &cOff, CPanel: 4 * tile.Cols}
	for kb := kb0; kb < kb1; kb++ {
		k0, k := w.plan.block(kb)
		t.Depth, t.KS = k, 4*w.ak
		a, aStep := w.a[m0*w.am+k0*w.ak:], w.am
		switch {
		case w.ownA:
			tile.PackA(w.packed, a, w.am, w.ak, m1-m0, k)
			a, aStep, t.KS = w.packed, k, 4*tile.Rows
		case w.packA:
			a, aStep, t.KS = w.packed[k0*roundUp(w.m, tile.Rows)+m0*k:], k, 4*tile.Rows
		}
		if w.ownB {
			tile.PackB(w.panels, w.b[k0*w.bk:], w.bk, w.bn, k, w.n)
		}
		add := kb > kb0 || w.accumulate
		for j, cols := j0, 0; j < j1; j += cols {
			cols = wide(j1 - j)
			w.bindB(&t, k0, k, j, cols)
			for i := m0; i < m1; i += tile.Rows {
				rows := min(tile.Rows, m1-i)
				t.A = &a[(i-m0)*aStep]
				c := w.c[i*w.ldc+j:]
				if cols < tile.Cols {
					w.edgeTile(&t, rows, cols, c, j, add, kb == kb0)
					continue
				}
				t.C, t.Add = &c[0], nil
				switch {
				case add:
					t.Add, t.AddOff = t.C, &cOff
				case w.bias != nil && kb == kb0:
					t.Add, t.AddOff = &w.bias[j], &none
				}
				tile.Mul(rows, cols, &t)
			}
		}
	}
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
		t.B, t.BS, t.Panel = &w.b[k0*w.bk+j], 4*w.bk, 4*tile.Cols
	}
}

// edgeTile computes a tile of fewer columns than a panel's beside C and copies what fits.
func (w *work) edgeTile(t *tile.Args, rows, cols int, c []float32, j int, add, first bool) {
	at := func(i int) []float32 { return w.edge[i*tile.Cols : i*tile.Cols+cols] }
	e := *t
	e.C, e.COff, e.Add = &w.edge[0], &contiguous, nil
	if add || first && w.bias != nil {
		e.Add, e.AddOff = e.C, &contiguous
		for i := range rows {
			if add {
				copy(at(i), c[i*w.ldc:])
			} else {
				copy(at(i), w.bias[j:])
			}
		}
	}
	tile.Mul(rows, tile.Narrowest(cols), &e)
	for i := range rows {
		copy(c[i*w.ldc:][:cols], at(i))
	}
}

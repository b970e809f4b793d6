package attention

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// deep bounds the rows of a panel that pass at once, so that it stays in the L1 cache.
const deep = 256

// matrix is a matrix within a larger one: element (i, j) is at data[i*row + j*col].
type matrix struct {
	data     []float32
	row, col int
}

// panels is a matrix of k rows and n columns in panels of tile.Cols columns, as
// tile.PackB makes them.
type panels struct {
	data []float32
	k, n int
}

// pack copies a matrix of k rows and n columns into panels of its own.
func (p panels) pack(m matrix) panels {
	tile.PackB(p.data, m.data, m.row, m.col, p.k, p.n)
	return p
}

// padded is n columns with those that fill their last panel.
func padded(n int) int { return (n + tile.Cols - 1) &^ (tile.Cols - 1) }

// multiply: c[i][j] = sum over k of a[i][k]*b[k][j] for i < m and j < b.n, plus
// c[i][j] if add holds. Columns of c that fill b's last panel are overwritten if c
// is roomy; otherwise edge, of tile.MaxRows*tile.Cols, stands in for them.
func multiply(c []float32, ldc int, a matrix, b panels, m int, add, roomy bool, edge []float32) {
	seg, off, beside := tile.Seg{Row: tile.Evenly(4 * a.row)}, tile.Evenly(4*ldc), tile.Evenly(4*tile.Cols)
	t := tile.Args{Segs: &seg, Count: 1, KS: 4 * a.col, BS: 4 * tile.Cols, Panel: 4 * tile.Cols * b.k, CPanel: 4 * tile.Cols}
	whole := b.n &^ (tile.Cols - 1)
	if roomy {
		whole = padded(b.n)
	}
	for k := 0; k < b.k; k += deep {
		t.Depth = min(deep, b.k-k)
		sum := add || k > 0
		for j, cols := 0, 0; j < whole; j += cols {
			cols = min(tile.Width, whole-j)
			t.B = &b.data[j*b.k+k*tile.Cols]
			for i := 0; i < m; i += tile.Rows {
				t.A, t.C, t.COff, t.Add = &a.data[i*a.row+k*a.col], &c[i*ldc+j], &off, nil
				if sum {
					t.Add, t.AddOff = t.C, &off
				}
				tile.Mul(min(tile.Rows, m-i), cols, &t)
			}
		}
		if whole >= b.n {
			continue
		}
		t.B = &b.data[whole*b.k+k*tile.Cols]
		for i := 0; i < m; i += tile.Rows {
			rows := min(tile.Rows, m-i)
			t.A, t.C, t.COff, t.Add = &a.data[i*a.row+k*a.col], &edge[0], &beside, nil
			tile.Mul(rows, tile.Cols, &t)
			for r := range rows {
				from, to := edge[r*tile.Cols:], c[(i+r)*ldc+whole:(i+r)*ldc+b.n]
				for j := range to {
					if sum {
						to[j] += from[j]
					} else {
						to[j] = from[j]
					}
				}
			}
		}
	}
}

package conv

import (
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/kernel/vec"
)

// addRun is the number of rows of dw of each tap that are transposed at once.
const addRun = 16

// addFloats is the memory that adding needs: a run as it is summed, and as OIHW.
func addFloats(taps int) int { return 2 * addRun * roundUp(taps, 8) * tile.Cols }

// addParts adds the parts of panel i, (tap, row) by output channel, and writes
// it as OIHW, output channel by (row, tap).
func (g *weightSum) addParts(i int, local []float32) {
	panel := g.sums[i*tile.Cols*g.k:][:tile.Cols*g.k]
	for p := 1; p < g.parts; p++ {
		vec.Add(panel, panel, g.sums[p*g.partFloats()+i*tile.Cols*g.k:])
	}
	group, j := i/(g.np/tile.Cols), i%(g.np/tile.Cols)*tile.Cols
	out, cols := g.dw[(group*g.n+j)*g.k:], min(tile.Cols, g.n-j)
	if g.band != nil {
		g.writeRuns(out, panel, cols)
		return
	}
	half := len(local) / 2
	ordered, turned := local[:half], local[half:]
	for r := 0; r < g.red; r += addRun {
		run := min(addRun, g.red-r)
		for q := range run {
			for tap := range g.taps {
				*(*[tile.Cols]float32)(ordered[(q*g.taps+tap)*tile.Cols:]) = *(*[tile.Cols]float32)(panel[(tap*g.red+r+q)*tile.Cols:])
			}
		}
		n := run * g.taps
		for p := 0; p < n; p += tile.Cols {
			rows := min(tile.Cols, n-p)
			tile.PackPanel(turned, ordered[p*tile.Cols:], 1, tile.Cols, tile.Cols, rows)
			for x := range cols {
				copy(out[x*g.k+r*g.taps+p:][:rows], turned[x*tile.Cols:])
			}
		}
	}
}

// writeRuns is addParts for thin images, whose rows are (kernel column, channel).
func (g *weightSum) writeRuns(out, panel []float32, cols int) {
	s := &g.spec
	for kh := range g.taps {
		for r := range g.red {
			at := (r%s.C*s.KH+kh)*s.KW + r/s.C
			for x, v := range panel[(kh*g.red+r)*tile.Cols:][:cols] {
				out[x*g.k+at] = v
			}
		}
	}
}

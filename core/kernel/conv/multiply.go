package conv

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

const edgeFloats = tile.MaxRows * tile.Cols

// contiguous are the rows of a tile of its own; none are all the same row.
var (
	contiguous = tile.Evenly(4 * tile.Cols)
	none       tile.Offsets
)

// operands are one chunk's: tiles [lo,hi) of a layout, columns [j0,j1) of one group.
type operands struct {
	*sum
	*layout
	lo, hi, live int
	j0, j1       int
	src, dst     []float32 // from the unit's and the group's place on
	panels       []float32 // the group's packed weights
	bias         []float32 // the group's, or nil
	edge         []float32
	half         bool // words of two bfloat16s, to outputs of bfloat16
}

// multiply: dst = src * weights + bias over the tiles and columns.
func (o *operands) multiply() {
	args := tile.Args{KS: 4, Zero: &zeros[0], BS: 4 * tile.Cols, CPanel: 4 * tile.Cols}
	if o.half {
		args.CPanel, args.Half = 2*tile.Cols, 1
	}
	first := true
	for cb := range o.cblocks {
		c0, c := o.channels(cb)
		args.A, args.Depth = &o.src[c0], c
		for tb := range len(o.blocks) - 1 {
			args.Panel = 4 * (o.panel(cb, tb, tile.Cols) - o.panel(cb, tb, 0))
			for j, cols := o.j0, 0; j < o.j1; j += cols {
				cols = wide(min(o.j1, o.n) - j)
				args.B = &o.panels[o.panel(cb, tb, j)]
				o.column(&args, tb, j, cols, first)
				if cols < tile.Cols {
					break
				}
			}
			first = false
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

// column runs the panels of weights of cols columns over the tiles.
func (o *operands) column(args *tile.Args, tb, j, cols int, first bool) {
	a := *args
	for i := o.lo; i < o.hi; i++ {
		t := &o.tiles[i]
		rows := t.live(o.live)
		if rows <= 0 {
			continue
		}
		seg := t.first[tb]
		a.Count = int(t.first[tb+1] - seg)
		if a.Count > 0 {
			a.Segs = &o.segs[seg]
		} else if !first {
			continue
		}
		if cols < tile.Cols {
			o.edgeTile(&a, t, rows, cols, j, first)
			continue
		}
		a.C, a.COff, a.Add = o.out(j), &t.off, nil
		switch {
		case !first:
			a.Add, a.AddOff = a.C, a.COff
		case o.bias != nil:
			a.Add, a.AddOff = &o.bias[j], &none
		}
		o.mul(rows, cols, &a)
	}
}

// out is where column j of the output is.
func (o *operands) out(j int) *float32 {
	if o.half {
		return &o.dst[j/2]
	}
	return &o.dst[j]
}

func (o *operands) mul(rows, cols int, args *tile.Args) {
	if o.half {
		tile.MulPairs(rows, cols, args)
	} else {
		tile.Mul(rows, cols, args)
	}
}

// edgeTile computes a tile of fewer columns than a panel's beside dst and copies what fits.
func (o *operands) edgeTile(args *tile.Args, t *placed, rows, cols, j int, first bool) {
	at := func(i int) []float32 { return o.edge[i*tile.Cols : i*tile.Cols+cols] }
	out := func(i int) []float32 { return o.dst[int(t.off[i])/4+j:][:cols] }
	a := *args
	a.C, a.COff, a.CPanel, a.Add, a.Half = &o.edge[0], &contiguous, 4*tile.Cols, nil, 0
	if !first || o.bias != nil {
		a.Add, a.AddOff = a.C, &contiguous
		for i := range rows {
			if first {
				copy(at(i), o.bias[j:])
			} else {
				copy(at(i), out(i))
			}
		}
	}
	o.mul(rows, tile.Narrowest(cols), &a)
	for i := range rows {
		if o.half {
			bf16.Narrow(halves(o.dst)[int(t.off[i])/2+j:][:cols], at(i))
		} else {
			copy(out(i), at(i))
		}
	}
}

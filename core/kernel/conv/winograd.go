package conv

import (
	"github.com/fwlab/fw/core/kernel/conv/winograd"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

const (
	winogradFloats = 96 << 10 // of a chunk's matrices, about: 384 KiB of the L2 cache
	leastTiles     = 24       // of a chunk, so that a panel of weights is used more than once
	// spreadFloats between matrices keep the places of a tile apart in the L1 cache.
	spreadFloats = 80
	// An output larger than this is written past the caches: it would not be
	// there any more when it is read.
	streamFloats = 3 << 20
)

// fewer is a convolution with fewer multiplications: Winograd's F(2x2,3x3), 16
// for four output pixels where the direct sum has 36, or F(4x4,3x3), 36 for
// sixteen. A chunk is some tiles of output pixels: their patches of input pixels
// are transformed to matrices of tiles by input channels, each is multiplied by
// its matrix of weights, and the products are transformed to output pixels, all
// in a worker's memory.
//
// A value that is not finite spreads over the tiles that see it.
type fewer struct {
	patches
	oh, ow, n, np int // output pixels and channels, and channels in whole panels
	cw, nw        int // words of an input and of an output pixel: half its channels where these are bfloat16
	biased        bool
	rotated       bool // the kernels, and input and output channels exchanged
	stream        bool
	resident      bool // of [resident]
	workers       int

	tiles, per, chunks int // of all images, of a chunk, and the number of chunks
	sum                sum // over channels
	xiU, xiV, xiM      int // floats of a matrix of weights, of inputs and of products
	local              int

	y, x, kernels, bias []float32
	u, locals           []float32
	packing             bool
}

func newFewer(t tiling, g geometry, bias bool, workers int) *fewer {
	f := &fewer{oh: g.oh, ow: g.ow, n: g.n, np: roundUp(g.n, tile.Cols), cw: g.c, nw: g.n, biased: bias, rotated: g.stepH < 0, workers: workers}
	if g.half {
		f.cw, f.nw = g.c/2, g.n/2
	}
	th, tw := ceilDiv(g.oh, t.side), ceilDiv(g.ow, t.side)
	shift := func(first, step int) int { return min(first, first+2*step) } // of the leftmost of three taps
	f.patches = newPatches(t, false, g.h, g.w, f.cw, shift(g.shiftH, g.stepH), shift(g.shiftW, g.stepW), th, tw)
	f.half = g.half
	f.sum = newSum(1, f.cw, g.n)
	f.resident = resident(g)
	f.tiles = g.b * th * tw
	f.stream = g.b*g.oh*g.ow*f.nw >= streamFloats
	per := max(leastTiles, winogradFloats/(t.matrices*(g.c+f.np)), g.c*f.np/(2*(g.c+f.np))) // the last balances reading weights and tiles from L3
	per = min(per, ceilDiv(f.tiles, wantParts))
	f.chunks = ceilDiv(f.tiles, roundUp(per, tile.Rows))
	f.per = roundUp(ceilDiv(f.tiles, f.chunks), tile.Rows)
	f.chunks = ceilDiv(f.tiles, f.per)
	f.xiU, f.xiV, f.xiM = f.cw*f.np, f.per*f.cw+spreadFloats, f.per*f.np+spreadFloats
	f.local = t.room + max(t.matrices*(f.xiV+f.xiM)+t.side*t.side*f.nw, f.packFloats())
	return f
}

func (f *fewer) Scratch() int { return f.matrices*f.xiU + f.workers*f.local }

func (f *fewer) Bind(scratch, y, x, w, bias []float32) {
	f.y, f.x, f.kernels, f.bias = y, x, w, nil
	if f.biased {
		f.bias = bias[:f.n]
	}
	f.u, f.locals = scratch[:f.matrices*f.xiU], scratch[f.matrices*f.xiU:]
}

func (f *fewer) Run(p *pool.Pool) {
	checkPool(p, f.workers)
	f.packing = true
	p.Run(f.np/tile.Cols*ceilDiv(f.channels(), packRun), f)
	f.packing = false
	p.Run(f.chunks, f)
}

// Chunk transforms the weights of 16 input channels and a panel, or computes some tiles.
func (f *fewer) Chunk(i, worker int) {
	local := f.locals[worker*f.local : (worker+1)*f.local]
	room, local := &local[0], local[f.room:]
	if f.packing {
		runs := ceilDiv(f.channels(), packRun)
		if j, r := i/runs*tile.Cols, i%runs*packRun; f.half {
			f.packHalf(j, r, local)
		} else {
			f.pack(j, r, local, room)
		}
		return
	}
	k := f.matrices
	v, m, edge := local[:k*f.xiV], local[k*f.xiV:k*(f.xiV+f.xiM)], local[k*(f.xiV+f.xiM):]
	first := i * f.per
	n := min(f.per, f.tiles-first)
	f.transform(winograd.Tiles{Xi: 4 * f.xiV, Room: room}, v, f.cw, f.x, first, n, 0, f.channels(), false)
	f.multiply(m, v, first, n)
	f.write(m, edge, room, first, n)
}

// channels is the number of input channels.
func (f *fewer) channels() int {
	if f.half {
		return 2 * f.cw
	}
	return f.cw
}

// pack transforms weights of input channels r.. and output channels j...
func (f *fewer) pack(j, r int, local []float32, room *float32) {
	run, cols := min(packRun, f.c-r), min(tile.Cols, f.n-j)
	if f.rotated { // element (column, row, tap) at (row*n + column)*9 + tap
		for q := range run {
			tile.PackPanel(local[q*9*tile.Cols:], f.kernels[((r+q)*f.n+j)*9:], 1, 9, 9, cols)
		}
	} else { // at (column*c + row)*9 + tap
		tile.PackPanel(local, f.kernels[(j*f.c+r)*9:], 1, f.c*9, run*9, cols)
	}
	f.weights(&f.u[j*f.c+r*tile.Cols], &local[0], room, 4*f.xiU, run, f.rotated)
}

// multiply: m = v * u for n tiles. On the way it asks for the pixels that will
// be written, and for those that the next chunk will read.
func (f *fewer) multiply(m, v []float32, first, n int) {
	var y []float32
	if !f.stream {
		y = share(f.y, f.tiles, first, n)
	}
	x := share(f.x, f.tiles, first+n, n)
	from, to := tile.Seg{Row: tile.Evenly(4 * f.cw)}, tile.Evenly(4*f.np)
	a := tile.Args{Segs: &from, Count: 1, KS: 4, Zero: &zeros[0], BS: 4 * tile.Cols, Panel: 4 * tile.Cols * f.cw, CPanel: 4 * tile.Cols, COff: &to, AddOff: &to}
	for xi := range f.matrices {
		prefetch(y, xi, f.matrices)
		prefetch(x, xi, f.matrices)
		add := xi == f.biasMatrix() && f.bias != nil
		if f.resident && !add {
			f.multiplyResident(&m[xi*f.xiM], &v[xi*f.xiV], &f.u[xi*f.xiU], n)
			continue
		}
		if add {
			for t := range n {
				copy(m[xi*f.xiM+t*f.np:][:f.n], f.bias)
			}
		}
		for cb := range f.sum.cblocks {
			var c0 int
			c0, a.Depth = f.sum.channels(cb)
			for j := 0; j < f.np; j += tile.Width {
				cols := min(tile.Width, f.np-j)
				a.B = &f.u[xi*f.xiU+j*f.cw+c0*tile.Cols]
				for t := 0; t < n; t += tile.Rows {
					a.A, a.C, a.Add = &v[xi*f.xiV+t*f.cw+c0], &m[xi*f.xiM+t*f.np+j], nil
					if add {
						a.Add = a.C
					}
					if rows := min(tile.Rows, n-t); f.half {
						tile.MulPairs(rows, cols, &a)
					} else {
						tile.Mul(rows, cols, &a)
					}
				}
			}
			add = true
		}
	}
}

// multiplyResident: a matrix of products, where both kinds of channels are one panel.
func (f *fewer) multiplyResident(m, v, u *float32, n int) {
	if f.half {
		tile.ResidentPairs(n, v, u, m)
		return
	}
	tile.Resident(n, v, u, m)
}

// write transforms the products of tiles first.. to output pixels.
func (f *fewer) write(m, edge []float32, room *float32, first, n int) {
	t := winograd.Tiles{Xi: 4 * f.xiM, Tile: 4 * f.np, Room: room}
	side := f.side
	for i := 0; i < n; i += t.N {
		image, ty, tx := (first+i)/(f.th*f.tw), (first+i)/f.tw%f.th, (first+i)%f.tw
		y := f.y[((image*f.oh+side*ty)*f.ow+side*tx)*f.nw:]
		t.Matrix = &m[i*f.np]
		if side*(ty+1) <= f.oh && tx < f.ow/side {
			t.Image, t.Row, t.Col, t.N = &y[0], 4*f.ow*f.nw, 4*f.nw, min(n-i, f.ow/side-tx)
			f.outputs(&t, f.stream)
			continue
		}
		t.Image, t.Row, t.Col, t.N = &edge[0], 4*side*f.nw, 4*f.nw, 1
		f.outputs(&t, false)
		for r := range min(side, f.oh-side*ty) {
			copy(y[r*f.ow*f.nw:][:min(side, f.ow-side*tx)*f.nw], edge[side*r*f.nw:])
		}
	}
}

func (f *fewer) outputs(t *winograd.Tiles, stream bool) {
	if f.half {
		winograd.OutputHalf(t, f.n, stream)
		return
	}
	f.output(t, f.n, stream)
}

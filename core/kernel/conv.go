package kernel

import "github.com/fwlab/fw/core/pool"

// ConvSpec is a convolution of f32[B,H,W,C] with f32[O,C/Groups,KH,KW] to f32[B,OH,OW,O].
type ConvSpec struct {
	B, H, W, C, OH, OW, O, KH, KW int
	StrideH, StrideW              int
	PadTop, PadLeft               int
	DilH, DilW                    int
	Groups                        int
}

// FLOPs counts multiplications and additions, padding included.
func (s *ConvSpec) FLOPs() int64 {
	return 2 * int64(s.B) * int64(s.OH) * int64(s.OW) * int64(s.O) * int64(s.KH) * int64(s.KW) * int64(s.C/s.Groups)
}

// segment is a run of the reduction dimension (kh, kw, c) that a row of the
// implicit matrix copies at once: taps kernel columns of channels c0..c1.
type segment struct{ kh, kw, taps, c0, c1 int }

func (s segment) len() int { return s.taps * (s.c1 - s.c0) }

// segments cuts the reduction dimension into depths of at most kc.
func segments(kh, kw, c int, wholeRows bool) (chunks [][]segment) {
	var cur []segment
	depth := 0
	add := func(s segment) {
		if depth+s.len() > kc {
			chunks, cur, depth = append(chunks, cur), nil, 0
		}
		cur, depth = append(cur, s), depth+s.len()
	}
	for y := range kh {
		if wholeRows && kw*c <= kc {
			add(segment{y, 0, kw, 0, c})
			continue
		}
		for x := range kw {
			for c0 := 0; c0 < c; c0 += kc {
				add(segment{y, x, 1, c0, min(c, c0+kc)})
			}
		}
	}
	return append(chunks, cur)
}

func depthOf(chunk []segment) (n int) {
	for _, s := range chunk {
		n += s.len()
	}
	return n
}

// source reads rows of the implicit matrix from an NHWC tensor: output pixel
// (oh,ow) sees input pixel (oh*stride - pad + kh*dil) / under, where that is whole.
type source struct {
	h, w, c, oh, ow            int
	strideH, strideW           int
	padTop, padLeft            int
	dilH, dilW, underH, underW int
}

// pack copies rows m0..m0+rows of one chunk, for the channels from base on, into dst.
func (s *source) pack(dst, x []float32, m0, rows, depth, base int, chunk []segment) {
	b, oh, ow := m0/(s.oh*s.ow), m0/s.ow%s.oh, m0%s.ow
	for r := range rows {
		at := dst[r*depth : (r+1)*depth]
		for i := range chunk {
			g := &chunk[i]
			n := g.len()
			s.run(at[:n], x, b, oh, ow, base, g)
			at = at[n:]
		}
		if ow++; ow == s.ow {
			if ow, oh = 0, oh+1; oh == s.oh {
				oh, b = 0, b+1
			}
		}
	}
}

func (s *source) run(dst, x []float32, b, oh, ow, base int, g *segment) {
	ih := oh*s.strideH - s.padTop + g.kh*s.dilH
	iw := ow*s.strideW - s.padLeft + g.kw*s.dilW
	if s.underH > 1 || s.underW > 1 {
		if ih < 0 || iw < 0 || ih%s.underH != 0 || iw%s.underW != 0 {
			clear(dst)
			return
		}
		ih, iw = ih/s.underH, iw/s.underW
	}
	if uint(ih) >= uint(s.h) {
		clear(dst)
		return
	}
	line := x[(b*s.h+ih)*s.w*s.c:]
	if g.taps == 1 {
		if uint(iw) >= uint(s.w) {
			clear(dst)
			return
		}
		copy(dst, line[iw*s.c+base+g.c0:][:g.c1-g.c0])
		return
	}
	lo, hi := max(0, -iw), min(g.taps, s.w-iw) // whole pixels, side by side
	if lo >= hi {
		clear(dst)
		return
	}
	clear(dst[:lo*s.c])
	copy(dst[lo*s.c:hi*s.c], line[(iw+lo)*s.c:(iw+hi)*s.c])
	clear(dst[hi*s.c:])
}

const convRows = 96 // output pixels of a chunk of work

// Conv is a convolution, or the transposed convolution that is its input
// gradient: both are products of an implicit matrix with packed weights.
type Conv struct {
	spec       ConvSpec
	transposed bool
	src        source
	m, n, red  int // rows, columns and reduction channels of a group
	chunks     [][]segment
	starts     []int // of each chunk in the reduction
	k, np      int
	y, x, w    []float32
	panels     []float32
	local      []float32
	localSize  int
	phase      int
}

// NewConv plans y = conv(x, w).
func NewConv(s ConvSpec) *Conv {
	c := &Conv{spec: s, m: s.B * s.OH * s.OW, n: s.O / s.Groups, red: s.C / s.Groups}
	c.src = source{s.H, s.W, s.C, s.OH, s.OW, s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.DilH, s.DilW, 1, 1}
	c.plan(s.Groups == 1 && s.DilW == 1)
	return c
}

// NewConvTranspose plans x = conv_transpose(y, w) for the convolution s.
func NewConvTranspose(s ConvSpec) *Conv {
	c := &Conv{spec: s, transposed: true, m: s.B * s.H * s.W, n: s.C / s.Groups, red: s.O / s.Groups}
	c.src = source{s.OH, s.OW, s.O, s.H, s.W, 1, 1, -s.PadTop, -s.PadLeft, -s.DilH, -s.DilW, s.StrideH, s.StrideW}
	c.plan(false)
	return c
}

func (c *Conv) plan(wholeRows bool) {
	c.chunks = segments(c.spec.KH, c.spec.KW, c.red, wholeRows)
	for _, ch := range c.chunks {
		c.starts = append(c.starts, c.k)
		c.k += depthOf(ch)
	}
	c.np = roundUp(c.n, nr)
	c.localSize = edgeScratch + convRows*kc
}

// Scratch is the float32s of scratch memory Run needs.
func (c *Conv) Scratch(workers int) int {
	return c.spec.Groups*c.k*c.np + workers*c.localSize
}

// Bind sets the buffers.
func (c *Conv) Bind(scratch, y, x, w []float32) { c.panels, c.y, c.x, c.w = scratch, y, x, w }

func (c *Conv) Run(p *pool.Pool) {
	c.local = c.panels[c.spec.Groups*c.k*c.np:]
	c.phase = 0
	p.Run(len(c.chunks)*c.spec.Groups, c)
	c.phase = 1
	p.Run(ceilDiv(c.m, convRows), c)
}

// Chunk packs one chunk of the weights, or computes some output pixels.
func (c *Conv) Chunk(i, worker int) {
	g := c.spec.Groups
	if c.phase == 0 {
		c.packWeights(i%len(c.chunks), i/len(c.chunks))
		return
	}
	local := c.local[worker*c.localSize : (worker+1)*c.localSize]
	lo, hi := span(i, convRows, c.m)
	for group := range g {
		for j, ch := range c.chunks {
			depth := depthOf(ch)
			c.src.pack(local[edgeScratch:], c.x, lo, hi-lo, depth, group*c.red, ch)
			block(hi-lo, c.n, depth, local[edgeScratch:], depth, 1, c.panels[(group*c.k+c.starts[j])*c.np:],
				c.y[lo*c.n*g+group*c.n:], c.n*g, j > 0, local)
		}
	}
}

// packWeights lays a chunk of the weights out as panels [(kh,kw,reduction)][column].
func (c *Conv) packWeights(chunk, group int) {
	s := &c.spec
	taps := s.KH * s.KW
	depth := depthOf(c.chunks[chunk])
	dst := c.panels[(group*c.k+c.starts[chunk])*c.np:]
	// OIHW: element (o, i, tap) is at (o*I + i)*taps + tap.
	colStride, redStride := c.red*taps, taps
	base := group * c.n * c.red * taps
	if c.transposed {
		colStride, redStride = taps, c.n*taps
	}
	p := 0
	for _, g := range c.chunks[chunk] {
		for t := range g.taps {
			tap := g.kh*s.KW + g.kw + t
			for r := g.c0; r < g.c1; r++ {
				from := base + r*redStride + tap
				for j := 0; j < c.n; j += nr {
					row := dst[j/nr*depth*nr+p*nr:][:nr]
					cols := min(nr, c.n-j)
					for x := range cols {
						row[x] = c.w[from+(j+x)*colStride]
					}
					clear(row[cols:])
				}
				p++
			}
		}
	}
}

// ConvWeightGrad is dw from x and dy: the transposed implicit matrix times dy,
// over fixed parts of the pixels whose sums are added in order.
type ConvWeightGrad struct {
	spec          ConvSpec
	src           source
	m, parts, per int
	red, cols, k  int
	chunks        [][]segment
	dw, x, dy     []float32
	scratch       []float32
	localSize     int
	phase         int
}

const gradRows = 240 // pixels packed at once

// NewConvWeightGrad plans dw for the convolution s.
func NewConvWeightGrad(s ConvSpec) *ConvWeightGrad {
	c := &ConvWeightGrad{spec: s, m: s.B * s.OH * s.OW, red: s.C / s.Groups, cols: s.O / s.Groups}
	c.src = source{s.H, s.W, s.C, s.OH, s.OW, s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.DilH, s.DilW, 1, 1}
	c.chunks = segments(s.KH, s.KW, c.red, s.Groups == 1 && s.DilW == 1)
	c.k = s.KH * s.KW * c.red
	c.parts = max(1, min(16, c.m/960))
	c.per = ceilDiv(c.m, c.parts)
	c.parts = ceilDiv(c.m, c.per)
	c.localSize = edgeScratch + gradRows*kc + gradRows*roundUp(c.cols, nr)
	return c
}

// Scratch is the float32s of scratch memory Run needs.
func (c *ConvWeightGrad) Scratch(workers int) int {
	return c.parts*c.spec.Groups*c.k*c.cols + workers*c.localSize
}

// Bind sets the buffers.
func (c *ConvWeightGrad) Bind(scratch, dw, x, dy []float32) {
	c.scratch, c.dw, c.x, c.dy = scratch, dw, x, dy
}

func (c *ConvWeightGrad) Run(p *pool.Pool) {
	c.phase = 0
	p.Run(c.parts, c)
	c.phase = 1
	p.Run(c.spec.O, c)
}

// Chunk sums one part of the pixels, or adds up the parts for one output channel.
func (c *ConvWeightGrad) Chunk(i, worker int) {
	g := c.spec.Groups
	size := c.k * c.cols
	if c.phase == 1 {
		c.gather(i, size)
		return
	}
	local := c.scratch[c.parts*g*size+worker*c.localSize:][:c.localSize]
	a, panels := local[edgeScratch:edgeScratch+gradRows*kc], local[edgeScratch+gradRows*kc:]
	lo, hi := span(i, c.per, c.m)
	for group := range g {
		sum := c.scratch[(i*g+group)*size:][:size]
		for m0 := lo; m0 < hi; m0 += gradRows {
			rows := min(gradRows, hi-m0)
			packPanels(panels, c.dy[m0*c.spec.O+group*c.cols:], c.spec.O, 1, rows, c.cols)
			at := 0
			for _, ch := range c.chunks {
				depth := depthOf(ch)
				c.src.pack(a, c.x, m0, rows, depth, group*c.red, ch)
				block(depth, c.cols, rows, a, 1, depth, panels, sum[at*c.cols:], c.cols, m0 > lo, local)
				at += depth
			}
		}
	}
}

// gather adds the parts for output channel o and writes them as OIHW.
func (c *ConvWeightGrad) gather(o, size int) {
	g, taps := c.spec.Groups, c.spec.KH*c.spec.KW
	group, col := o/c.cols, o%c.cols
	out := c.dw[o*c.red*taps:][:c.red*taps]
	for p := range c.parts {
		sum := c.scratch[(p*g+group)*size:][:size]
		at := col
		for tap := range taps {
			for r := range c.red {
				if p == 0 {
					out[r*taps+tap] = sum[at]
				} else {
					out[r*taps+tap] += sum[at]
				}
				at += c.cols
			}
		}
	}
}

package conv

import (
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/conv/winograd"
	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

// inputRows are the rows of an image that a block of it sees.
func (g *weightSum) inputRows(within int) (y0, y1 int) {
	s := &g.spec
	if g.block.images > 1 {
		return 0, s.H
	}
	first, last := within*g.block.rows, min((within+1)*g.block.rows, g.oh)-1
	y0 = min(s.H, max(0, first*s.StrideH-s.PadTop))
	y1 = max(y0, min(s.H, last*s.StrideH-s.PadTop+(s.KH-1)*s.DilationH+1))
	return y0, y1
}

// longAgo is the size from which images are no longer in a cache when the gradient
// of their weights is due: the rest of the step has passed since.
const longAgo = 1 << 20

// ahead asks for part i of n of what block b reads of images that are far.
func (g *weightSum) ahead(b, i, n int) {
	s := &g.spec
	each := 1
	if s.Half {
		each = 2
	}
	image, within := b/g.block.perImage*g.block.images*each, b%g.block.perImage
	y0, y1 := g.inputRows(within)
	p0 := within * g.block.pixels
	p1 := min(g.oh*g.ow, p0+g.block.pixels)
	part := func(list []float32, image, size, from, to int) {
		if len(list) >= longAgo {
			list = list[image*size+from : image*size+to]
			winograd.Prefetch(list[len(list)*i/n : len(list)*(i+1)/n])
		}
	}
	for end := min(image+g.block.images*each, g.images); image < end; image++ {
		part(g.x, image, s.words(s.H*s.W*s.C), s.words(y0*s.W*s.C), s.words(y1*s.W*s.C))
		part(g.dy, image, s.wordsY(g.oh*g.ow*s.O), s.wordsY(p0*s.O), s.wordsY(p1*s.O))
	}
}

// input is channels c0..c0+c of the rows that a block sees, copied to dst unless
// the stride is theirs.
func (g *weightSum) input(dst []float32, image, images, within, c0, c int) []float32 {
	s := &g.spec
	y0, y1 := g.inputRows(within)
	if s.Half {
		for i := range images {
			lo, hi := g.pair(g.x, image+i, s.H*s.W*s.C, y0*s.W*s.C+c0)
			bf16.Zip(dst[i*(y1-y0)*s.W*g.block.stride:], lo, hi, bf16.Rows{N: (y1 - y0) * s.W, Channels: c, From: s.C, To: g.block.stride, Panel: tile.Cols})
		}
		return dst
	}
	if s.C == g.block.stride {
		return g.x[(image*s.H+y0)*s.W*s.C+c0:]
	}
	out := dst
	for i := range images {
		from := g.x[((image+i)*s.H+y0)*s.W*s.C+c0:]
		for p := range (y1 - y0) * s.W {
			copyChannels(dst[p*g.block.stride:][:c], from[p*s.C:])
		}
		dst = dst[(y1-y0)*s.W*g.block.stride:]
	}
	return out
}

// zipOutputs packs the words of a block's output channels into panels.
func (g *weightSum) zipOutputs(panels []float32, image, images, within, pixels, group int) {
	s := &g.spec
	for i := range images {
		lo, hi := g.pair(g.dy, image+i, g.oh*g.ow*s.O, within*g.block.pixels*s.O+group*g.n)
		n := pixels / images
		bf16.Zip(panels[i*n*tile.Cols:], lo, hi, bf16.Rows{N: n, Channels: g.n, From: s.O, To: tile.Cols, Panel: pixels * tile.Cols})
	}
}

// pair is where two images' bfloat16s lie, at the same place of both; a last one
// stands alone.
func (g *weightSum) pair(words []float32, i, size, at int) (lo, hi []uint16) {
	h := halves(words)
	lo = h[2*i*size+at:]
	if 2*i+1 < g.images {
		hi = h[(2*i+1)*size+at:]
	}
	return lo, hi
}

// copyChannels is copy for short runs.
func copyChannels(dst, src []float32) {
	c := 0
	for ; c+tile.Cols <= len(dst); c += tile.Cols {
		*(*[tile.Cols]float32)(dst[c:]) = *(*[tile.Cols]float32)(src[c:])
	}
	for ; c < len(dst); c++ {
		dst[c] = src[c]
	}
}

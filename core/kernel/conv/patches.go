package conv

import "github.com/fwlab/fw/core/kernel/conv/winograd"

// patches cover images with the squares of pixels that tiles see, or are, as far
// apart as tiles are, numbered by image, row and column. Those that reach over an
// image's border read zeros there.
type patches struct {
	tiling
	tilesOnly      bool // the squares are the tiles, of an output's gradient
	h, w, c        int  // of an image
	shiftH, shiftW int  // the first patch begins at this pixel
	th, tw         int  // patches of an image: rows, and in a row
	half           bool // c counts words of two channels of bfloat16
	rows, cols     []uint8
	whole          uint8 // the bits in rows and cols of a patch inside the image
	in0, in1       int   // columns in0..in1 are inside the image
	zeros          []float32
}

func newPatches(t tiling, tilesOnly bool, h, w, c, shiftH, shiftW, th, tw int) patches {
	size := t.patch
	if tilesOnly {
		size = t.side
	}
	p := patches{tiling: t, tilesOnly: tilesOnly, h: h, w: w, c: c, shiftH: shiftH, shiftW: shiftW, th: th, tw: tw, whole: 1<<size - 1}
	p.zeros = make([]float32, c)
	bits := func(n, shift, count int) []uint8 {
		out := make([]uint8, count)
		for i := range out {
			for j := range size {
				if at := t.side*i + shift + j; at >= 0 && at < n {
					out[i] |= 1 << j
				}
			}
		}
		return out
	}
	p.rows, p.cols = bits(h, shiftH, th), bits(w, shiftW, tw)
	for p.in0 < tw && p.cols[p.in0] != p.whole {
		p.in0++
	}
	for p.in1 = p.in0; p.in1 < tw && p.cols[p.in1] == p.whole; p.in1++ {
	}
	return p
}

// run is the patches first.., at most n, that one call can take: side by side
// and inside the image, or one of which some pixels do not exist. at is where its
// first pixel would be among the pixels of all images.
func (p *patches) run(first, n int) (at, count int, exist uint64) {
	image, ty, tx := first/(p.th*p.tw), first/p.tw%p.th, first%p.tw
	at = (image*p.h+p.side*ty+p.shiftH)*p.w + p.side*tx + p.shiftW
	if p.rows[ty] == p.whole && tx >= p.in0 && tx < p.in1 {
		return at, min(n, p.in1-tx), winograd.Whole
	}
	for r := range p.patch {
		if p.rows[ty]>>r&1 != 0 {
			exist |= uint64(p.cols[tx]) << (p.patch * r)
		}
	}
	return at, 1, exist
}

// transform writes channels c0.. of n patches of x from first on to matrices,
// ld floats a patch; t says the other strides.
func (p *patches) transform(t winograd.Tiles, matrices []float32, ld int, x []float32, first, n, c0, channels int, widened bool) {
	t.Image, t.Zero, t.Row, t.Col, t.Tile = &x[0], &p.zeros[0], 4*p.w*p.c, 4*p.c, 4*ld
	if p.half {
		c0 /= 2
	}
	for i := 0; i < n; {
		at, count, exist := p.run(first+i, n-i)
		t.At, t.Matrix, t.N, t.Exist = 4*(at*p.c+c0), &matrices[i*ld], count, exist
		switch {
		case p.tilesOnly && p.half:
			winograd.GradientWidened(&t, channels)
		case p.tilesOnly:
			p.gradient(&t, channels)
		case p.half && widened:
			winograd.InputWidened(&t, channels)
		case p.half:
			winograd.InputHalf(&t, channels)
		default:
			p.input(&t, channels)
		}
		i += count
	}
}

// share is about where n of all patches, first.., lie in images.
func share(images []float32, all, first, n int) []float32 {
	at := func(patch int) int64 { return int64(len(images)) * int64(min(all, patch)) / int64(all) }
	return images[at(first):at(first+n)]
}

// prefetch asks for part i of n of p.
func prefetch(p []float32, i, n int) { winograd.Prefetch(p[len(p)*i/n : len(p)*(i+1)/n]) }

// farFloats is the size from which images do not stay in the cache that all cores share.
const farFloats = 6 << 20

// ahead asks for the i-th of so many shares of images that are far.
func ahead(images []float32, all, i int) {
	if len(images) >= farFloats {
		winograd.Prefetch(share(images, all, i, 1))
	}
}

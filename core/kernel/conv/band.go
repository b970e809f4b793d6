package conv

import "github.com/fwlab/fw/core/kernel/gemm/tile"

// band is some output rows of an image, and the input rows that they see as a
// worker's zero-padded copy. In the copy a kernel row of all channels is one run
// of memory, whatever the pixel.
type band struct {
	spec          Spec
	oh, ow        int
	rows          int // output rows of a band; the last of an image may have fewer
	bands         int // of an image
	width, height int // of the copy, in pixels
}

func newBand(s Spec, pixels int) band {
	b := band{spec: s}
	b.oh, b.ow = s.Out()
	b.rows = min(ceilDiv(pixels, b.ow), b.oh)
	for r, least := b.rows, 1.0; r <= min(2*b.rows, b.oh); r++ { // the fewest idle rows of tiles
		if waste := float64(roundUp(r*b.ow, tile.Rows)) / float64(r*b.ow) * float64(ceilDiv(b.oh, r)*r) / float64(b.oh); r == b.rows || waste < least {
			least, b.rows = waste, r
		}
	}
	b.bands = ceilDiv(b.oh, b.rows)
	b.width = (b.ow-1)*s.StrideW + s.KW
	b.height = (b.rows-1)*s.StrideH + (s.KH-1)*s.DilationH + 1
	return b
}

// floats is the size of the copy.
func (b *band) floats() int { return b.width * b.height * b.spec.C }

// live is the number of output pixels of band i of an image.
func (b *band) live(i int) int { return min(b.rows, b.oh-i*b.rows) * b.ow }

// source is where, in bytes, the copy has the run that output pixel p of the band sees in a kernel row.
func (b *band) source(p, kh int) int {
	s := &b.spec
	return 4 * s.C * ((p/b.ow*s.StrideH+kh*s.DilationH)*b.width + p%b.ow*s.StrideW)
}

// fill copies what band i of an image sees.
func (b *band) fill(dst, image []float32, i int) {
	s := &b.spec
	left := min(s.PadLeft, b.width)
	inside := max(0, min(s.W, b.width-left))
	for r := range b.height {
		row := dst[r*b.width*s.C : (r+1)*b.width*s.C]
		y := i*b.rows*s.StrideH - s.PadTop + r
		if y < 0 || y >= s.H {
			clear(row)
			continue
		}
		clear(row[:left*s.C])
		copy(row[left*s.C:(left+inside)*s.C], image[y*s.W*s.C:])
		clear(row[(left+inside)*s.C:])
	}
}

// Package libjpeg owns the decoding of the JPEG files that photographs usually
// are: baseline or progressive, grey or YCbCr, chroma whole or halved. It gives the
// bytes of libjpeg-turbo as Pillow calls it: the accurate integer transform
// (jidctint.c), triangular upsampling (jdsample.c) and its conversion of colours.
// Other files, and faulty ones, are errors, for a more patient decoder to judge.
// Start from [Decode].
package libjpeg

import (
	"errors"
	"sync"
)

// ErrOther is a file that may be well but is not of the kind that this package reads.
var ErrOther = errors.New("libjpeg: not a JPEG of a usual kind")

// errFault is a file that breaks the rules, or ends early.
var errFault = errors.New("libjpeg: faulty or truncated")

// Decode gives the pixels of a file as interleaved RGB. An image of more pixels than
// most is an error before memory is asked for.
func Decode(file []byte, most int) (pix []uint8, h, w int, err error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	if err := d.header(file); err != nil {
		return nil, 0, 0, err
	}
	if d.w > most/d.h || d.blocks() > 8*len(file) { // a block is a bit or more
		return nil, 0, 0, errFault
	}
	decode := d.baseline
	if d.progressive {
		decode = d.scans
	}
	if err := decode(); err != nil {
		return nil, 0, 0, err
	}
	pix = make([]uint8, 3*d.w*d.h)
	d.colors(pix)
	return pix, d.h, d.w, nil
}

// decoders keep their memory from file to file.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder is a file at work.
type decoder struct {
	w, h        int
	progressive bool
	list        []component // of all
	all         [3]component
	mcuw, mcuh  int // blocks of luma in an MCU
	mx, my      int // MCUs

	quant   [4][64]uint16 // in the file's order
	dc, ac  [4]huffman
	defined struct{ quant, dc, ac [4]bool }
	restart int // MCUs between restarts; 0: none
	jfif    bool
	adobe   int // the transform that it declares; -1: none

	current scan
	rest    []byte // of the file
	segment []byte // entropy-coded, without what was stuffed
	block   [64]int16
	sums    []uint16
	wide    [2][]uint8
}

// scan is what a pass over the components in part gives.
type scan struct {
	part     []*component
	list     [3]*component
	from, to int // coefficients, in the file's order
	high     int // bits of them that were known; 0: none
	low      int // bits of them that stay unknown
}

// component is luma or one of chroma.
type component struct {
	id, h, v, quant, dc, ac int
	w, rows                 int // samples that are part of the image
	stride                  int
	plane                   []uint8
	last                    int     // DC of the block before
	coefs                   []int16 // of progressive files, block by block as the samples lie
	unknown                 [64]int // bits of each coefficient; -1: all
}

// blocks is how many the file has.
func (d *decoder) blocks() (n int) {
	for i := range d.list {
		n += d.mx * d.my * d.list[i].h * d.list[i].v
	}
	return n
}

// grow is b with n elements, whatever they hold.
func grow[T any](b *[]T, n int) []T {
	if cap(*b) < n {
		*b = make([]T, n)
	}
	*b = (*b)[:n]
	return *b
}

// Package baseline owns the decoding of the JPEG files that photographs usually
// are: baseline, interleaved, grey or YCbCr, chroma whole or halved. It gives the
// bytes of libjpeg-turbo as Pillow calls it: the accurate integer transform
// (jidctint.c), triangular upsampling (jdsample.c) and its conversion of colours.
// Other files, and faulty ones, are errors, for a slower decoder to judge.
// Start from [Decode].
package baseline

import (
	"errors"
	"sync"
)

// ErrOther is a file that may be well but is not of the kind that this package reads.
var ErrOther = errors.New("baseline: not a baseline, interleaved JPEG of usual sampling")

// errFault is a file that breaks the rules, or ends early.
var errFault = errors.New("baseline: faulty or truncated")

// Decode gives the pixels of a file as interleaved RGB. An image of more pixels than
// most is an error before memory is asked for.
func Decode(file []byte, most int) (pix []uint8, h, w int, err error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	if err := d.header(file); err != nil {
		return nil, 0, 0, err
	}
	if d.w > most/d.h || d.blocks() > 4*len(file) { // a block is two bits or more
		return nil, 0, 0, errFault
	}
	if err := d.scan(); err != nil {
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
	w, h    int
	list    []component
	quant   [4][64]uint16 // in the file's order
	dc, ac  [4]huffman
	defined struct{ quant, dc, ac [4]bool }
	restart int // MCUs between restarts; 0: none
	jfif    bool
	adobe   int // the transform that it declares; -1: none
	rest    []byte
	segment []byte // entropy-coded, without what was stuffed
	sums    []uint16
	wide    [2][]uint8
	all     [3]component
	block   [64]int16
	mcuw    int // blocks of luma in an MCU, across
	mcuh    int
	mx, my  int // MCUs
}

// component is luma or one of chroma.
type component struct {
	id, h, v, quant, dc, ac int
	w, rows                 int // samples that are part of the image
	stride                  int
	plane                   []uint8
	last                    int // DC of the block before
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

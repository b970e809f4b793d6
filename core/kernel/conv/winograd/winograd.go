// Package winograd owns the transforms of Winograd convolution with 3x3 kernels
// in tiles of 2x2 output pixels, F(2x2,3x3), or of 4x4, F(4x4,3x3), in Lavin and Gray, "Fast Algorithms
// for Convolutional Neural Networks" (2016), and of its derivative by the
// weights, F(3x3,2x2) or F(3x3,4x4). It knows neither shapes nor workers nor the products
// between the transforms, allocates nothing, and trusts its caller: every
// address that its arguments imply must exist.
//
// One dimension of F(2x2,3x3), with the points 0, 1, -1 and infinity:
//
//	y = A' ((G w) * (B' x))      * is elementwise
//	dw = G' ((A dy) * (B' x))
//
//	B' = 1  0 -1  0    G = 1    0   0     A' = 1 1  1 0
//	     0  1  1  0        1/2  1/2 1/2        0 1 -1 1
//	     0 -1  1  0        1/2 -1/2 1/2
//	     0 -1  0  1        0    0   1
//
// In two dimensions each matrix is applied to columns, then to rows. A
// transformed tile is 16 numbers for each channel; the n-th of all tiles and
// channels make matrix n of 16.
//
// Each function has a plain-Go twin that is the definition, and AVX2 and AVX-512
// assembly (gen_amd64.s, written by core/kernel/asm/winograd) that gives the same
// bits.
// Start from [Input].
package winograd

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// Cols is the width of a panel of channels, as in package gemm/tile.
const Cols = 16

// Whole says that all pixels of a tile exist.
const Whole = 1<<36 - 1

// Tiles are N tiles side by side, each two pixels from the one before, or four, in an
// image and in the 16 matrices. Strides are in bytes.
type Tiles struct {
	Image    *float32
	At       int // bytes from Image to the first tile's first pixel, whether it exists or not
	Row, Col int // from a pixel to the next below, and to the right
	Matrix   *float32
	Xi       int // from a matrix to the next
	Tile     int // from a tile to the next in a matrix
	Panel    int // from a panel of channels to the next in a matrix; Gradient alone has panels
	N        int

	rounds, imageStep, matrixStep int

	Exist uint64   // bit 4*r + c, or 6*r + c: pixel (r, c) exists; the others read from Zero. If not Whole there is one tile
	Zero  *float32 // zeros for all channels
	Room  *float32 // RoomFloats that the transforms of 4x4 pixels may use
}

// Input: the matrices = B' x B over channels 0.. of patches of 4x4 pixels.
func Input(t *Tiles, channels int) {
	done := 0
	if rounds := channels / 16; rounds > 0 && isa.AVX512() {
		if p := t.part(0, rounds, 64, 64); t.Exist != Whole {
			avx512InputEdge(p.bytes())
		} else {
			avx512Input(p.bytes())
		}
		done = 16 * rounds
	}
	if rounds := (channels - done) / 8; rounds > 0 && isa.AVX2() {
		if p := t.part(done, rounds, 32, 32); t.Exist != Whole {
			avx2InputEdge(p.bytes())
		} else {
			avx2Input(p.bytes())
		}
		done += 8 * rounds
	}
	input(t, done, channels)
}

// Output: tiles of 2x2 pixels = A' m A over channels 0.. of the matrices. With
// stream the image is written past the caches where its addresses allow it.
func Output(t *Tiles, channels int, stream bool) {
	done := 0
	stream = stream && uintptr(unsafe.Pointer(t.Image))%64 == 0 && (t.At|t.Row|t.Col)%64 == 0
	if rounds := channels / 16; rounds > 0 && isa.AVX512() {
		if p := t.part(0, rounds, 64, 64); stream {
			avx512OutputStream(p.bytes())
		} else {
			avx512Output(p.bytes())
		}
		done = 16 * rounds
	}
	if rounds := (channels - done) / 8; rounds > 0 && isa.AVX2() {
		if p := t.part(done, rounds, 32, 32); stream {
			avx2OutputStream(p.bytes())
		} else {
			avx2Output(p.bytes())
		}
		done += 8 * rounds
	}
	output(t, done, channels)
}

// Gradient: the matrices = A dy A' over channels 0.. of tiles of 2x2 pixels, in panels of Cols channels.
func Gradient(t *Tiles, channels int) {
	rounds := channels / Cols
	if rounds > 0 && isa.AVX2() {
		switch p := t.part(0, rounds, 4*Cols, t.Panel); {
		case isa.AVX512() && t.Exist != Whole:
			avx512GradientEdge(p.bytes())
		case isa.AVX512():
			avx512Gradient(p.bytes())
		case t.Exist != Whole:
			avx2GradientEdge(p.bytes())
		default:
			avx2Gradient(p.bytes())
		}
		gradient(t, Cols*rounds, channels)
		return
	}
	gradient(t, 0, channels)
}

// part is t from a channel on, for rounds that move so many bytes in image and matrices.
func (t *Tiles) part(from, rounds, image, matrix int) Tiles {
	return t.apart(2, from, rounds, image, matrix)
}

// part4 is [Tiles.part] where tiles are four pixels apart.
func (t *Tiles) part4(from, rounds, image, matrix int) Tiles {
	return t.apart(4, from, rounds, image, matrix)
}

func (t *Tiles) apart(pixels, from, rounds, image, matrix int) Tiles {
	p := *t
	p.At, p.Matrix = t.At+4*from, at(t.Matrix, 4*from)
	if t.Exist != Whole && t.Zero != nil {
		p.Zero = at(t.Zero, 4*from)
	}
	p.rounds, p.imageStep, p.matrixStep = rounds, pixels*t.Col-rounds*image, t.Tile-rounds*matrix
	return p
}

func (t *Tiles) bytes() *byte { return (*byte)(unsafe.Pointer(t)) }

// Weights: the matrices = G w G' for n rows of Cols channels: element (row, j)
// of matrix i at matrix[i*xi/4 + row*16 + j], of kernel tap t at
// taps[(row*9 + t)*16 + j], or 8-t if the kernels are to be rotated by half a turn.
func Weights(matrix, taps *float32, xi, n int, rotated bool) {
	switch {
	case !isa.AVX2():
		weights(matrix, taps, xi, n, rotated)
	case isa.AVX512() && rotated:
		avx512WeightsRotated(matrix, taps, xi, n)
	case isa.AVX512():
		avx512Weights(matrix, taps, xi, n)
	case rotated:
		avx2WeightsRotated(matrix, taps, xi, n)
	default:
		avx2Weights(matrix, taps, xi, n)
	}
}

// WeightGradient: taps = G' m G, in the layout of [Weights].
func WeightGradient(taps, matrix *float32, xi, n int) {
	switch {
	case isa.AVX512():
		avx512WeightGradient(taps, matrix, xi, n)
	case isa.AVX2():
		avx2WeightGradient(taps, matrix, xi, n)
	default:
		weightGradient(taps, matrix, xi, n)
	}
}

// Prefetch asks for the cache lines that p begins in, without waiting.
func Prefetch(p []float32) {
	if lines := len(p) / 16; lines > 0 && isa.AVX2() {
		prefetchLines(&p[0], lines)
	}
}

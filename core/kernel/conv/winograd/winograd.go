// Package winograd owns the transforms of Winograd convolution with 3x3 kernels
// in tiles of 2x2 output pixels, F(2x2,3x3) in Lavin and Gray, "Fast Algorithms
// for Convolutional Neural Networks" (2016), and of its derivative by the
// weights, F(3x3,2x2). It knows neither shapes nor workers nor the products
// between the transforms, allocates nothing, and trusts its caller: every
// address that its arguments imply must exist.
//
// One dimension of it, with the points 0, 1, -1 and infinity:
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
// Each function has a plain-Go twin that is the definition, and AVX2 assembly
// (gen_amd64.s, written by core/kernel/asm/winograd) that gives the same bits.
// Start from [Input].
package winograd

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// Cols is the width of a panel of channels, as in package gemm/tile.
const Cols = 16

// Whole says that all pixels of a tile exist.
const Whole = 1<<16 - 1

// Tiles are N tiles side by side, each two pixels from the one before, in an
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

	Exist uint64   // bit 4*r + c: pixel (r, c) exists; the others read from Zero. If not Whole there is one tile
	Zero  *float32 // zeros for all channels
}

// Input: the matrices = B' x B over channels 0.. of patches of 4x4 pixels.
func Input(t *Tiles, channels int) {
	from := 0
	if rounds := channels / 8; rounds > 0 && isa.AVX2() {
		t.step(rounds, 32, 32)
		if t.Exist != Whole {
			avx2InputEdge((*byte)(unsafe.Pointer(t)))
		} else {
			avx2Input((*byte)(unsafe.Pointer(t)))
		}
		from = 8 * rounds
	}
	input(t, from, channels)
}

// Output: tiles of 2x2 pixels = A' m A over channels 0.. of the matrices.
func Output(t *Tiles, channels int) {
	from := 0
	if rounds := channels / 8; rounds > 0 && isa.AVX2() {
		t.step(rounds, 32, 32)
		avx2Output((*byte)(unsafe.Pointer(t)))
		from = 8 * rounds
	}
	output(t, from, channels)
}

// Gradient: the matrices = A dy A' over channels 0.. of tiles of 2x2 pixels, in panels of Cols channels.
func Gradient(t *Tiles, channels int) {
	from := 0
	if rounds := channels / Cols; rounds > 0 && isa.AVX2() {
		t.step(rounds, 4*Cols, t.Panel)
		if t.Exist != Whole {
			avx2GradientEdge((*byte)(unsafe.Pointer(t)))
		} else {
			avx2Gradient((*byte)(unsafe.Pointer(t)))
		}
		from = Cols * rounds
	}
	gradient(t, from, channels)
}

// step is for rounds that move so many bytes in image and matrices.
func (t *Tiles) step(rounds, image, matrix int) {
	t.rounds, t.imageStep, t.matrixStep = rounds, 2*t.Col-rounds*image, t.Tile-rounds*matrix
}

// Weights: the matrices = G w G' for n rows of Cols channels: element (row, j)
// of matrix i at matrix[i*xi/4 + row*16 + j], of kernel tap t at
// taps[(row*9 + t)*16 + j], or 8-t if the kernels are to be rotated by half a turn.
func Weights(matrix, taps *float32, xi, n int, rotated bool) {
	switch {
	case !isa.AVX2():
		weights(matrix, taps, xi, n, rotated)
	case rotated:
		avx2WeightsRotated(matrix, taps, xi, n)
	default:
		avx2Weights(matrix, taps, xi, n)
	}
}

// WeightGradient: taps = G' m G, in the layout of [Weights].
func WeightGradient(taps, matrix *float32, xi, n int) {
	if isa.AVX2() {
		avx2WeightGradient(taps, matrix, xi, n)
		return
	}
	weightGradient(taps, matrix, xi, n)
}

// Prefetch asks for the cache lines that p begins in, without waiting.
func Prefetch(p []float32) {
	if lines := len(p) / 16; lines > 0 && isa.AVX2() {
		avx2Prefetch(&p[0], lines)
	}
}

package winograd

import (
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
)

// The functions of this file are those of their names without 4 for F(4x4,3x3) and
// its derivative, F(3x3,4x4): tiles of 4x4 output pixels see patches of 6x6 and make
// 36 matrices. It has 2.25 multiplications for an output pixel where F(2x2,3x3) has
// 4, and several times its rounding error, as its points are 0, 1, -1, 2, -2 and
// infinity:
//
//	B' = 4  0 -5  0  1  0    G = 1/4   0    0      A' = 1 1  1 1  1 0
//	     0 -4 -4  1  1  0       -1/6 -1/6 -1/6          0 1 -1 2 -2 0
//	     0  4 -4 -1  1  0       -1/6  1/6 -1/6          0 1  1 4  4 0
//	     0 -2 -1  2  1  0       1/24 1/12  1/6          0 1 -1 8 -8 1
//	     0  2 -1 -2  1  0       1/24 -1/12 1/6
//	     0  4  0 -5  0  1         0    0    1

// RoomFloats are those that [Tiles].Room and the rooms of weights have.
const RoomFloats = 36 * Cols

// Input4: the matrices = B' x B over channels 0.. of patches of 6x6 pixels.
func Input4(t *Tiles, channels int) {
	done := 0
	if rounds := channels / 16; rounds > 0 && isa.AVX512() {
		if p := t.part4(0, rounds, 64, 64); t.Exist != Whole {
			avx512Input4Edge(p.bytes())
		} else {
			avx512Input4(p.bytes())
		}
		done = 16 * rounds
	}
	if rounds := (channels - done) / 8; rounds > 0 && isa.AVX2() {
		if p := t.part4(done, rounds, 32, 32); t.Exist != Whole {
			avx2Input4Edge(p.bytes())
		} else {
			avx2Input4(p.bytes())
		}
		done += 8 * rounds
	}
	input4(t, done, channels)
}

// Output4: tiles of 4x4 pixels = A' m A over channels 0.. of the matrices.
func Output4(t *Tiles, channels int, stream bool) {
	done := 0
	stream = stream && uintptr(unsafe.Pointer(t.Image))%64 == 0 && (t.At|t.Row|t.Col)%64 == 0
	if rounds := channels / 16; rounds > 0 && isa.AVX512() {
		if p := t.part4(0, rounds, 64, 64); stream {
			avx512Output4Stream(p.bytes())
		} else {
			avx512Output4(p.bytes())
		}
		done = 16 * rounds
	}
	if rounds := (channels - done) / 8; rounds > 0 && isa.AVX2() {
		if p := t.part4(done, rounds, 32, 32); stream {
			avx2Output4Stream(p.bytes())
		} else {
			avx2Output4(p.bytes())
		}
		done += 8 * rounds
	}
	output4(t, done, channels)
}

// Gradient4: the matrices = A dy A' over channels 0.. of tiles of 4x4 pixels, in panels of Cols channels.
func Gradient4(t *Tiles, channels int) {
	rounds := channels / Cols
	if rounds > 0 && isa.AVX2() {
		switch p := t.part4(0, rounds, 4*Cols, t.Panel); {
		case isa.AVX512() && t.Exist != Whole:
			avx512Gradient4Edge(p.bytes())
		case isa.AVX512():
			avx512Gradient4(p.bytes())
		case t.Exist != Whole:
			avx2Gradient4Edge(p.bytes())
		default:
			avx2Gradient4(p.bytes())
		}
		gradient4(t, Cols*rounds, channels)
		return
	}
	gradient4(t, 0, channels)
}

// Weights4: the matrices = G w G', laid out as by [Weights].
func Weights4(matrix, taps, room *float32, xi, n int, rotated bool) {
	switch {
	case !isa.AVX2():
		weights4(matrix, taps, xi, n, rotated)
	case isa.AVX512() && rotated:
		avx512WeightsRotated4(matrix, taps, room, xi, n)
	case isa.AVX512():
		avx512Weights4(matrix, taps, room, xi, n)
	case rotated:
		avx2WeightsRotated4(matrix, taps, room, xi, n)
	default:
		avx2Weights4(matrix, taps, room, xi, n)
	}
}

// WeightGradient4: taps = G' m G, in the layout of [Weights].
func WeightGradient4(taps, matrix, room *float32, xi, n int) {
	switch {
	case isa.AVX512():
		avx512WeightGradient4(taps, matrix, room, xi, n)
	case isa.AVX2():
		avx2WeightGradient4(taps, matrix, room, xi, n)
	default:
		weightGradient4(taps, matrix, xi, n)
	}
}

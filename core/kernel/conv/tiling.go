package conv

import "github.com/fwlab/fw/core/kernel/conv/winograd"

// tiling is one of Winograd's algorithms for 3x3 kernels: square tiles of output
// pixels, the patches that they see, and the transforms between these and their
// matrices, one for each number of a transformed tile.
type tiling struct {
	side, patch, matrices int
	room                  int // floats that the transforms need

	input, gradient func(t *winograd.Tiles, channels int)
	output          func(t *winograd.Tiles, channels int, stream bool)
	weights         func(matrix, taps, room *float32, xi, n int, rotated bool)
	weightGradient  func(taps, matrix, room *float32, xi, n int)
}

// bias is the matrix whose numbers are added to all pixels of a tile: that of the
// point 1 in both dimensions.
func (t tiling) bias() int { return t.patch + 1 }

// twos is F(2x2,3x3), and fours F(4x4,3x3).
var (
	twos = tiling{
		side: 2, patch: 4, matrices: 16, input: winograd.Input, gradient: winograd.Gradient, output: winograd.Output,
		weights: func(matrix, taps, _ *float32, xi, n int, rotated bool) {
			winograd.Weights(matrix, taps, xi, n, rotated)
		},
		weightGradient: func(taps, matrix, _ *float32, xi, n int) { winograd.WeightGradient(taps, matrix, xi, n) },
	}
	fours = tiling{
		side: 4, patch: 6, matrices: 36, room: winograd.RoomFloats, input: winograd.Input4, gradient: winograd.Gradient4, output: winograd.Output4,
		weights: winograd.Weights4, weightGradient: winograd.WeightGradient4,
	}
)

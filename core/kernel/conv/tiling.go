package conv

import "github.com/fwlab/fw/core/kernel/conv/winograd"

// tiling is one of Winograd's algorithms for 3x3 kernels: square tiles of output
// pixels, the patches that they see, and their matrices, one for each number of a
// transformed tile.
type tiling struct {
	side, patch, matrices int
	room                  int // floats that the transforms need
}

// twos is F(2x2,3x3), and fours F(4x4,3x3).
var (
	twos  = tiling{side: 2, patch: 4, matrices: 16}
	fours = tiling{side: 4, patch: 6, matrices: 36, room: winograd.RoomFloats}
)

// biasMatrix is the matrix whose numbers are added to all pixels of a tile: that of
// the point 1 in both dimensions.
func (t tiling) biasMatrix() int { return t.patch + 1 }

func (t tiling) input(tiles *winograd.Tiles, channels int) {
	if t == fours {
		winograd.Input4(tiles, channels)
		return
	}
	winograd.Input(tiles, channels)
}

func (t tiling) gradient(tiles *winograd.Tiles, channels int) {
	if t == fours {
		winograd.Gradient4(tiles, channels)
		return
	}
	winograd.Gradient(tiles, channels)
}

func (t tiling) output(tiles *winograd.Tiles, channels int, stream bool) {
	if t == fours {
		winograd.Output4(tiles, channels, stream)
		return
	}
	winograd.Output(tiles, channels, stream)
}

func (t tiling) weights(matrix, taps, room *float32, xi, n int, rotated bool) {
	if t == fours {
		winograd.Weights4(matrix, taps, room, xi, n, rotated)
		return
	}
	winograd.Weights(matrix, taps, xi, n, rotated)
}

func (t tiling) weightGradient(taps, matrix, room *float32, xi, n int) {
	if t == fours {
		winograd.WeightGradient4(taps, matrix, room, xi, n)
		return
	}
	winograd.WeightGradient(taps, matrix, xi, n)
}

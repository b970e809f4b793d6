package winograd

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/isa"
)

// halves are n bfloat16s in memory, and what they are as float32s.
func halves(key, n int) (h []uint16, wide []float32) {
	wide, h = normal(key, n), make([]uint16, n)
	bf16.Narrow(h, wide)
	bf16.Widen(wide, h)
	return h, wide
}

func words(h []uint16) *float32 { return (*float32)(unsafe.Pointer(&h[0])) }

// Images of bfloat16 give what the twins give for the same numbers as float32,
// rounded where the result is bfloat16.
func TestHalvesEqualTheTwins(t *testing.T) {
	if !isa.BF16() {
		t.Skip("this processor or build has no bfloat16 instructions (avx512bf16)")
	}
	zeros := make([]float32, 64)
	for _, channels := range []int{16, 32, 64} {
		for n := 1; n <= 3; n++ {
			for _, exist := range []uint64{Whole, 0x7770, 0x00ff, 0xcccc, 1, 0} {
				if exist != Whole && n > 1 {
					continue
				}
				what := fmt.Sprintf("%d channels, %d tiles, pixels %x", channels, n, exist)
				width := 2*n + 2
				h, wide := halves(1, 4*width*channels)
				size := n*channels + 16
				tiles := func(image *float32, bytes int, matrix *float32, matrixBytes int) *Tiles {
					return &Tiles{Image: image, Row: bytes * width * channels, Col: bytes * channels,
						Matrix: matrix, Xi: matrixBytes * size, Tile: matrixBytes * channels, Panel: matrixBytes * Cols, N: n, Exist: exist, Zero: &zeros[0]}
				}
				want, got := make([]float32, 16*size), make([]float32, 16*size)
				input(tiles(&wide[0], 4, &want[0], 4), 0, channels)
				InputWidened(tiles(words(h), 2, &got[0], 4), channels)
				same(t, "InputWidened of "+what, got, want)

				narrow, rounded := make([]uint16, 16*size), make([]float32, 16*size)
				InputHalf(tiles(words(h), 2, words(narrow), 2), channels)
				bf16.Widen(got, narrow)
				bf16.Round(rounded, want)
				same(t, "InputHalf of "+what, got, rounded)

				clear(want)
				clear(got)
				gradient(tiles(&wide[0], 4, &want[0], 4), 0, channels)
				GradientWidened(tiles(words(h), 2, &got[0], 4), channels)
				same(t, "GradientWidened of "+what, got, want)
				if exist != Whole {
					continue
				}
				matrix := normal(2, 16*size)
				for _, stream := range []bool{false, true} {
					out, image := slices.Clone(h), slices.Clone(wide)
					OutputHalf(tiles(words(out), 2, &matrix[0], 4), channels, stream)
					output(tiles(&image[0], 4, &matrix[0], 4), 0, channels)
					after := make([]float32, len(out))
					bf16.Widen(after, out)
					bf16.Round(image, image)
					same(t, "OutputHalf of "+what, after, image)
				}
			}
		}
	}
}

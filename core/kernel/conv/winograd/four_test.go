package winograd

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/kernel/isa"
)

func TestAssemblyOf4x4EqualsTheTwin(t *testing.T) {
	if !isa.AVX2() {
		t.Skip("no assembly here: the twin is all there is")
	}
	var zeros [64]float32
	var room [RoomFloats]float32
	for _, channels := range []int{1, 8, 15, 16, 24, 40, 64} {
		for n := 1; n <= 3; n++ {
			for _, exist := range []uint64{Whole, 0xfbefbefbe, 0x00ffffff, 0xcc30c30cc, 1, 0} {
				if exist != Whole && n > 1 {
					continue
				}
				what := fmt.Sprintf("%d channels, %d tiles, pixels %x", channels, n, exist)
				width := 4*n + 2
				panels := (channels + Cols - 1) / Cols
				image, matrix := normal(1, 6*width*channels), normal(2, 36*(n*panels*Cols+3))
				run := func(f func(*Tiles)) (a, b []float32) {
					a, b = slices.Clone(image), slices.Clone(matrix)
					f(&Tiles{
						Image: &a[0], Row: 4 * width * channels, Col: 4 * channels,
						Matrix: &b[0], Xi: 4 * (n*panels*Cols + 3), Tile: 4 * panels * Cols, Panel: 4 * Cols, N: n, Exist: exist, Zero: &zeros[0], Room: &room[0],
					})
					return a, b
				}
				_, got := run(func(a *Tiles) { Input4(a, channels) })
				_, want := run(func(a *Tiles) { input4(a, 0, channels) })
				same(t, "Input4 of "+what, got, want)
				_, got = run(func(a *Tiles) { Gradient4(a, channels) })
				_, want = run(func(a *Tiles) { gradient4(a, 0, channels) })
				same(t, "Gradient4 of "+what, got, want)
				if exist == Whole {
					got, _ = run(func(a *Tiles) { Output4(a, channels, false) })
					want, _ = run(func(a *Tiles) { output4(a, 0, channels) })
					same(t, "Output4 of "+what, got, want)
				}
			}
		}
	}
	for n := 1; n <= 3; n++ {
		xi := n*Cols + 5
		taps, matrix := normal(1, n*9*Cols), normal(2, 36*xi)
		for _, rotated := range []bool{false, true} {
			got, want := slices.Clone(matrix), slices.Clone(matrix)
			Weights4(&got[0], &taps[0], &room[0], 4*xi, n, rotated)
			weights4(&want[0], &taps[0], 4*xi, n, rotated)
			same(t, fmt.Sprintf("Weights4, rotated %v", rotated), got, want)
		}
		got, want := slices.Clone(taps), slices.Clone(taps)
		WeightGradient4(&got[0], &matrix[0], &room[0], 4*xi, n)
		weightGradient4(&want[0], &matrix[0], 4*xi, n)
		same(t, "WeightGradient4", got, want)
	}
}

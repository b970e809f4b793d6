package winograd

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/rng"
)

func normal(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal())
	}
	return out
}

// The generator writes these offsets into the assembly.
func TestLayout(t *testing.T) {
	var a Tiles
	for i, got := range []uintptr{
		unsafe.Offsetof(a.Image), unsafe.Offsetof(a.At), unsafe.Offsetof(a.Row), unsafe.Offsetof(a.Col),
		unsafe.Offsetof(a.Matrix), unsafe.Offsetof(a.Xi), unsafe.Offsetof(a.Tile), unsafe.Offsetof(a.Panel),
		unsafe.Offsetof(a.N), unsafe.Offsetof(a.rounds), unsafe.Offsetof(a.imageStep), unsafe.Offsetof(a.matrixStep), unsafe.Offsetof(a.Exist), unsafe.Offsetof(a.Zero), unsafe.Offsetof(a.Room),
	} {
		if want := uintptr(8 * i); unsafe.Sizeof(uintptr(0)) == 8 && got != want {
			t.Errorf("field %d of Tiles is at %d, the generator says %d", i, got, want)
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
		t.Fatalf("%s: the assembly's bits are not the twin's", what)
	}
}

func TestAssemblyEqualsTheTwin(t *testing.T) {
	if !isa.AVX2() {
		t.Skip("no assembly here: the twin is all there is")
	}
	var zeros [64]float32
	for _, channels := range []int{1, 7, 8, 15, 16, 20, 40, 64} {
		for n := 1; n <= 4; n++ {
			for _, exist := range []uint64{Whole, 0x7770, 0x00ff, 0xcccc, 1, 0} {
				if exist != Whole && n > 1 {
					continue
				}
				what := fmt.Sprintf("%d channels, %d tiles, pixels %x", channels, n, exist)
				width := 2*n + 2
				panels := (channels + Cols - 1) / Cols
				image, matrix := normal(1, 4*width*channels), normal(2, 16*(n*panels*Cols+3))
				run := func(f func(*Tiles)) (a, b []float32) {
					a, b = slices.Clone(image), slices.Clone(matrix)
					f(&Tiles{
						Image: &a[0], Row: 4 * width * channels, Col: 4 * channels,
						Matrix: &b[0], Xi: 4 * (n*panels*Cols + 3), Tile: 4 * panels * Cols, Panel: 4 * Cols, N: n, Exist: exist, Zero: &zeros[0],
					})
					return a, b
				}
				_, got := run(func(a *Tiles) { Input(a, channels) })
				_, want := run(func(a *Tiles) { input(a, 0, channels) })
				same(t, "Input of "+what, got, want)
				_, got = run(func(a *Tiles) { Gradient(a, channels) })
				_, want = run(func(a *Tiles) { gradient(a, 0, channels) })
				same(t, "Gradient of "+what, got, want)
				if exist == Whole {
					got, _ = run(func(a *Tiles) { Output(a, channels, false) })
					want, _ = run(func(a *Tiles) { output(a, 0, channels) })
					same(t, "Output of "+what, got, want)
				}
			}
		}
	}
	for n := 1; n <= 3; n++ {
		xi := n*Cols + 5
		taps, matrix := normal(1, n*9*Cols), normal(2, 16*xi)
		for _, rotated := range []bool{false, true} {
			got, want := slices.Clone(matrix), slices.Clone(matrix)
			Weights(&got[0], &taps[0], 4*xi, n, rotated)
			weights(&want[0], &taps[0], 4*xi, n, rotated)
			same(t, "Weights", got, want)
		}
		got, want := slices.Clone(taps), slices.Clone(taps)
		WeightGradient(&got[0], &matrix[0], 4*xi, n)
		weightGradient(&want[0], &matrix[0], 4*xi, n)
		same(t, "WeightGradient", got, want)
	}
}

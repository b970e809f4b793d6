package relativeposition

import (
	"math"

	"github.com/fwlab/fw/sdk"
)

// sides is how many sizes tiles are made coarse to, evenly in their area.
const sides = 8

// coarseness is what bilinear resizing of a row of pixels to a side and back does to
// it, for sides from a tenth of size to size: [sides,size,size].
func coarseness(size int) []float64 {
	all := make([]float64, 0, sides*size*size)
	for i := range sides {
		area := 0.01 + 0.99*float64(i)/(sides-1)
		side := max(1, int(math.Sqrt(area)*float64(size)))
		down, up := bilinear(size, side), bilinear(side, size)
		for _, row := range up {
			out := make([]float64, size)
			for k, weight := range row {
				for j, x := range down[k] {
					out[j] += float64(weight * x)
				}
			}
			all = append(all, out...)
		}
	}
	return all
}

// bilinear is the weights [to][from] of resizing a row without antialiasing, as the
// authors' code does.
func bilinear(from, to int) [][]float64 {
	rows := make([][]float64, to)
	for i := range rows {
		rows[i] = make([]float64, from)
		at := max(0, (float64(i)+0.5)*float64(from)/float64(to)-0.5)
		low := min(int(at), from-1)
		rows[i][low] += 1 - (at - float64(low))
		rows[i][min(low+1, from-1)] += at - float64(low)
	}
	return rows
}

// resampled is a tile f32[s,s,C] made smaller to a drawn side and large again.
func resampled(v *sdk.Views, tile, coarseness sdk.Value) sdk.Value {
	s, c := tile.Dim(0), tile.Dim(2)
	m := coarseness.Take(0, v.Intn(sides))
	rows := m.MatMul(tile.Reshape(s, s*c)).Reshape(s, s, c)
	return rows.Dot(m, nil, nil, []int{1}, []int{1}).Transpose(0, 2, 1)
}

package vec

import "testing"

func TestTranspose(t *testing.T) {
	for _, rows := range []int{0, 1, 3, 7, 8, 9, 16, 31} {
		for _, cols := range []int{0, 1, 7, 8, 10, 24, 33} {
			ds, ss := cols+3, rows+2
			src, dst := make([]uint32, (cols+1)*ss), make([]uint32, (rows+1)*ds)
			for i := range src {
				src[i] = uint32(i) + 1
			}
			Transpose(dst, ds, src, ss, rows, cols)
			for i := range rows + 1 {
				for j := range ds {
					want := uint32(0)
					if i < rows && j < cols {
						want = src[j*ss+i]
					}
					if got := dst[i*ds+j]; got != want {
						t.Fatalf("%dx%d: element %d,%d is %d, want %d", rows, cols, i, j, got, want)
					}
				}
			}
		}
	}
}

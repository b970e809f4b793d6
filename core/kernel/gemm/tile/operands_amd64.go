//go:build !noasm

package tile

import "unsafe"

// avx2Pairs computes the leading whole groups of channels and returns how many.
func avx2Pairs(n int, args *GatherArgs) int {
	t := *args
	j := 0
	for ; j+8 <= n; j += 8 {
		t.A, t.B, t.C = at(args.A, 4*j), at(args.B, 4*j), at(args.C, 4*j)
		if args.Add != nil {
			t.Add = at(args.Add, 4*j)
		}
		if j+32 <= n {
			avx2Pairs32((*byte)(unsafe.Pointer(&t)))
			j += 24
			continue
		}
		avx2Pairs8((*byte)(unsafe.Pointer(&t)))
	}
	return j
}

// avx2Transpose transposes the leading whole groups of 8 columns of 8 rows and returns how many.
func avx2Transpose(dst, src *float32, stride, n int) int {
	if n >= 8 {
		avx2Transpose8(dst, src, 4*stride, n/8)
	}
	return n &^ 7
}

// strips copies n rows of four strips of Rows or Cols elements side by side into panels.
func strips(floats int, dst, src *float32, stride, panel, n int) {
	switch floats {
	case Cols:
		avx2Strips16(dst, src, 4*stride, 4*panel, n)
	case 6:
		avx2Strips6(dst, src, 4*stride, 4*panel, n)
	default:
		avx512Strips12(dst, src, 4*stride, 4*panel, n)
	}
}

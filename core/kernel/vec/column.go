package vec

import "unsafe"

// The functions here take x as rows of len(acc) or len(mean) columns, one row
// directly after another, and have one accumulator or coefficient per column.

// wholeColumns is the number of leading columns that the assembly takes.
func wholeColumns(c, rows int) int {
	if rows == 0 {
		return 0
	}
	return whole(c)
}

// ColSum: acc[j] += x[i*c+j] for each row i in turn.
func ColSum(acc, x []float32, rows int) {
	c := len(acc)
	x = x[:rows*c]
	m := wholeColumns(c, rows)
	if m > 0 {
		avxColSum(&acc[0], &x[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			acc[j] += x[i*c+j]
		}
	}
}

// ColSumSquares: acc[j] += (x[i*c+j]-mean[j])^2 for each row i in turn.
func ColSumSquares(acc, x, mean []float32, rows int) {
	c := len(acc)
	x, mean = x[:rows*c], mean[:c]
	m := wholeColumns(c, rows)
	if m > 0 {
		avxColSumSquares(&acc[0], &x[0], &mean[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			d := x[i*c+j] - mean[j]
			acc[j] = fma(d, d, acc[j])
		}
	}
}

// ColMoments, with d = x[i*c+j]-shift[j]: acc[j] += d and squares[j] += d^2 for each row i in turn.
func ColMoments(acc, squares, x, shift []float32, rows int) {
	c := len(acc)
	squares, x, shift = squares[:c], x[:rows*c], shift[:c]
	m := wholeColumns(c, rows)
	if m > 0 {
		avxColMoments(&acc[0], &squares[0], &x[0], &shift[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			d := x[i*c+j] - shift[j]
			acc[j] += d
			squares[j] = fma(d, d, squares[j])
		}
	}
}

// ColAffine: dst[i*c+j] = (x[i*c+j]-mean[j])*a[j] + b[j], plus add[i*c+j] if
// add is not nil, and then 0 where that is negative if relu holds. With past, dst
// goes straight to memory, if it is whole cache lines: for a dst that is not an
// operand and will not be read soon.
func ColAffine(dst, x, add, mean, a, b []float32, rows int, relu, past bool) {
	c := len(mean)
	dst, x, a, b = dst[:rows*c], x[:rows*c], a[:c], b[:c]
	if add != nil {
		add = add[:rows*c]
	}
	m := wholeColumns(c, rows)
	past = past && m > 0 && m == c && c%16 == 0 && uintptr(unsafe.Pointer(&dst[0]))%64 == 0
	switch {
	case m == 0:
	case past && add == nil && !relu:
		avxColAffinePast(&mean[0], &a[0], &b[0], &dst[0], &x[0], rows, m, c)
	case past && add == nil:
		avxColAffineReluPast(&mean[0], &a[0], &b[0], &dst[0], &x[0], rows, m, c)
	case past && !relu:
		avxColAffineAddPast(&mean[0], &a[0], &b[0], &dst[0], &x[0], &add[0], rows, m, c)
	case past:
		avxColAffineAddReluPast(&mean[0], &a[0], &b[0], &dst[0], &x[0], &add[0], rows, m, c)
	case add == nil && !relu:
		avxColAffine(&mean[0], &a[0], &b[0], &dst[0], &x[0], rows, m, c)
	case add == nil:
		avxColAffineRelu(&mean[0], &a[0], &b[0], &dst[0], &x[0], rows, m, c)
	case !relu:
		avxColAffineAdd(&mean[0], &a[0], &b[0], &dst[0], &x[0], &add[0], rows, m, c)
	default:
		avxColAffineAddRelu(&mean[0], &a[0], &b[0], &dst[0], &x[0], &add[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			v := fma(x[i*c+j]-mean[j], a[j], b[j])
			if add != nil {
				v += add[i*c+j]
			}
			if relu && v < 0 { // -0 and NaN stay
				v = 0
			}
			dst[i*c+j] = v
		}
	}
}

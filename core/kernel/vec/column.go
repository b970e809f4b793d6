package vec

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
			acc[j] += float32(d * d)
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
			squares[j] += float32(d * d)
		}
	}
}

// ColAffine: dst[i*c+j] = (x[i*c+j]-mean[j])*a[j] + b[j], plus add[i*c+j] if
// add is not nil, and then 0 where that is negative if relu holds.
func ColAffine(dst, x, add, mean, a, b []float32, rows int, relu bool) {
	c := len(mean)
	dst, x, a, b = dst[:rows*c], x[:rows*c], a[:c], b[:c]
	if add != nil {
		add = add[:rows*c]
	}
	m := wholeColumns(c, rows)
	switch {
	case m == 0:
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
			v := float32((x[i*c+j]-mean[j])*a[j]) + b[j]
			if add != nil {
				v += add[i*c+j]
			}
			if relu {
				v = max(v, 0)
			}
			dst[i*c+j] = v
		}
	}
}

// ColDots: acc[j] += g and dot[j] += g*(x[i*c+j]-mean[j]) for each row i in
// turn, with g = dy[i*c+j]; if out is not nil, g is 0 where out[i*c+j] is not
// above 0, and masked[i*c+j] = g if masked is not nil either.
func ColDots(acc, dot, dy, x, out, masked, mean []float32, rows int) {
	c := len(acc)
	dot, dy, x, mean = dot[:c], dy[:rows*c], x[:rows*c], mean[:c]
	if out != nil {
		out = out[:rows*c]
	}
	if masked != nil {
		masked = masked[:rows*c]
	}
	m := wholeColumns(c, rows)
	switch {
	case m == 0:
	case out == nil:
		avxColDots(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], rows, m, c)
	case masked == nil:
		avxColDotsRelu(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], &out[0], rows, m, c)
	default:
		avxColDotsReluStore(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], &out[0], &masked[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			g := passed(dy, out, i*c+j)
			if masked != nil {
				masked[i*c+j] = g
			}
			acc[j] += g
			dot[j] += float32(g * (x[i*c+j] - mean[j]))
		}
	}
}

// passed is what relu passes back of dy[i].
func passed(dy, out []float32, i int) float32 {
	if out != nil && !(out[i] > 0) {
		return 0
	}
	return dy[i]
}

// ColGrad: dst[i*c+j] = g*a[j] + ((x[i*c+j]-mean[j])*b[j] + d[j]), with g as in ColDots.
func ColGrad(dst, dy, x, out, mean, a, b, d []float32, rows int) {
	c := len(mean)
	dst, dy, x, a, b, d = dst[:rows*c], dy[:rows*c], x[:rows*c], a[:c], b[:c], d[:c]
	if out != nil {
		out = out[:rows*c]
	}
	m := wholeColumns(c, rows)
	switch {
	case m == 0:
	case out == nil:
		avxColGrad(&mean[0], &a[0], &b[0], &d[0], &dst[0], &dy[0], &x[0], rows, m, c)
	default:
		avxColGradRelu(&mean[0], &a[0], &b[0], &d[0], &dst[0], &dy[0], &x[0], &out[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			dst[i*c+j] = float32(passed(dy, out, i*c+j)*a[j]) + (float32((x[i*c+j]-mean[j])*b[j]) + d[j])
		}
	}
}

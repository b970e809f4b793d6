package vec

// The functions here take x as rows rows of len(acc) or len(mean) columns, one
// row directly after another, and have one accumulator or coefficient per column.

// ColSum: acc[j] += x[i*c+j] for each row i in turn.
func ColSum(acc, x []float32, rows int) {
	c := len(acc)
	x = x[:rows*c]
	m := 0
	if rows > 0 {
		m = whole(c)
	}
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
	m := 0
	if rows > 0 {
		m = whole(c)
	}
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

// ColDots: acc[j] += dy[i*c+j] and dot[j] += dy[i*c+j]*(x[i*c+j]-mean[j]) for each row i in turn.
func ColDots(acc, dot, dy, x, mean []float32, rows int) {
	c := len(acc)
	dot, dy, x, mean = dot[:c], dy[:rows*c], x[:rows*c], mean[:c]
	m := 0
	if rows > 0 {
		m = whole(c)
	}
	if m > 0 {
		avxColDots(&acc[0], &dot[0], &dy[0], &x[0], &mean[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			g := dy[i*c+j]
			acc[j] += g
			dot[j] += float32(g * (x[i*c+j] - mean[j]))
		}
	}
}

// ColAffine: dst[i*c+j] = (x[i*c+j]-mean[j])*a[j] + b[j].
func ColAffine(dst, x, mean, a, b []float32, rows int) {
	c := len(mean)
	dst, x, a, b = dst[:rows*c], x[:rows*c], a[:c], b[:c]
	m := 0
	if rows > 0 {
		m = whole(c)
	}
	if m > 0 {
		avxColAffine(&dst[0], &x[0], &mean[0], &a[0], &b[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			dst[i*c+j] = float32((x[i*c+j]-mean[j])*a[j]) + b[j]
		}
	}
}

// ColGrad: dst[i*c+j] = dy[i*c+j]*a[j] + ((x[i*c+j]-mean[j])*b[j] + d[j]).
func ColGrad(dst, dy, x, mean, a, b, d []float32, rows int) {
	c := len(mean)
	dst, dy, x, a, b, d = dst[:rows*c], dy[:rows*c], x[:rows*c], a[:c], b[:c], d[:c]
	m := 0
	if rows > 0 {
		m = whole(c)
	}
	if m > 0 {
		avxColGrad(&dst[0], &dy[0], &x[0], &mean[0], &a[0], &b[0], &d[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			dst[i*c+j] = float32(dy[i*c+j]*a[j]) + (float32((x[i*c+j]-mean[j])*b[j]) + d[j])
		}
	}
}

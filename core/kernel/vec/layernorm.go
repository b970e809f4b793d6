package vec

// oneCall is whether the assembly does whole rows of c columns: as they are one
// leaf of [Sum], and no elements are left over.
func oneCall(c int) bool { return c > 0 && c <= leaf && eights(c) == c }

// LayerNorm normalises rows of len(a) columns, as many as mean has: mean[r] and
// rstd[r] = 1/sqrt(variance + epsilon) of row r of x, and
// dst[r*c+i] = (x[r*c+i]-mean[r])*rstd[r]*a[i] + b[i].
func LayerNorm(dst, x, a, b, mean, rstd []float32, epsilon float32) {
	rows, c := len(mean), len(a)
	dst, x, b, rstd = dst[:rows*c], x[:rows*c], b[:c], rstd[:rows]
	if rows > 0 && oneCall(c) {
		avxLayerNorm(&dst[0], &x[0], &a[0], &b[0], &mean[0], &rstd[0], rows, c, epsilon)
		return
	}
	for r := range rows {
		x := x[r*c : (r+1)*c]
		m := Sum(x) / float32(c)
		s := 1 / sqrt32(SumSquares(x, m)/float32(c)+epsilon)
		mean[r], rstd[r] = m, s
		RowAffine(dst[r*c:(r+1)*c], x, a, b, m, s)
	}
}

// LayerNormGrad adds to dscale and doffset the gradients of rows of len(scale)
// columns, as many as mean has, and sets dx to theirs: with h = (x-mean)*rstd and
// g = dy*scale, dscale += dy*h, doffset += dy and
// dx = rstd*(g - mean(g) - h*mean(g*h)).
func LayerNormGrad(dx, dscale, doffset, dy, x, scale, mean, rstd []float32) {
	rows, c := len(mean), len(scale)
	dx, dy, x, rstd = dx[:rows*c], dy[:rows*c], x[:rows*c], rstd[:rows]
	dscale, doffset = dscale[:c], doffset[:c]
	if rows > 0 && oneCall(c) {
		avxLayerNormGrad(&dx[0], &dscale[0], &doffset[0], &dy[0], &x[0], &scale[0], &mean[0], &rstd[0], rows, c)
		return
	}
	for r := range rows {
		x, dy, mean, rstd := x[r*c:(r+1)*c], dy[r*c:(r+1)*c], mean[r], rstd[r]
		g, gh := RowDots(dscale, doffset, dy, x, scale, mean, rstd)
		m := rstd / float32(c)
		RowGrad(dx[r*c:(r+1)*c], dy, x, scale, mean, rstd, -m*gh*rstd, -m*g)
	}
}

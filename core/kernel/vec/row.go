package vec

import "math"

// ExpSum: dst[i] = e^(x[i]-s); the result is their sum.
func ExpSum(dst, x []float32, s float32) float32 {
	n := len(dst)
	x = x[:n]
	if n > leaf {
		h := half(n)
		return ExpSum(dst[:h], x[:h], s) + ExpSum(dst[h:], x[h:], s)
	}
	var sum float32
	if !useAVX2 {
		for i, v := range x {
			dst[i] = exp32(v - s)
			sum += dst[i]
		}
		return sum
	}
	m := n &^ 7
	if m > 0 {
		sum = avxExpSum(&dst[0], &x[0], s, m)
	}
	if m < n {
		t := padded(x[m:])
		sum += avxExpSum(&t[0], &t[0], s, 8)
		copy(dst[m:], t[:])
	}
	return sum
}

// SumExp is the sum of e^(x[i]-s).
func SumExp(x []float32, s float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return SumExp(x[:h], s) + SumExp(x[h:], s)
	}
	var sum float32
	if !useAVX2 {
		for _, v := range x {
			sum += exp32(v - s)
		}
		return sum
	}
	m := len(x) &^ 7
	if m > 0 {
		sum = avxSumExp(&x[0], s, m)
	}
	if m < len(x) {
		t := padded(x[m:])
		sum += avxSumExp(&t[0], s, 8)
	}
	return sum
}

// padded is fewer than 8 elements followed by -Inf, which e^x turns into 0.
func padded(x []float32) [8]float32 {
	var t [8]float32
	for i := copy(t[:], x); i < len(t); i++ {
		t[i] = float32(math.Inf(-1))
	}
	return t
}

// SubMul: dst[i] = (a[i]-s)*b[i].
func SubMul(dst, a []float32, s float32, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxSubMul(&dst[0], &a[0], &b[0], s, i)
	}
	for ; i < n; i++ {
		dst[i] = (a[i] - s) * b[i]
	}
}

// SubExpMul: dst[i] = a[i] - s*e^b[i].
func SubExpMul(dst, a []float32, s float32, b []float32) {
	n := len(dst)
	a, b = a[:n], b[:n]
	if !useAVX2 {
		for i, v := range b {
			dst[i] = a[i] - float32(s*exp32(v))
		}
		return
	}
	m := whole(n)
	if m > 0 {
		avxSubExpMul(&dst[0], &a[0], &b[0], s, m)
	}
	if m < n {
		var t, u [8]float32
		copy(t[:], a[m:])
		copy(u[:], b[m:])
		avxSubExpMul(&t[0], &t[0], &u[0], s, 8)
		copy(dst[m:], t[:])
	}
}

// RowAffine: dst[i] = (x[i]-mean)*rstd*a[i] + b[i].
func RowAffine(dst, x, a, b []float32, mean, rstd float32) {
	n := len(dst)
	x, a, b = x[:n], a[:n], b[:n]
	i := whole(n)
	if i > 0 {
		avxRowAffine(&dst[0], &x[0], &a[0], &b[0], mean, rstd, i)
	}
	for ; i < n; i++ {
		dst[i] = fma((x[i]-mean)*rstd, a[i], b[i])
	}
}

// RowDots, with h = (x[i]-mean)*rstd: dscale[i] += dy[i]*h and doffset[i] += dy[i];
// the results are the sums of dy[i]*scale[i] and of dy[i]*scale[i]*h.
func RowDots(dscale, doffset, dy, x, scale []float32, mean, rstd float32) (g, gx float32) {
	n := len(dy)
	dscale, doffset, x, scale = dscale[:n], doffset[:n], x[:n], scale[:n]
	i := eights(n)
	if i > 0 {
		g, gx = avxRowDots(&dscale[0], &doffset[0], &dy[0], &x[0], &scale[0], mean, rstd, i)
	}
	for ; i < n; i++ {
		h := (x[i] - mean) * rstd
		d := dy[i] * scale[i]
		dscale[i] += float32(dy[i] * h)
		doffset[i] += dy[i]
		g += d
		gx += float32(d * h)
	}
	return g, gx
}

// RowGrad: dst[i] = dy[i]*scale[i]*rstd + ((x[i]-mean)*p + q).
func RowGrad(dst, dy, x, scale []float32, mean, rstd, p, q float32) {
	n := len(dst)
	dy, x, scale = dy[:n], x[:n], scale[:n]
	i := whole(n)
	if i > 0 {
		avxRowGrad(&dst[0], &dy[0], &x[0], &scale[0], mean, rstd, p, q, i)
	}
	for ; i < n; i++ {
		dst[i] = fma(float32(dy[i]*scale[i]), rstd, fma(x[i]-mean, p, q))
	}
}

// Route: where x[i] == best[i] and free[i] is all ones, dx[i] += dy[i] and free[i] = 0.
func Route(dx, dy, x, best []float32, free []uint32) {
	n := len(dx)
	dy, x, best, free = dy[:n], x[:n], best[:n], free[:n]
	i := whole(n)
	if i > 0 {
		avxRoute(&dx[0], &dy[0], &x[0], &best[0], first(free), i)
	}
	for ; i < n; i++ {
		if x[i] == best[i] && free[i] != 0 {
			dx[i] += dy[i]
			free[i] = 0
		}
	}
}

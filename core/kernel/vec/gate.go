package vec

// A Gate is the rectifier that a gradient dy passes on its way back: g = dy
// where the rectifier was open, else 0. It is open where its output Out is above
// 0, or, if A is set, where (x-mean)*A + Offset is, computed again as ColAffine
// computed it. The zero Gate lets everything pass.
type Gate struct {
	Out       []float32 // as dy
	A, Offset []float32 // of columns
}

// of is the gate of rows of c columns.
func (g Gate) of(rows, c int) Gate {
	if g.Out != nil {
		g.Out = g.Out[:rows*c]
	}
	if g.A != nil {
		g.A, g.Offset = g.A[:c], g.Offset[:c]
	}
	return g
}

// pass is g of element i in column j, where d is x-mean.
func (g Gate) pass(dy []float32, i, j int, d float32) float32 {
	switch {
	case g.Out != nil && !(g.Out[i] > 0), g.A != nil && !(fma(d, g.A[j], g.Offset[j]) > 0):
		return 0
	}
	return dy[i]
}

// ColDots: acc[j] += g and dot[j] += g*(x[i*c+j]-mean[j]) for each row i in
// turn, with g what the gate lets pass of dy[i*c+j]. If masked is not nil, the
// gate goes by its output, and masked[i*c+j] = g.
func ColDots(acc, dot, dy, x []float32, gate Gate, masked, mean []float32, rows int) {
	c := len(acc)
	dot, dy, x, mean, gate = dot[:c], dy[:rows*c], x[:rows*c], mean[:c], gate.of(rows, c)
	if masked != nil {
		masked = masked[:rows*c]
	}
	m := wholeColumns(c, rows)
	switch {
	case m == 0:
	case gate.A != nil:
		avxColDotsAgain(&acc[0], &dot[0], &mean[0], &gate.A[0], &gate.Offset[0], &dy[0], &x[0], rows, m, c)
	case gate.Out == nil:
		avxColDots(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], rows, m, c)
	case masked == nil:
		avxColDotsRelu(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], &gate.Out[0], rows, m, c)
	default:
		avxColDotsReluStore(&acc[0], &dot[0], &mean[0], &dy[0], &x[0], &gate.Out[0], &masked[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			d := x[i*c+j] - mean[j]
			g := gate.pass(dy, i*c+j, j, d)
			if masked != nil {
				masked[i*c+j] = g
			}
			acc[j] += g
			dot[j] = fma(g, d, dot[j])
		}
	}
}

// ColGrad: dst[i*c+j] = g*a[j] + ((x[i*c+j]-mean[j])*b[j] + d[j]), with g as in
// ColDots. A gate that computes goes by this a.
func ColGrad(dst, dy, x []float32, gate Gate, mean, a, b, d []float32, rows int) {
	c := len(mean)
	dst, dy, x, a, b, d, gate = dst[:rows*c], dy[:rows*c], x[:rows*c], a[:c], b[:c], d[:c], gate.of(rows, c)
	m := wholeColumns(c, rows)
	switch {
	case m == 0:
	case gate.A != nil:
		avxColGradAgain(&mean[0], &a[0], &b[0], &d[0], &gate.Offset[0], &dst[0], &dy[0], &x[0], rows, m, c)
	case gate.Out == nil:
		avxColGrad(&mean[0], &a[0], &b[0], &d[0], &dst[0], &dy[0], &x[0], rows, m, c)
	default:
		avxColGradRelu(&mean[0], &a[0], &b[0], &d[0], &dst[0], &dy[0], &x[0], &gate.Out[0], rows, m, c)
	}
	if m == c {
		return
	}
	for i := range rows {
		for j := m; j < c; j++ {
			h := x[i*c+j] - mean[j]
			dst[i*c+j] = fma(gate.pass(dy, i*c+j, j, h), a[j], fma(h, b[j], d[j]))
		}
	}
}

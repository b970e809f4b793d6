package kernel

import "math"

// colParts sums per column in fixed parts of rows: part k of column j is at
// sums[k*c+j]. The parts are then added in order, in float64.
type colParts struct {
	rows, c, per, parts int
}

func newColParts(rows, c int) colParts {
	per := rowsOf(c)
	return colParts{rows, c, per, ceilDiv(rows, per)}
}

func (p colParts) total(sums []float32, j int) float64 {
	var t float64
	for k := range p.parts {
		t += float64(sums[k*p.c+j])
	}
	return t
}

// BatchNorm normalises x[rows,c] by the statistics of each of groups equal
// parts of the rows: y = (x-mean)/sqrt(var+eps)*scale + offset. mean and
// variance (biased) are [groups,c]. Two passes for the statistics, one for y.
func BatchNorm(y, mean, variance, x, scale, offset []float32, rows, c, groups int, eps float64) Kernel {
	n := rows / groups
	p := newColParts(n, c)
	sums := make([]float32, groups*p.parts*c)
	a, b := make([]float32, groups*c), make([]float32, groups*c)
	at := func(i int) (g, lo, hi, from int) {
		g = i / p.parts
		lo, hi = span(i%p.parts, p.per, n)
		return g, lo, hi, (g*n + lo) * c
	}
	return Loop{
		{groups * p.parts, func(i, _ int) {
			_, lo, hi, from := at(i)
			colSum(sums[i*c:], x[from:], hi-lo, c)
		}},
		{groups, func(g, _ int) {
			for j := range c {
				mean[g*c+j] = float32(p.total(sums[g*p.parts*c:], j) / float64(n))
			}
		}},
		{groups * p.parts, func(i, _ int) {
			g, lo, hi, from := at(i)
			colSumSq(sums[i*c:], x[from:], mean[g*c:], hi-lo, c)
		}},
		{groups, func(g, _ int) {
			for j := range c {
				v := p.total(sums[g*p.parts*c:], j) / float64(n)
				variance[g*c+j] = float32(v)
				r := float64(scale[j]) / math.Sqrt(v+eps)
				a[g*c+j] = float32(r)
				b[g*c+j] = float32(float64(offset[j]) - r*float64(mean[g*c+j]))
			}
		}},
		{groups * p.parts, func(i, _ int) {
			g, lo, hi, from := at(i)
			rowMulAdd(y[from:], x[from:], a[g*c:], b[g*c:], hi-lo, c)
		}},
	}
}

// BatchNormInference normalises by given statistics.
func BatchNormInference(y, x, scale, offset, mean, variance []float32, rows, c int, eps float64) Kernel {
	per := rowsOf(c)
	a, b := make([]float32, c), make([]float32, c)
	return Loop{
		{1, func(int, int) {
			for j := range c {
				r := float64(scale[j]) / math.Sqrt(float64(variance[j])+eps)
				a[j], b[j] = float32(r), float32(float64(offset[j])-r*float64(mean[j]))
			}
		}},
		{ceilDiv(rows, per), func(i, _ int) {
			lo, hi := span(i, per, rows)
			rowMulAdd(y[lo*c:], x[lo*c:], a, b, hi-lo, c)
		}},
	}
}

// BatchNormGrad is the gradient of BatchNorm:
// dx = scale*rstd*(dy - mean(dy) - xhat*mean(dy*xhat)), dscale = sum(dy*xhat), doffset = sum(dy).
func BatchNormGrad(dx, dscale, doffset, x, scale, mean, variance, dy []float32, rows, c, groups int, eps float64) Kernel {
	n := rows / groups
	p := newColParts(n, c)
	sdy, sdyx := make([]float32, groups*p.parts*c), make([]float32, groups*p.parts*c)
	a, b, d := make([]float32, groups*c), make([]float32, groups*c), make([]float32, groups*c)
	gscale, goffset := make([]float64, groups*c), make([]float64, groups*c)
	at := func(i int) (g, lo, hi, from int) {
		g = i / p.parts
		lo, hi = span(i%p.parts, p.per, n)
		return g, lo, hi, (g*n + lo) * c
	}
	return Loop{
		{groups * p.parts, func(i, _ int) {
			g, lo, hi, from := at(i)
			colDots(sdy[i*c:], sdyx[i*c:], dy[from:], x[from:], mean[g*c:], hi-lo, c)
		}},
		{groups, func(g, _ int) {
			for j := range c {
				m := float64(mean[g*c+j])
				rstd := 1 / math.Sqrt(float64(variance[g*c+j])+eps)
				sum, dot := p.total(sdy[g*p.parts*c:], j), p.total(sdyx[g*p.parts*c:], j)
				goffset[g*c+j], gscale[g*c+j] = sum, dot*rstd
				k := float64(scale[j]) * rstd
				q := k * rstd * rstd * dot / float64(n)
				a[g*c+j], b[g*c+j], d[g*c+j] = float32(k), float32(-q), float32(q*m-k*sum/float64(n))
			}
		}},
		{1, func(int, int) {
			for j := range c {
				var s, o float64
				for g := range groups {
					s, o = s+gscale[g*c+j], o+goffset[g*c+j]
				}
				dscale[j], doffset[j] = float32(s), float32(o)
			}
		}},
		{groups * p.parts, func(i, _ int) {
			g, lo, hi, from := at(i)
			rowMulAdd2(dx[from:], dy[from:], x[from:], a[g*c:], b[g*c:], d[g*c:], hi-lo, c)
		}},
	}
}

// rows runs f over rows of c elements, chunked by size alone.
func rowLoop(rows, c int, f func(r int)) Loop {
	per := rowsOf(c)
	return loop(ceilDiv(rows, per), func(i, _ int) {
		lo, hi := span(i, per, rows)
		for r := lo; r < hi; r++ {
			f(r)
		}
	})
}

// LayerNorm normalises each row of x[rows,c]; mean and rstd are [rows].
func LayerNorm(y, mean, rstd, x, scale, offset []float32, rows, c int, eps float64) Kernel {
	return rowLoop(rows, c, func(r int) {
		in, out := x[r*c:(r+1)*c], y[r*c:(r+1)*c]
		var sum, sq float64
		for _, v := range in {
			sum += float64(v)
		}
		m := float32(sum / float64(c))
		for _, v := range in {
			sq += float64(v-m) * float64(v-m)
		}
		s := float32(1 / math.Sqrt(sq/float64(c)+eps))
		mean[r], rstd[r] = m, s
		for j, v := range in {
			out[j] = (v-m)*s*scale[j] + offset[j]
		}
	})
}

// LayerNormGrad is the gradient of LayerNorm.
func LayerNormGrad(dx, dscale, doffset, x, scale, mean, rstd, dy []float32, rows, c int) Kernel {
	p := newColParts(rows, c)
	ss, so := make([]float32, p.parts*c), make([]float32, p.parts*c)
	return Loop{
		{p.parts, func(i, _ int) {
			s, o := ss[i*c:(i+1)*c], so[i*c:(i+1)*c]
			clear(s)
			clear(o)
			lo, hi := span(i, p.per, rows)
			for r := lo; r < hi; r++ {
				in, g, out := x[r*c:(r+1)*c], dy[r*c:(r+1)*c], dx[r*c:(r+1)*c]
				m, k := mean[r], rstd[r]
				var sum, dot float64
				for j, v := range in {
					h, q := (v-m)*k, g[j]*scale[j]
					sum += float64(q)
					dot += float64(q * h)
					s[j] += g[j] * h
					o[j] += g[j]
				}
				sm, dm := float32(sum/float64(c)), float32(dot/float64(c))
				for j, v := range in {
					out[j] = k * (g[j]*scale[j] - sm - (v-m)*k*dm)
				}
			}
		}},
		{1, func(int, int) {
			for j := range c {
				dscale[j], doffset[j] = float32(p.total(ss, j)), float32(p.total(so, j))
			}
		}},
	}
}

// Softmax and, with log, LogSoftmax of each row of x[rows,c].
func Softmax(y, x []float32, rows, c int, log bool) Kernel {
	return rowLoop(rows, c, func(r int) {
		in, out := x[r*c:(r+1)*c], y[r*c:(r+1)*c]
		top := in[0]
		for _, v := range in {
			top = max(top, v)
		}
		for j, v := range in {
			out[j] = v - top
		}
		if log {
			var sum float64
			var t [256]float32
			for j := 0; j < c; j += len(t) {
				e := t[:min(len(t), c-j)]
				vExp(e, out[j:j+len(e)])
				for _, v := range e {
					sum += float64(v)
				}
			}
			l := float32(math.Log(sum))
			for j := range out {
				out[j] -= l
			}
			return
		}
		vExp(out, out)
		var sum float64
		for _, v := range out {
			sum += float64(v)
		}
		k := float32(1 / sum)
		for j := range out {
			out[j] *= k
		}
	})
}

// SoftmaxGrad is dx from the softmax y (or, with log, its logarithm) and dy.
func SoftmaxGrad(dx, y, dy []float32, rows, c int, log bool) Kernel {
	return rowLoop(rows, c, func(r int) {
		out, p, g := dx[r*c:(r+1)*c], y[r*c:(r+1)*c], dy[r*c:(r+1)*c]
		var sum float64
		if log {
			for _, v := range g {
				sum += float64(v)
			}
			s := float32(sum)
			vExp(out, p)
			for j, v := range g {
				out[j] = v - out[j]*s
			}
			return
		}
		for j, v := range g {
			sum += float64(v * p[j])
		}
		s := float32(sum)
		for j, v := range g {
			out[j] = (v - s) * p[j]
		}
	})
}

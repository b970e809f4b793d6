package interp

import (
	"cmp"
	"math"
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// eigen is Jacobi's method: rotations in planes, each of which makes one element
// off the diagonal zero, until all are (Golub & Van Loan, section 8.5).
func eigen(_ ir.Attrs, in, out []Tensor) {
	n := in[0].Shape.Dims[0]
	a, v := make([]float64, n*n), make([]float64, n*n)
	for i := range n {
		v[i*n+i] = 1
		for j := range n {
			a[i*n+j] = (in[0].V[i*n+j] + in[0].V[j*n+i]) / 2
		}
	}
	for range 100 {
		var off float64
		for p := range n {
			for q := p + 1; q < n; q++ {
				off += a[p*n+q] * a[p*n+q]
				rotate(a, v, n, p, q)
			}
		}
		if off < 1e-30 {
			break
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a[j*n+j], a[i*n+i]) })
	for r, i := range order {
		out[0].V[r] = a[i*n+i]
		row := out[1].V[r*n : (r+1)*n]
		largest := 0
		for j := range n {
			row[j] = v[j*n+i]
			if math.Abs(row[j]) > math.Abs(row[largest]) {
				largest = j
			}
		}
		if row[largest] < 0 {
			for j := range row {
				row[j] = -row[j]
			}
		}
	}
}

// rotate makes a[p,q] zero, and turns the eigenvectors v, its columns, along.
func rotate(a, v []float64, n, p, q int) {
	apq := a[p*n+q]
	if apq == 0 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * apq)
	t := 1 / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	turn := func(m []float64, i, j int) {
		x, y := m[i], m[j]
		m[i], m[j] = c*x-s*y, s*x+c*y
	}
	for k := range n {
		turn(a, k*n+p, k*n+q)
		turn(v, k*n+p, k*n+q)
	}
	for k := range n {
		turn(a, p*n+k, q*n+k)
	}
}

// Package eigen owns the eigenvectors of symmetric matrices. Start from [New]; its
// slow twin is that of core/interp.
package eigen

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
)

// Kernel is a planned symmetric_eigen.
type Kernel struct {
	n               int
	values, vectors []float32
	src             []float32
}

// New plans the eigenvectors of an n by n matrix.
func New(n int) (*Kernel, error) {
	if n < 1 {
		return nil, fmt.Errorf("eigen: expected a matrix, found side %d", n)
	}
	return &Kernel{n: n}, nil
}

// Scratch is how many float32s Bind needs.
func (k *Kernel) Scratch() int { return 0 }

// Bind gives the kernel its memory: eigenvalues f32[n] and eigenvectors f32[n,n];
// the matrix f32[n,n].
func (k *Kernel) Bind(_ []float32, out, in []buf.Buf) {
	k.values, k.vectors, k.src = out[0].F32, out[1].F32, in[0].F32
}

// Run computes in float64 on one worker. Where the matrix is not finite, or the
// method does not converge, the results are NaN.
func (k *Kernel) Run(*pool.Pool) {
	n := k.n
	a := mat.NewSymDense(n, nil)
	finite := true
	for i := range n {
		for j := i; j < n; j++ {
			x := (float64(k.src[i*n+j]) + float64(k.src[j*n+i])) / 2
			finite = finite && !math.IsNaN(x) && !math.IsInf(x, 0)
			a.SetSym(i, j, x)
		}
	}
	var e mat.EigenSym
	if !finite || !e.Factorize(a, true) {
		nan := float32(math.NaN())
		for i := range k.values[:n] {
			k.values[i] = nan
		}
		for i := range k.vectors[:n*n] {
			k.vectors[i] = nan
		}
		return
	}
	var v mat.Dense
	e.VectorsTo(&v)
	for r, x := range e.Values(nil) { // ascending
		r = n - 1 - r
		k.values[r] = float32(x)
		k.row(r, v.ColView(n-1-r))
	}
}

// row writes an eigenvector, the largest element of which becomes positive.
func (k *Kernel) row(r int, v mat.Vector) {
	largest := 0
	for j := range k.n {
		if math.Abs(v.AtVec(j)) > math.Abs(v.AtVec(largest)) {
			largest = j
		}
	}
	sign := 1.0
	if v.AtVec(largest) < 0 {
		sign = -1
	}
	for j := range k.n {
		k.vectors[r*k.n+j] = float32(sign * v.AtVec(j))
	}
}

// Package gemm owns products of float32 matrices: single, batched, and
// StableHLO's dot_general, which it maps to them. Its register tiles are in
// package tile. Start from [New] or [NewDot].
//
// A product is cut into chunks by its shape alone and every element is summed
// in a fixed order, so that results are the same bits for any number of workers.
package gemm

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
)

// Spec is C = A B for row-major matrices: A is M x K, B is K x N, C is M x N.
type Spec struct {
	M, N, K        int
	TransA, TransB bool     // A is stored as K x M, B as N x K
	LDA, LDB, LDC  int      // elements between rows as stored; 0 means dense
	Batch          []Batch  // outermost first; none means one product
	Accumulate     bool     // C += A B
	Bias           bool     // C = A B + bias, one element for each column
	Pairs          bool     // A and B are bfloat16, and their slices words of two; see [ErrPairs]
	Half           bool     // with Pairs: C is bfloat16 too
	Epilogue       Epilogue // takes the sums in place of C; nil if there is none
}

// Batch repeats a product Size times. A, B and C are the elements from one
// matrix to the next; 0 shares A or B.
type Batch struct{ Size, A, B, C int }

// strided is a product in terms of strides, in elements: A's element (i, p) is
// at i*am + p*ak, B's (p, j) at p*bk + j*bn, C's (i, j) at i*ldc + j.
type strided struct {
	m, n, k              int
	am, ak, bk, bn, ldc  int
	batch                []batch
	accumulate, withBias bool
	then                 Epilogue
	pairing
}

type batch struct{ size, a, b, c, bias int }

// flat reports a dense column C from an A stored by columns. As the row that C
// also is, its product reads A's memory in order.
func (p *strided) flat() bool {
	return p.n == 1 && p.ldc == 1 && p.am == 1 && p.ak > 1 && !p.withBias && !p.pairs && p.then == nil
}

// turned is the product transposed; a flat C is its own transpose.
func (p strided) turned() strided {
	t := p
	t.m, t.n = p.n, p.m
	t.am, t.ak, t.bk, t.bn, t.ldc = p.bn, p.bk, p.ak, p.am, p.m
	t.batch = nil
	for _, b := range p.batch {
		t.batch = append(t.batch, batch{size: b.size, a: b.b, b: b.a, c: b.c})
	}
	return t
}

// maxElements bounds an operand so that offsets within a tile fit 32 bits.
const maxElements = math.MaxInt32 / 4

func (s Spec) strided() (strided, error) {
	if s.M < 1 || s.N < 1 || s.K < 1 {
		return strided{}, fmt.Errorf("gemm: expected M, N, K of at least 1, found %d, %d, %d", s.M, s.N, s.K)
	}
	ld := func(name string, given, least int) (int, error) {
		if given == 0 {
			return least, nil
		}
		if given < least {
			return 0, fmt.Errorf("gemm: %s: expected at least %d elements between rows, found %d", name, least, given)
		}
		return given, nil
	}
	aCols, bCols := s.K, s.N
	if s.TransA {
		aCols = s.M
	}
	if s.TransB {
		bCols = s.K
	}
	p := strided{m: s.M, n: s.N, k: s.K, accumulate: s.Accumulate, withBias: s.Bias, then: s.Epilogue, pairing: floats}
	lda, err := ld("lda", s.LDA, aCols)
	if err != nil {
		return p, err
	}
	ldb, err := ld("ldb", s.LDB, bCols)
	if err != nil {
		return p, err
	}
	if p.ldc, err = ld("ldc", s.LDC, s.N); err != nil {
		return p, err
	}
	p.am, p.ak, p.bk, p.bn = lda, 1, ldb, 1
	if s.TransA {
		p.am, p.ak = 1, lda
	}
	if s.TransB {
		p.bk, p.bn = 1, ldb
	}
	for i, b := range s.Batch {
		if b.Size < 1 || b.A < 0 || b.B < 0 || b.C < 0 {
			return p, fmt.Errorf("gemm: batch dimension %d: expected a positive size and no negative stride, found %+v", i, b)
		}
		p.batch = append(p.batch, batch{b.Size, b.A, b.B, b.C, 0})
	}
	if err := p.check(); err != nil || !s.Pairs {
		return p, err
	}
	return p.paired(s.Half)
}

func (p *strided) check() error {
	for _, o := range []struct {
		name string
		n    int
	}{{"A", p.sizeA()}, {"B", p.sizeB()}, {"C", p.sizeC()}} {
		if o.n > maxElements {
			return fmt.Errorf("gemm: %s: expected at most %d elements, found %d", o.name, maxElements, o.n)
		}
	}
	if p.accumulate && p.withBias {
		return fmt.Errorf("gemm: accumulate and bias: expected at most one of them; add the bias to C first")
	}
	if p.then != nil && (p.accumulate || p.withBias) {
		return fmt.Errorf("gemm: epilogue: expected neither accumulate nor bias beside it; it can add both")
	}
	return nil
}

// extent is the number of elements between the first and one past the last.
func (p *strided) extent(rows, rowStride, cols, colStride int, stride func(batch) int) int {
	n := (rows-1)*rowStride + (cols-1)*colStride + 1
	for _, b := range p.batch {
		n += (b.size - 1) * stride(b)
	}
	return n
}

func (p *strided) sizeA() int {
	return p.extent(p.m, p.am, p.k, p.ak, func(b batch) int { return b.a })
}
func (p *strided) sizeB() int {
	return p.extent(p.k, p.bk, p.n, p.bn, func(b batch) int { return b.b })
}
func (p *strided) sizeC() int {
	return p.extent(p.m, p.ldc, p.n, 1, func(b batch) int { return b.c })
}
func (p *strided) sizeBias() int {
	return p.extent(1, 0, p.n, 1, func(b batch) int { return b.bias })
}

// extentA is sizeA in elements of A, whose words may be of two.
func (p *strided) extentA() int {
	if p.pairs {
		return p.sizeA() + p.hiA
	}
	return p.sizeA()
}

func (p *strided) extentB() int {
	if p.pairs {
		return p.sizeB() + p.hiB
	}
	return p.sizeB()
}

// count is the number of products of the batch.
func (p *strided) count() int {
	n := 1
	for _, b := range p.batch {
		n *= b.size
	}
	return n
}

// at is the place of product i of the batch in A, B, C and the bias.
func (p *strided) at(i int) (a, b, c, bias int) {
	for d := len(p.batch) - 1; d >= 0; d-- {
		q := &p.batch[d]
		x := i % q.size
		i /= q.size
		a, b, c, bias = a+x*q.a, b+x*q.b, c+x*q.c, bias+x*q.bias
	}
	return a, b, c, bias
}

func ceilDiv(n, by int) int { return (n + by - 1) / by }

func roundUp(n, to int) int { return ceilDiv(n, to) * to }

func panels(n int) int { return ceilDiv(n, tile.Cols) }

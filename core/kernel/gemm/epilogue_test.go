package gemm

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/pool"
)

// collect is an epilogue that only stores the sums, and counts how often.
type collect struct {
	c     []float32
	times []int32 // chunks write different elements, so that a race is a bug too
}

func (e *collect) Rows(_ int, sums []float32, rows, cols, at, stride int) {
	for i := range rows {
		for j := range cols {
			e.c[at+i*stride+j] = sums[i*cols+j]
			e.times[at+i*stride+j]++
		}
	}
}

// checkEpilogue compares what an epilogue is given with C of the same product without
// one, in every bit: each element once, and nothing else.
func checkEpilogue(t testing.TB, s Spec) {
	t.Helper()
	p, err := s.strided()
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, p.sizeC())
	inC := make([]bool, len(want))
	for q := range p.count() {
		_, _, c, _ := p.at(q)
		for i := range p.m {
			for j := range p.n {
				inC[c+i*p.ldc+j] = true
			}
		}
	}
	for _, workers := range []int{1, 3} {
		pl := pool.New(workers)
		if workers == 1 {
			bindAny(t, s, workers, want).Run(pl)
		}
		e := &collect{make([]float32, len(want)), make([]int32, len(want))}
		with := s
		with.Epilogue = e
		g := bindAny(t, with, workers, nil)
		for range 2 {
			g.Run(pl)
		}
		pl.Close()
		for i := range want {
			if n := e.times[i]; inC[i] && n != 2 || !inC[i] && n != 0 {
				t.Fatalf("%+v, %d workers: element %d was given %d times in two runs; in C: %v", s, workers, i, n, inC[i])
			}
			if inC[i] && math.Float32bits(e.c[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%+v, %d workers: element %d is %v, without an epilogue %v", s, workers, i, e.c[i], want[i])
			}
		}
	}
}

// bindAny binds normal operands, of bfloat16 where the product is.
func bindAny(t testing.TB, s Spec, workers int, c []float32) *Gemm {
	t.Helper()
	p, err := s.strided()
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(s, workers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := normal(9, g.Scratch()) // whatever was there before
	if s.Pairs {
		a, _ := halves(1, p.extentA())
		b, _ := halves(2, p.extentB())
		g.BindPairs(scratch, c, nil, a, b, nil)
		return g
	}
	g.Bind(scratch, c, normal(1, p.extentA()), normal(2, p.extentB()), nil)
	return g
}

func TestEpilogue(t *testing.T) {
	for _, d := range [][3]int{
		{1, 1, 1}, {1, 40, 7}, {40, 1, 7}, {7, 40, 1}, {5, 15, 3}, {13, 33, 129}, {12, 50, 300}, {97, 17, 257}, {100, 70, 270},
		{3, 200, 600}, {200, 3, 600}, {10, 12, 3000}, {40, 33, 2100}, {130, 140, 64}, {300, 576, 192}, {70, 1600, 40}, {9, 3300, 70}, {1, 3000, 40},
	} {
		for mode := range 4 {
			s := Spec{M: d[0], N: d[1], K: d[2], TransA: mode&1 != 0, TransB: mode&2 != 0}
			checkEpilogue(t, s)
			s.Pairs = true
			if _, err := New(s, 1); err == nil {
				checkEpilogue(t, s)
			}
		}
	}
	for _, s := range []Spec{
		{M: 5, N: 9, K: 7, Batch: []Batch{{3, 35, 63, 45}}},
		{M: 64, N: 64, K: 64, TransB: true, Batch: []Batch{{9, 4096, 4096, 4096}}},
		{M: 10, N: 10, K: 8, LDA: 24, LDB: 24, LDC: 30, TransB: true, Batch: []Batch{{5, 240, 240, 300}, {3, 8, 8, 10}}},
		{M: 200, N: 170, K: 300, Batch: []Batch{{2, 60000, 51000, 34000}}, TransA: true},
		{M: 190, N: 700, K: 20, Batch: []Batch{{8, 3800, 14000, 133000}}, TransA: true},
		{M: 9, N: 20, K: 3000, Batch: []Batch{{2, 27000, 60000, 180}}},
	} {
		checkEpilogue(t, s)
	}
}

func TestAnyEpilogue(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		checkEpilogue(t, anySpec(r))
	})
}

func TestEpilogueStandsAlone(t *testing.T) {
	for _, s := range []Spec{{M: 4, N: 4, K: 4, Bias: true}, {M: 4, N: 4, K: 4, Accumulate: true}} {
		s.Epilogue = &collect{}
		if _, err := New(s, 1); err == nil || !strings.Contains(err.Error(), "epilogue: expected neither") {
			t.Errorf("%+v: error %v", s, err)
		}
	}
}

package gemm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

func normal(key, n int) []float32 {
	s := rng.New(uint64(key)).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal())
	}
	return out
}

func bind(t testing.TB, s Spec, workers int, c, a, b, bias []float32) *Gemm {
	t.Helper()
	g, err := New(s, workers)
	if err != nil {
		t.Fatal(err)
	}
	scratch := normal(9, g.Scratch()) // whatever was there before
	g.Bind(scratch, c, a, b, bias)
	return g
}

var workerCounts = []int{1, 2, 3, 7}

// check compares every element of C with the triple loop in float64, and the bits between worker counts.
func check(t testing.TB, s Spec) {
	t.Helper()
	p, err := s.strided()
	if err != nil {
		t.Fatal(err)
	}
	a, b, c0, bias := normal(1, p.sizeA()), normal(2, p.sizeB()), normal(3, p.sizeC()), normal(4, p.n)
	got := slices.Clone(c0)
	for i, workers := range workerCounts {
		c := slices.Clone(c0)
		pl := pool.New(workers)
		bind(t, s, workers, c, a, b, bias).Run(pl)
		pl.Close()
		if i == 0 {
			got = c
		} else if !slices.EqualFunc(c, got, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			t.Fatalf("%+v: bits differ between 1 and %d workers", s, workers)
		}
	}
	seen := make([]bool, len(got))
	for q := range p.count() {
		ao, bo, co, _ := p.at(q)
		for i := range p.m {
			for j := range p.n {
				at := co + i*p.ldc + j
				var sum, size float64
				switch seen[at] = true; {
				case s.Accumulate:
					sum = float64(c0[at])
				case s.Bias:
					sum = float64(bias[j])
				}
				size = math.Abs(sum)
				for k := range p.k {
					x := float64(a[ao+i*p.am+k*p.ak]) * float64(b[bo+k*p.bk+j*p.bn])
					sum, size = sum+x, size+math.Abs(x)
				}
				if bound := float64(p.k+2) * 0x1p-23 * size; math.Abs(float64(got[at])-sum) > bound {
					t.Fatalf("%+v: C[%d][%d,%d] = %v, want %v within %.2g", s, q, i, j, got[at], sum, bound)
				}
			}
		}
	}
	for i, s0 := range seen {
		if !s0 && got[i] != c0[i] {
			t.Fatalf("%+v: wrote element %d, outside C", s, i)
		}
	}
}

func TestGemm(t *testing.T) {
	for _, d := range [][3]int{
		{1, 1, 1}, {1, 40, 7}, {40, 1, 7}, {7, 40, 1}, {6, 16, 4}, {5, 15, 3}, {13, 33, 129}, {12, 50, 300},
		{97, 17, 257}, {100, 70, 270}, {3, 200, 600}, {200, 3, 600}, {10, 12, 3000}, {40, 33, 2100}, {130, 140, 64},
	} {
		for mode := range 12 {
			s := Spec{M: d[0], N: d[1], K: d[2], TransA: mode&1 != 0, TransB: mode&2 != 0, Accumulate: mode/4 == 1, Bias: mode/4 == 2}
			check(t, s)
		}
	}
}

func TestBatches(t *testing.T) {
	for _, s := range []Spec{
		{M: 5, N: 9, K: 7, Batch: []Batch{{3, 35, 63, 45}}},
		{M: 64, N: 64, K: 64, TransB: true, Batch: []Batch{{9, 4096, 4096, 4096}}},
		{M: 20, N: 24, K: 33, Batch: []Batch{{4, 20 * 33, 0, 480}}, Bias: true},
		{M: 20, N: 24, K: 33, Batch: []Batch{{2, 0, 33 * 24, 480}}, Accumulate: true},
		{M: 10, N: 10, K: 8, LDA: 24, LDB: 24, LDC: 30, TransB: true, Batch: []Batch{{5, 240, 240, 300}, {3, 8, 8, 10}}},
		{M: 200, N: 170, K: 300, Batch: []Batch{{2, 60000, 51000, 34000}}, TransA: true},
		{M: 300, N: 1, K: 500, TransA: true, Batch: []Batch{{3, 150000, 500, 300}}}, // a column, computed as a row
		{M: 9, N: 20, K: 1100, Batch: []Batch{{2, 9900, 22000, 180}}, Bias: true},
		{M: 7, N: 37, K: 300, Batch: []Batch{{40, 2100, 300 * 37, 259}}, TransA: true, Accumulate: true},
	} {
		check(t, s)
	}
}

// anySpec is a product of any shape, with gaps between rows, perhaps of a batch.
func anySpec(r *rapid.T) Spec {
	n := func(name string, most int) int { return rapid.IntRange(1, most).Draw(r, name) }
	s := Spec{M: n("m", 60), N: n("n", 60), K: n("k", 300), TransA: rapid.Bool().Draw(r, "ta"), TransB: rapid.Bool().Draw(r, "tb")}
	s.LDA, s.LDB, s.LDC = max(s.M, s.K)+n("lda", 3), max(s.N, s.K)+n("ldb", 3), s.N+n("ldc", 3)
	if n("batched", 2) == 2 {
		s.Batch = []Batch{{n("size", 3), n("a", 50), n("b", 50), s.M * s.LDC}}
	}
	return s
}

func TestAnySpec(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := anySpec(r)
		s.Bias = rapid.Bool().Draw(r, "bias")
		s.Accumulate = !s.Bias && rapid.Bool().Draw(r, "accumulate")
		check(t, s)
	})
}

func TestRefusedSpecs(t *testing.T) {
	for _, c := range []struct {
		s    Spec
		want string
	}{
		{Spec{M: 0, N: 1, K: 1}, "expected M, N, K of at least 1, found 0, 1, 1"},
		{Spec{M: 4, N: 4, K: 4, LDA: 3}, "lda: expected at least 4 elements between rows, found 3"},
		{Spec{M: 4, N: 4, K: 5, LDB: 4, TransB: true}, "ldb: expected at least 5"},
		{Spec{M: 4, N: 4, K: 4, Batch: []Batch{{0, 1, 1, 1}}}, "batch dimension 0"},
		{Spec{M: 1 << 16, N: 4, K: 1 << 16}, "A: expected at most"},
		{Spec{M: 4, N: 4, K: 4, Bias: true, Accumulate: true}, "at most one"},
	} {
		if _, err := New(c.s, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v): error %v, want %q", c.s, err, c.want)
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, s := range []Spec{
		{M: 200, N: 90, K: 300, TransA: true, Bias: true},
		{M: 10, N: 12, K: 5000},
		{M: 30, N: 30, K: 30, TransB: true, Batch: []Batch{{20, 900, 900, 900}}},
	} {
		g := bind(t, s, 2, make([]float32, 30000), make([]float32, 70000), make([]float32, 70000), make([]float32, 100))
		if n := testing.AllocsPerRun(10, func() { g.Run(p) }); n != 0 {
			t.Errorf("%+v: Run allocates %v times", s, n)
		}
	}
}

func TestShortBuffersPanic(t *testing.T) {
	g, err := New(Spec{M: 4, N: 5, K: 6}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		n := [4]int{g.Scratch(), 20, 24, 30}
		n[i]--
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "gemm: bind") {
					t.Errorf("buffer %d one short: recovered %v", i, v)
				}
			}()
			g.Bind(make([]float32, n[0]), make([]float32, n[1]), make([]float32, n[2]), make([]float32, n[3]), nil)
		}()
	}
}

func ExampleNew() {
	g, err := New(Spec{M: 2, N: 2, K: 3, TransB: true}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := pool.New(1)
	defer p.Close()
	c := make([]float32, 4)
	g.Bind(make([]float32, g.Scratch()), c, []float32{1, 2, 3, 4, 5, 6}, []float32{1, 0, 1, 0, 1, 0}, nil)
	g.Run(p)
	fmt.Println(c)
	// Output: [4 2 10 5]
}

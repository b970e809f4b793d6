package gemm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/pool"
)

func skipWithoutBF16(t *testing.T) {
	t.Helper()
	if !isa.BF16() {
		t.Skip("this processor or build has no products of bfloat16 (avx512bf16)")
	}
}

// halves are n normal bfloat16s, and the float32s that they are.
func halves(key, n int) (h []uint16, values []float32) {
	h, values = make([]uint16, n), normal(key, n)
	bf16.Narrow(h, values)
	bf16.Widen(values, h)
	return h, values
}

func TestPairsEqualTheOracle(t *testing.T) {
	skipWithoutBF16(t)
	for _, d := range [][3]int{{1, 1, 2}, {5, 7, 4}, {13, 33, 6}, {12, 32, 64}, {50, 48, 130}, {31, 100, 1100}, {200, 34, 2}, {25, 70, 4200}} {
		for mode := range 8 {
			s := Spec{M: d[0], N: d[1], K: d[2], TransA: mode&1 != 0, TransB: mode&2 != 0, Pairs: true, Half: mode&4 != 0}
			t.Run(fmt.Sprintf("%dx%dx%d/%d", d[0], d[1], d[2], mode), func(t *testing.T) { pairsEqual(t, s) })
		}
	}
	pairsEqual(t, Spec{M: 17, N: 20, K: 64, Batch: []Batch{{6, 17 * 64, 64 * 20, 17 * 20}}, Pairs: true})
	pairsEqual(t, Spec{M: 17, N: 18, K: 64, TransB: true, Batch: []Batch{{9, 17 * 64, 64 * 18, 17 * 18}}, Pairs: true, Half: true})
	pairsEqual(t, Spec{M: 30, N: 40, K: 50, Bias: true, Pairs: true, Half: true})
	pairsEqual(t, Spec{M: 30, N: 40, K: 50, Bias: true, Pairs: true})
	pairsEqual(t, Spec{M: 30, N: 40, K: 1500, Accumulate: true, Pairs: true})
}

func pairsEqual(t *testing.T, s Spec) {
	t.Helper()
	plain := s
	plain.Pairs, plain.Half = false, false
	p, err := plain.strided()
	if err != nil {
		t.Fatal(err)
	}
	a, av := halves(1, p.sizeA())
	b, bv := halves(2, p.sizeB())
	bias, c0 := normal(3, s.N), normal(4, p.sizeC())
	want, scale := slices.Clone(c0), make([]float64, len(c0))
	for q := range p.count() {
		oa, ob, oc, _ := p.at(q)
		for i := range p.m {
			for j := range p.n {
				var sum, size float64
				for k := range p.k {
					x := float64(av[oa+i*p.am+k*p.ak]) * float64(bv[ob+k*p.bk+j*p.bn])
					sum, size = sum+x, size+math.Abs(x)
				}
				at := oc + i*p.ldc + j
				if s.Accumulate {
					sum += float64(c0[at])
				}
				if s.Bias {
					sum += float64(bias[j])
				}
				want[at], scale[at] = float32(sum), size+1
			}
		}
	}
	var bits [2][]float32
	for i, workers := range []int{1, 3} {
		g, err := New(s, workers)
		if err != nil {
			t.Fatal(err)
		}
		c, half := slices.Clone(c0), make([]uint16, len(c0))
		scratch := slices.Repeat([]float32{float32(math.NaN())}, g.Scratch())
		w := pool.New(workers)
		g.BindPairs(scratch, c, half, a, b, bias)
		g.Run(w)
		w.Close()
		if s.Half {
			bf16.Widen(c, half)
		}
		bits[i] = c
		for j := range want {
			limit := 2e-6 * scale[j]
			if s.Half {
				limit += math.Abs(float64(want[j])) / 256
			}
			if d := math.Abs(float64(c[j]) - float64(want[j])); !(d <= limit) {
				t.Fatalf("%+v, %d workers: element %d is %v, want %v", s, workers, j, c[j], want[j])
			}
		}
	}
	for i := range bits[0] {
		if math.Float32bits(bits[0][i]) != math.Float32bits(bits[1][i]) {
			t.Fatalf("%+v: word %d differs between 1 and 3 workers", s, i)
		}
	}
}

// What is no sum of pairs is refused, so that it can be had by way of float32.
func TestPairsRefused(t *testing.T) {
	for _, s := range []Spec{
		{M: 4, N: 4, K: 3, Pairs: true},
		{M: 4, N: 5, K: 4, LDB: 5, TransB: true, Pairs: true},
		{M: 4, N: 4, K: 4, Accumulate: true, Pairs: true, Half: true},
	} {
		if _, err := New(s, 1); !errors.Is(err, ErrPairs) {
			t.Errorf("%+v: %v, want ErrPairs", s, err)
		}
	}
}

package diagnose

import (
	"math"
	"testing"

	"github.com/fwlab/fw/core/rng"
)

func normal(n int) []float32 {
	s := rng.New(7).Stream()
	z := make([]float32, n)
	for i := range z {
		z[i] = float32(s.Normal())
	}
	return z
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, expected %v within %v", what, got, want, tolerance)
	}
}

func must(t *testing.T) func(v float64, err error) float64 {
	return func(v float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestStd(t *testing.T) {
	near(t, "the std of points spread evenly", must(t)(Std(normal(4000*64), 4000, 64)), 1/math.Sqrt(64), 1e-3)
	point := make([]float32, 100*8)
	for i := range point {
		point[i] = float32(i/8+1) * 3 // one direction, many lengths
	}
	near(t, "the std of one direction", must(t)(Std(point, 100, 8)), 0, 1e-7)
	near(t, "the std of zeros", must(t)(Std(make([]float32, 6), 2, 3)), 0, 0)
	// rows (1,0) and (0,1): each column is 1 and 0, with std 1/2.
	near(t, "the std of two axes", must(t)(Std([]float32{5, 0, 0, 2}, 2, 2)), 0.5, 1e-12)
}

func TestRankMe(t *testing.T) {
	identity := make([]float32, 10*10)
	for i := range 10 {
		identity[i*11] = 3
	}
	near(t, "RankMe of an identity", must(t)(RankMe(identity, 10, 10)), 10, 1e-4)
	line := make([]float32, 20*5)
	for i := range line {
		line[i] = float32(i/5+1) * float32(i%5+1)
	}
	near(t, "RankMe of a line", must(t)(RankMe(line, 20, 5)), 1, 1e-4)
	near(t, "RankMe of zeros", must(t)(RankMe(make([]float32, 20), 4, 5)), 1, 0)
	// singular values 3 and 1: p = 3/4, 1/4; the entropy is 0.5623351446.
	near(t, "RankMe of diag(3,1)", must(t)(RankMe([]float32{3, 0, 0, 1}, 2, 2)), math.Exp(0.5623351446), 1e-5)
	full := must(t)(RankMe(normal(600*32), 600, 32))
	if full < 31 || full > 32 {
		t.Errorf("RankMe of noise in 32 dimensions is %v", full)
	}
	near(t, "RankMe of the transpose of noise's shape", must(t)(RankMe(normal(20*64), 20, 64)), 19, 1)
}

func TestEmbeddingsAreChecked(t *testing.T) {
	for name, f := range map[string]func() (float64, error){
		"count": func() (float64, error) { return Std(make([]float32, 5), 2, 3) },
		"empty": func() (float64, error) { return RankMe(nil, 0, 3) },
		"NaN":   func() (float64, error) { return RankMe([]float32{1, float32(math.NaN())}, 1, 2) },
		"Inf":   func() (float64, error) { return Std([]float32{1, float32(math.Inf(1))}, 1, 2) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package rng

import (
	"math"
	"slices"
	"testing"
)

// Known-answer vectors of Random123's kat_vectors for philox4x32-10.
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		key       Key
		ctr, want [4]uint32
	}{
		{Key{}, [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{Key{^uint32(0), ^uint32(0)}, [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{Key{0xa4093822, 0x299f31d0}, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.key, c.ctr); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.key, c.ctr, got, c.want)
		}
	}
}

// Var Beta(a,a) = 1/(4(2a+1)), and the tail shares that ContrastiveCrop relies on.
func TestBetaMoments(t *testing.T) {
	for _, c := range []struct{ a, variance, middle, tails float64 }{
		{0.1, 0.2083, 0.095, 0.756}, {0.6, 0.1136, 0.372, 0.232}, {1, 0.0833, 0.50, 0.10},
	} {
		s := New(7).FoldString("beta").Stream()
		const n = 200000
		var sum, sq, mid, tail float64
		for range n {
			x := s.Beta(c.a, c.a)
			sum += x
			sq += x * x
			if x > 0.25 && x < 0.75 {
				mid++
			}
			if x < 0.05 || x > 0.95 {
				tail++
			}
		}
		mean := sum / n
		for _, v := range []struct {
			name      string
			got, want float64
		}{{"mean", mean, 0.5}, {"variance", sq/n - mean*mean, c.variance}, {"middle", mid / n, c.middle}, {"tails", tail / n, c.tails}} {
			if math.Abs(v.got-v.want) > 0.006 {
				t.Errorf("Beta(%v,%v) %s = %.4f, want %.4f", c.a, c.a, v.name, v.got, v.want)
			}
		}
	}
}

// The shares below a point are those of the law, where it has a formula: t^a for b = 1
// and the arcsine for a half and a half; and its mean and variance where not, for shapes
// on both sides of 1.
func TestBetaLaw(t *testing.T) {
	const n = 200_000
	for _, c := range []struct {
		a, b  float64
		below func(t float64) float64
	}{
		{0.2, 1, func(t float64) float64 { return math.Pow(t, 0.2) }},
		{1, 0.3, func(t float64) float64 { return 1 - math.Pow(1-t, 0.3) }},
		{0.5, 0.5, func(t float64) float64 { return 2 / math.Pi * math.Asin(math.Sqrt(t)) }},
		{3, 1, func(t float64) float64 { return t * t * t }},
		{0.1, 0.7, nil}, {0.9, 2.5, nil}, {4, 0.6, nil},
	} {
		s := New(9).FoldString("law").Stream()
		draws := make([]float64, n)
		sum, square := 0.0, 0.0
		for i := range draws {
			x := s.Beta(c.a, c.b)
			draws[i], sum, square = x, sum+x, square+x*x
		}
		all := c.a + c.b
		mean, variance := c.a/all, c.a*c.b/(all*all*(all+1))
		if off := math.Abs(sum/n - mean); off > 0.004 {
			t.Errorf("Beta(%v,%v): a mean of %v, expected %v", c.a, c.b, sum/n, mean)
		}
		if got := square/n - sum/n*(sum/n); math.Abs(got-variance) > 0.003 {
			t.Errorf("Beta(%v,%v): a variance of %v, expected %v", c.a, c.b, got, variance)
		}
		if c.below == nil {
			continue
		}
		slices.Sort(draws)
		for i, x := range draws { // 1.63/sqrt(n) is exceeded once in a hundred (Kolmogorov)
			if off := math.Abs(float64(i)/n - c.below(x)); off > 1.63/math.Sqrt(n) {
				t.Errorf("Beta(%v,%v): a share of %v below %v, expected %v", c.a, c.b, float64(i)/n, x, c.below(x))
				break
			}
		}
	}
}

func TestStreamIsTheKeysWords(t *testing.T) {
	k := New(3).Fold(9)
	s := k.Stream()
	for i := range uint64(11) {
		if got, want := s.Uint32(), k.Word(i); got != want {
			t.Fatalf("word %d: stream %x, key %x", i, got, want)
		}
	}
}

func TestIntnIsUniformAndPermIsAPermutation(t *testing.T) {
	s := New(1).Stream()
	var count [7]int
	for range 70000 {
		count[s.Intn(7)]++
	}
	for v, c := range count {
		if c < 9500 || c > 10500 {
			t.Errorf("Intn(7) gave %d %d times of 70000", v, c)
		}
	}
	seen := map[int]bool{}
	for _, v := range s.Perm(100) {
		seen[v] = true
	}
	if len(seen) != 100 {
		t.Errorf("Perm(100) has %d distinct values", len(seen))
	}
}

// The bits of uniform draws, on whatever machine this runs.
func TestUniformBitsAreTheSameEverywhere(t *testing.T) {
	lo, hi := -0.3, 7.1
	s := New(5).Stream()
	again, fused, sum := s, 0, uint64(0)
	for range 1000 {
		x := s.Uniform(lo, hi)
		sum = (sum ^ math.Float64bits(x)) * 1099511628211
		if x != math.FMA(hi-lo, again.Float64(), lo) {
			fused++
		}
	}
	if want := uint64(0x29f21e0e4c0bc341); sum != want {
		t.Errorf("hash %#x, expected %#x", sum, want)
	}
	if fused < 100 {
		t.Errorf("a fused product would change %d of 1000 draws: too few to show anything", fused)
	}
}

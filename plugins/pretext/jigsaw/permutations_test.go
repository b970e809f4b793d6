package jigsaw

import (
	"slices"
	"testing"
)

// distances are the mean and the least Hamming distance of all pairs.
func distances(orders [][]int) (mean float64, least int) {
	least = len(orders[0])
	pairs := 0
	for i, p := range orders {
		for _, q := range orders[:i] {
			d := 0
			for j := range p {
				if p[j] != q[j] {
					d++
				}
			}
			mean, least, pairs = mean+float64(d), min(least, d), pairs+1
		}
	}
	return mean / float64(pairs), least
}

// A set whose mean distance is the greatest there can be has every tile in every place
// equally often, so that of m orders of n tiles, for m a multiple of n, two agree in
// n (m/n - 1)/(m - 1) places on average. The authors' released sets reach 8.08 with a
// least distance of 2 (100 orders) and 7.999 with 3 (701).
func TestPermutationsAreFarApart(t *testing.T) {
	set := permutations(9, 702)
	for _, c := range []struct {
		count, least int
	}{{9, 9}, {99, 4}, {702, 2}} {
		m, n := float64(c.count), 9.0
		best := n - n*(m/n-1)/(m-1)
		mean, least := distances(set[:c.count])
		if mean < best-1e-9 || mean > best+1e-9 || least < c.least {
			t.Errorf("%d orders: mean distance %.4f, expected the greatest there is, %.4f; least distance %d, expected %d or more", c.count, mean, best, least, c.least)
		}
		t.Logf("%d orders: mean %.4f, least %d", c.count, mean, least)
	}
	for i, order := range set {
		sorted := slices.Sorted(slices.Values(order))
		if !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Fatalf("%v is no permutation", order)
		}
		if slices.ContainsFunc(set[:i], func(p []int) bool { return slices.Equal(p, order) }) {
			t.Fatalf("%v is there twice", order)
		}
	}
	if slices.Compare(set[0], []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) != 0 {
		t.Errorf("the first is %v", set[0])
	}
}

// A set of few things is what comparing all pairs each time gives, and all of them are
// in the largest.
func TestPermutationsEqualTheSlowOnes(t *testing.T) {
	for _, c := range [][2]int{{3, 6}, {4, 24}, {5, 60}} {
		got, want := permutations(c[0], c[1]), slow(c[0], c[1])
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%d orders of %d: %v, want %v", c[1], c[0], got, want)
		}
	}
}

// slow is permutations, each candidate measured against every one chosen.
func slow(n, count int) (chosen [][]int) {
	var all [][]int
	for _, p := range packed(n) {
		all = append(all, unpacked(p, n))
	}
	for len(chosen) < count {
		best, at, of := -1.0, 0, 0
		for _, p := range all {
			sum, least := 0.0, n
			for _, q := range chosen {
				_, d := distances([][]int{p, q})
				sum, least = sum+float64(d), min(least, d)
			}
			if (least > 0) && (sum > best || sum == best && least > of) {
				best, at, of = sum, slices.IndexFunc(all, func(r []int) bool { return slices.Equal(r, p) }), least
			}
		}
		chosen = append(chosen, all[at])
	}
	return chosen
}

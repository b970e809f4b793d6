package eval

import (
	"math"
	"sort"

	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/pool"
)

// KNN is the weighted nearest-neighbour probe (Wu et al. 2018): cosine
// similarity, the k nearest vote with exp(s/temperature). It returns the share
// of test images classified rightly, in percent.
func KNN(train, test *Features, classes, k int, temperature float64, workers *pool.Pool) (float64, error) {
	v := &vote{train: train, test: test, classes: classes, k: min(k, train.N), temperature: temperature, right: make([]bool, test.N)}
	v.bank = train.normalized()
	queries := test.normalized()
	const rows = 256
	m, err := gemm.New(gemm.Spec{M: rows, N: train.N, K: train.D, TransB: true}, workers.Workers())
	if err != nil {
		return 0, err
	}
	v.sims = make([]float32, rows*train.N)
	scratch, q := make([]float32, m.Scratch()), make([]float32, rows*train.D)
	m.Bind(scratch, v.sims, q, v.bank, nil)
	for v.at = 0; v.at < test.N; v.at += rows {
		clear(q)
		copy(q, queries[v.at*train.D:])
		m.Run(workers)
		workers.Run(min(rows, test.N-v.at), v)
	}
	n := 0
	for _, ok := range v.right {
		if ok {
			n++
		}
	}
	return 100 * float64(n) / float64(test.N), nil
}

type vote struct {
	train, test *Features
	bank, sims  []float32
	classes, k  int
	temperature float64
	at          int
	right       []bool
}

// Chunk classifies one test image.
func (v *vote) Chunk(i, _ int) {
	sims := v.sims[i*v.train.N : (i+1)*v.train.N]
	votes := make([]float64, v.classes)
	for _, n := range nearest(sims, v.k) {
		votes[v.train.Labels[n]] += math.Exp(float64(sims[n]) / v.temperature)
	}
	best := 0
	for c, w := range votes {
		if w > votes[best] {
			best = c
		}
	}
	v.right[v.at+i] = int32(best) == v.test.Labels[v.at+i]
}

// nearest is the indices of the k largest similarities, the first of equals first.
func nearest(sims []float32, k int) []int {
	order := make([]int, 0, k+1)
	for i, s := range sims {
		if len(order) == k && s <= sims[order[k-1]] {
			continue
		}
		at := sort.Search(len(order), func(j int) bool { return sims[order[j]] < s })
		order = append(order, 0)
		copy(order[at+1:], order[at:])
		order[at] = i
		if len(order) > k {
			order = order[:k]
		}
	}
	return order
}

// Neighbours is the k training images nearest to each of the given test images.
func Neighbours(train, test *Features, queries []int, k int) [][]int {
	bank, q := train.normalized(), test.normalized()
	var out [][]int
	for _, i := range queries {
		sims := make([]float32, train.N)
		for r := range sims {
			var s float64
			for j := range train.D {
				s += float64(q[i*train.D+j]) * float64(bank[r*train.D+j])
			}
			sims[r] = float32(s)
		}
		out = append(out, nearest(sims, k))
	}
	return out
}

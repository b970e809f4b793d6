package eval

import (
	"math"
	"reflect"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		total, n int
		want     []int
	}{{0, 5, []int{}}, {3, 5, []int{0, 1, 2}}, {10, 5, []int{0, 2, 4, 6, 8}}, {7, 3, []int{0, 2, 4}}} {
		if got := Spread(c.total, c.n); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d of %d: %v, expected %v", c.n, c.total, got, c.want)
		}
	}
	f := &Features{X: []float32{0, 1, 2, 3, 4, 5, 6, 7}, Labels: []int32{0, 1, 2, -1}, Index: []int{10, 11, 12, 13}, N: 4, D: 2}
	g := f.Spread(2)
	if want := (&Features{X: []float32{0, 1, 4, 5}, Labels: []int32{0, 2}, Index: []int{10, 12}, N: 2, D: 2}); !reflect.DeepEqual(g, want) {
		t.Errorf("%+v, expected %+v", g, want)
	}
	if f.Labelled() || !g.Labelled() || new(Features).Labelled() {
		t.Error("one row without a label, and no rows, are not labelled")
	}
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{1, 0}, []float32{3, 0}, 1}, {[]float32{1, 0}, []float32{0, 2}, 0}, {[]float32{1, 1}, []float32{-2, -2}, -1},
		{[]float32{0, 0}, []float32{1, 1}, 0}, {[]float32{1e-30, 0}, []float32{1e-30, 0}, 1},
	} {
		if got := Cosine(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v and %v: %v, expected %v", c.a, c.b, got, c.want)
		}
	}
}

package gemm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

func elements(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// checkDot compares with the sum over all pairs of indices in float64.
func checkDot(t testing.TB, s DotSpec) *Dot {
	t.Helper()
	d, err := NewDot(s, 2)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	lhs, rhs := normal(1, elements(s.Lhs)), normal(2, elements(s.Rhs))
	lf, rf := others(len(s.Lhs), s.LhsBatch, s.LhsContract), others(len(s.Rhs), s.RhsBatch, s.RhsContract)
	var dims []int
	for _, i := range slices.Concat(s.LhsBatch, lf) {
		dims = append(dims, s.Lhs[i])
	}
	columns := 1
	for _, i := range rf {
		dims = append(dims, s.Rhs[i])
		columns *= s.Rhs[i]
	}
	if !shape.SameDims(d.Dims(), dims) {
		t.Fatalf("%+v: result of %v, want %v", s, d.Dims(), dims)
	}
	bias := normal(3, columns)
	out := make([]float32, elements(dims))
	pl := pool.New(2)
	defer pl.Close()
	d.Bind(normal(9, d.Scratch()), out, lhs, rhs, bias)
	d.Run(pl)

	want, size := make([]float64, len(out)), make([]float64, len(out))
	index := func(i int, dims []int) []int {
		at := make([]int, len(dims))
		for d := len(dims) - 1; d >= 0; d-- {
			at[d], i = i%dims[d], i/dims[d]
		}
		return at
	}
	pick := func(at, dims []int) (out []int) {
		for _, d := range dims {
			out = append(out, at[d])
		}
		return out
	}
	outStrides := shape.Strides(dims)
	for li, x := range lhs {
		l := index(li, s.Lhs)
		for ri, y := range rhs {
			r := index(ri, s.Rhs)
			if !slices.Equal(pick(l, s.LhsBatch), pick(r, s.RhsBatch)) || !slices.Equal(pick(l, s.LhsContract), pick(r, s.RhsContract)) {
				continue
			}
			at := 0
			for i, v := range slices.Concat(pick(l, s.LhsBatch), pick(l, lf), pick(r, rf)) {
				at += v * outStrides[i]
			}
			v := float64(x) * float64(y)
			want[at], size[at] = want[at]+v, size[at]+math.Abs(v)
		}
	}
	for i := range out {
		if s.Bias {
			b := float64(bias[i%columns])
			want[i], size[i] = want[i]+b, size[i]+math.Abs(b)
		}
		if math.Abs(float64(out[i])-want[i]) > 100*0x1p-23*size[i] {
			t.Fatalf("%+v: element %d is %v, want %v", s, i, out[i], want[i])
		}
	}
	return d
}

func TestDot(t *testing.T) {
	for _, c := range []struct {
		name   string
		s      DotSpec
		copied string
	}{
		{"matrix product", DotSpec{Lhs: []int{4, 5}, Rhs: []int{5, 6}, LhsContract: []int{1}, RhsContract: []int{0}, Bias: true}, ""},
		{"linear over tokens", DotSpec{Lhs: []int{2, 3, 5}, Rhs: []int{7, 5}, LhsContract: []int{2}, RhsContract: []int{1}, Bias: true}, ""},
		{"weight gradient over tokens", DotSpec{Lhs: []int{2, 3, 5}, Rhs: []int{2, 3, 7}, LhsContract: []int{0, 1}, RhsContract: []int{0, 1}}, ""},
		{"scores of heads", DotSpec{Lhs: []int{2, 5, 3, 4}, Rhs: []int{2, 6, 3, 4}, LhsBatch: []int{0, 2}, RhsBatch: []int{0, 2}, LhsContract: []int{3}, RhsContract: []int{3}}, ""},
		{"values of heads", DotSpec{Lhs: []int{2, 3, 5, 6}, Rhs: []int{2, 6, 3, 4}, LhsBatch: []int{0, 1}, RhsBatch: []int{0, 2}, LhsContract: []int{3}, RhsContract: []int{1}}, ""},
		{"outer product", DotSpec{Lhs: []int{3}, Rhs: []int{4}}, ""},
		{"dot of vectors", DotSpec{Lhs: []int{9}, Rhs: []int{9}, LhsContract: []int{0}, RhsContract: []int{0}}, ""},
		{"elementwise", DotSpec{Lhs: []int{9}, Rhs: []int{9}, LhsBatch: []int{0}, RhsBatch: []int{0}}, ""},
		{"free dimensions apart", DotSpec{Lhs: []int{3, 4, 5}, Rhs: []int{6, 4, 2}, LhsContract: []int{1}, RhsContract: []int{1}, Bias: true}, ""},
		{"sum on both sides of lhs", DotSpec{Lhs: []int{3, 4, 5}, Rhs: []int{3, 5, 2}, LhsContract: []int{0, 2}, RhsContract: []int{0, 1}}, "lhs"},
		{"sum on both sides of rhs", DotSpec{Lhs: []int{3, 5, 2}, Rhs: []int{3, 4, 5}, LhsContract: []int{0, 1}, RhsContract: []int{0, 2}}, "rhs"},
		{"sum in another order", DotSpec{Lhs: []int{2, 3, 5}, Rhs: []int{5, 3, 4}, LhsContract: []int{2, 1}, RhsContract: []int{0, 1}}, "lhs"},
		{"nothing to sum but ones", DotSpec{Lhs: []int{1, 3}, Rhs: []int{4, 1}, LhsContract: []int{0}, RhsContract: []int{1}}, ""},
	} {
		d := checkDot(t, c.s)
		copied := ""
		if d.lhs != nil {
			copied += "lhs"
		}
		if d.rhs != nil {
			copied += "rhs"
		}
		if copied != c.copied {
			t.Errorf("%s: copied %q, want %q", c.name, copied, c.copied)
		}
	}
}

func TestAnyDot(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var s DotSpec
		size := func(name string) int { return rapid.IntRange(1, 4).Draw(r, name) }
		type dim struct{ size, role, pair int }
		var lhs, rhs []dim
		for i := range rapid.IntRange(0, 2).Draw(r, "batch") {
			n := size("b")
			lhs, rhs = append(lhs, dim{n, 0, i}), append(rhs, dim{n, 0, i})
		}
		for i := range rapid.IntRange(0, 2).Draw(r, "contract") {
			n := size("k")
			lhs, rhs = append(lhs, dim{n, 1, i}), append(rhs, dim{n, 1, i})
		}
		for range rapid.IntRange(0, 2).Draw(r, "m") {
			lhs = append(lhs, dim{size("m"), 2, 0})
		}
		for range rapid.IntRange(0, 2).Draw(r, "n") {
			rhs = append(rhs, dim{size("n"), 2, 0})
		}
		place := func(list []dim, name string) (dims, batch, contract []int) {
			list = rapid.Permutation(list).Draw(r, name)
			batch, contract = make([]int, 2), make([]int, 2)
			var nb, nk int
			for i, d := range list {
				dims = append(dims, d.size)
				switch d.role {
				case 0:
					batch[d.pair] = i
					nb++
				case 1:
					contract[d.pair] = i
					nk++
				}
			}
			return dims, batch[:nb], contract[:nk]
		}
		s.Lhs, s.LhsBatch, s.LhsContract = place(lhs, "lhs")
		s.Rhs, s.RhsBatch, s.RhsContract = place(rhs, "rhs")
		s.Bias = rapid.Bool().Draw(r, "bias")
		checkDot(t, s)
	})
}

func TestRefusedDots(t *testing.T) {
	for _, c := range []struct {
		s    DotSpec
		want string
	}{
		{DotSpec{Lhs: []int{2, 3}, Rhs: []int{4, 5}, LhsContract: []int{1}, RhsContract: []int{0}}, "expected equal sizes, found 3 and 4"},
		{DotSpec{Lhs: []int{2, 3}, Rhs: []int{3, 5}, LhsContract: []int{2}, RhsContract: []int{0}}, "lhs: expected different dimensions below 2, found [2]"},
		{DotSpec{Lhs: []int{3}, Rhs: []int{3}, LhsBatch: []int{0}, RhsBatch: []int{0}, LhsContract: []int{0}, RhsContract: []int{0}}, "different dimensions"},
		{DotSpec{Lhs: []int{3}, Rhs: []int{3}, LhsBatch: []int{0}}, "lists of equal length"},
		{DotSpec{Lhs: []int{3, 0}, Rhs: []int{3}}, "lhs: "},
	} {
		if _, err := NewDot(c.s, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewDot(%+v): error %v, want %q", c.s, err, c.want)
		}
	}
}

func ExampleNewDot() {
	d, err := NewDot(DotSpec{Lhs: []int{2, 3}, Rhs: []int{4, 3}, LhsContract: []int{1}, RhsContract: []int{1}}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Dims(), d.FLOPs())
	// Output: [2 4] 48
}

package vec

import (
	"math"
	"testing"
	"unsafe"

	"github.com/fwlab/fw/core/rng"
)

var lengths = []int{0, 1, 2, 7, 8, 9, 15, 16, 31, 32, 33, 40, 63, 64, 65, 100, 127, 1000}

var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 2.5, -2.5, 3.5, 1e-40, float32(math.Inf(1)), float32(math.Inf(-1)),
	float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32, 1 << 31, -1 << 31, 1<<31 - 128, 7}

// values mixes normal numbers with special ones.
func values(seed uint64, n int) []float32 {
	s := rng.New(seed).Stream()
	out := make([]float32, n)
	for i := range out {
		if s.Intn(3) == 0 {
			out[i] = special[s.Intn(len(special))]
		} else {
			out[i] = float32(s.Normal()) * 3
		}
	}
	return out
}

func normals(seed uint64, n int) []float32 {
	s := rng.New(seed).Stream()
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(s.Normal()) + 0.5
	}
	return out
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func expect(t *testing.T, name string, n int, got []float32, want func(i int) float32) {
	t.Helper()
	for i, g := range got {
		if w := want(i); !same(g, w) {
			t.Fatalf("%s of %d: element %d is %v (%08x), want %v (%08x)", name, n, i, g, math.Float32bits(g), w, math.Float32bits(w))
		}
	}
}

// Operations that are exact or rounded once: assembly and loop agree in every bit, in place too.
func TestElementwise(t *testing.T) {
	f64 := func(f func(float64) float64) func(float32) float32 {
		return func(x float32) float32 { return float32(f(float64(x))) }
	}
	binary := []struct {
		name string
		vec  func(dst, a, b []float32)
		want func(x, y float32) float32
	}{
		{"add", Add, func(x, y float32) float32 { return x + y }},
		{"sub", Sub, func(x, y float32) float32 { return x - y }},
		{"mul", Mul, func(x, y float32) float32 { return x * y }},
		{"div", Div, func(x, y float32) float32 { return x / y }},
		{"max", Max, func(x, y float32) float32 { return max(x, y) }},
		{"min", Min, func(x, y float32) float32 { return min(x, y) }},
	}
	scalar := []struct {
		name string
		vec  func(dst, a []float32, s float32)
		want func(x, y float32) float32
	}{
		{"add scalar", AddScalar, binary[0].want}, {"mul scalar", MulScalar, binary[2].want}, {"div scalar", DivScalar, binary[3].want},
		{"max scalar", MaxScalar, binary[4].want}, {"min scalar", MinScalar, binary[5].want},
	}
	unary := []struct {
		name string
		vec  func(dst, a []float32)
		want func(x float32) float32
	}{
		{"abs", Abs, f64(math.Abs)}, {"neg", Neg, func(x float32) float32 { return -x }}, {"sqrt", Sqrt, f64(math.Sqrt)},
		{"rsqrt", Rsqrt, func(x float32) float32 { return 1 / float32(math.Sqrt(float64(x))) }},
		{"floor", Floor, f64(math.Floor)}, {"ceil", Ceil, f64(math.Ceil)}, {"round even", RoundEven, f64(math.RoundToEven)},
	}
	for _, n := range lengths {
		a, b, c, dst := values(1, n), values(2, n), values(3, n), make([]float32, n)
		for _, o := range binary {
			want := func(i int) float32 {
				return o.want(a[i], b[i])
			}
			o.vec(dst, a, b)
			expect(t, o.name, n, dst, want)
			copy(dst, a)
			o.vec(dst, dst, b)
			expect(t, o.name+" in place", n, dst, want)
		}
		for _, o := range scalar {
			for _, s := range special {
				o.vec(dst, a, s)
				expect(t, o.name, n, dst, func(i int) float32 {
					return o.want(a[i], s)
				})
			}
		}
		for _, o := range unary {
			o.vec(dst, a)
			expect(t, o.name, n, dst, func(i int) float32 { return o.want(a[i]) })
		}
		FMA(dst, a, b, c)
		expect(t, "fma", n, dst, func(i int) float32 { return fma(a[i], b[i], c[i]) })
		copy(dst, c)
		Axpy(dst, 1.7, a)
		expect(t, "axpy", n, dst, func(i int) float32 { return fma(1.7, a[i], c[i]) })
	}
}

func TestFMARoundsOnce(t *testing.T) {
	x, y := float32(1+0x1p-12), float32(1+0x1p-12) // the product needs 25 bits
	if got := fmaOnce(x, y, -1); got != 0x1p-11+0x1p-24 {
		t.Errorf("fma(1+2^-12, 1+2^-12, -1) = %g", got)
	}
	// A tie in float32 that only the odd bit far below decides.
	if got := fmaOnce(1+0x1p-23, 0x1p-24, 1+0x1p-23); got != 1+0x1p-22 {
		t.Errorf("tie with a bit below: %b", got)
	}
	if got := fmaOnce(1, 0x1p-24, 1); got != 1 {
		t.Errorf("tie to even: %b", got)
	}
	if got := fmaOnce(-1-0x1p-23, 0x1p-24, 1+0x1p-23); got != 1 {
		t.Errorf("tie with a bit above: %b", got)
	}
}

func TestMasks(t *testing.T) {
	for _, n := range lengths {
		a, b := values(1, n), values(2, n)
		m, dst, pred := make([]uint32, n), make([]float32, n), make([]uint8, n)
		for _, o := range []struct {
			name string
			vec  func(dst []uint32, a, b []float32)
			want func(x, y float32) bool
		}{
			{"EQ", EQ, func(x, y float32) bool { return x == y }}, {"NE", NE, func(x, y float32) bool { return x != y }},
			{"LT", LT, func(x, y float32) bool { return x < y }}, {"LE", LE, func(x, y float32) bool { return x <= y }},
		} {
			o.vec(m, a, b)
			Select(dst, m, a, b)
			BoolFromMask(pred, m)
			back := make([]uint32, n)
			MaskFromBool(back, pred)
			for i := range m {
				want := o.want(a[i], b[i])
				if (m[i] == ^uint32(0)) != want || (m[i] == 0) == want || (pred[i] == 1) != want || back[i] != m[i] {
					t.Fatalf("%s of %d: element %d of %v, %v is %x, %d, %x", o.name, n, i, a[i], b[i], m[i], pred[i], back[i])
				}
				if sel := b[i]; want && !same(dst[i], a[i]) || !want && !same(dst[i], sel) {
					t.Fatalf("select %d of %d is %v", i, n, dst[i])
				}
			}
		}
		x, y, r := make([]uint32, n), make([]uint32, n), make([]uint32, n)
		for i := range x {
			x[i], y[i] = rng.New(5).Word(uint64(i)), rng.New(6).Word(uint64(i))
		}
		for _, o := range []struct {
			name string
			vec  func(dst, a, b []uint32)
			want func(x, y uint32) uint32
		}{
			{"and", And, func(x, y uint32) uint32 { return x & y }}, {"or", Or, func(x, y uint32) uint32 { return x | y }},
			{"xor", Xor, func(x, y uint32) uint32 { return x ^ y }}, {"not", func(d, a, _ []uint32) { Not(d, a) }, func(x, _ uint32) uint32 { return ^x }},
		} {
			o.vec(r, x, y)
			for i := range r {
				if r[i] != o.want(x[i], y[i]) {
					t.Fatalf("%s of %d: element %d is %x", o.name, n, i, r[i])
				}
			}
		}
	}
}

func TestConversions(t *testing.T) {
	for _, n := range lengths {
		a := values(3, n)
		ints, back, words, small, again := make([]int32, n), make([]float32, n), make([]uint32, n), make([]uint8, n), make([]uint8, n)
		I32FromF32(ints, a)
		F32FromI32(back, ints)
		for i, x := range a {
			w := int32(0)
			if x == x {
				w = int32(math.Trunc(max(min(float64(x), math.MaxInt32), math.MinInt32)))
			}
			if ints[i] != w || back[i] != float32(w) {
				t.Fatalf("%v of %d became %d and %v, want %d", x, n, ints[i], back[i], w)
			}
			small[i] = uint8(rng.New(8).Word(uint64(i)))
		}
		U32FromU8(words, small)
		for i := range words {
			if words[i] != uint32(small[i]) {
				t.Fatalf("u8 %d became %d", small[i], words[i])
			}
			words[i] |= rng.New(9).Word(uint64(i)) << 8
		}
		U8FromU32(again, words)
		for i := range again {
			if again[i] != small[i] {
				t.Fatalf("u32 %x became %d of %d, want %d", words[i], again[i], n, small[i])
			}
		}
	}
}

func close32(got float32, want, scale, tol float64) bool {
	return math.Abs(float64(got)-want) <= tol*max(scale, 1e-30)
}

func TestReductions(t *testing.T) {
	for _, n := range append(lengths, leaf, leaf+1, 5*leaf+77) {
		a, b := normals(1, n), normals(2, n)
		var sum, dot, sq, size float64
		hi, lo := math.Inf(-1), math.Inf(1)
		for i := range a {
			x, y := float64(a[i]), float64(b[i])
			sum, dot, sq = sum+x, dot+x*y, sq+(x-0.25)*(x-0.25)
			size += math.Abs(x) + math.Abs(x*y)
			hi, lo = max(hi, x), min(lo, x)
		}
		if !close32(Sum(a), sum, size, 3e-7) || !close32(Dot(a, b), dot, size, 3e-7) || !close32(SumSquares(a, 0.25), sq, sq, 3e-6) {
			t.Errorf("of %d: sum %v, dot %v, squares %v; want %v, %v, %v", n, Sum(a), Dot(a, b), SumSquares(a, 0.25), sum, dot, sq)
		}
		if float64(MaxOf(a)) != hi || float64(MinOf(a)) != lo {
			t.Errorf("of %d: max %v, min %v; want %v, %v", n, MaxOf(a), MinOf(a), hi, lo)
		}
		if n > 0 {
			for _, i := range []int{0, n / 2, n - 1} {
				keep := a[i]
				a[i] = float32(math.NaN())
				if m, k := MaxOf(a), MinOf(a); m == m || k == k {
					t.Errorf("max of %d with NaN at %d is %v, min %v", n, i, m, k)
				}
				a[i] = keep
			}
		}
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []int{1, 3, 8, 13, 24, 32, 40, 64, 77, 100, 264, 303} {
		for _, rows := range []int{0, 1, 2, 9, 33} {
			for variant := range 4 {
				checkColumns(t, rows, c, variant&1 > 0, variant&2 > 0)
			}
		}
	}
}

// checkColumns compares with float64; relu adds the activation, more the residual and the stored gradient.
func checkColumns(t *testing.T, rows, c int, relu, more bool) {
	t.Helper()
	n := rows * c
	x, dy, mean, a, b, d := normals(1, n), normals(2, n), normals(3, c), normals(4, c), normals(5, c), normals(6, c)
	sum, sq, acc, dot, shifted, moments := normals(7, c), normals(8, c), normals(9, c), normals(10, c), normals(11, c), normals(12, c)
	wantSum, wantSq, wantAcc, wantDot, wantShifted, wantMoments := f64s(sum), f64s(sq), f64s(acc), f64s(dot), f64s(shifted), f64s(moments)
	affine, grad := make([]float32, n), make([]float32, n)
	var add, out, masked []float32
	if more {
		add = normals(13, n)
	}
	if relu {
		out = normals(14, n)
		if more {
			masked = make([]float32, n)
		}
	}
	ColSum(sum, x, rows)
	ColSumSquares(sq, x, mean, rows)
	ColMoments(shifted, moments, x, mean, rows)
	ColDots(acc, dot, dy, x, Gate{Out: out}, masked, mean, rows)
	ColAffine(affine, x, add, mean, a, b, rows, relu, false)
	ColGrad(grad, dy, x, Gate{Out: out}, mean, a, b, d, rows)
	for i := range n {
		j := i % c
		m, g := float64(x[i])-float64(mean[j]), float64(dy[i])
		if relu && out[i] <= 0 {
			g = 0
		}
		wantSum[j] += float64(x[i])
		wantSq[j] += m * m
		wantShifted[j] += m
		wantMoments[j] += m * m
		wantAcc[j] += g
		wantDot[j] += g * m
		w := m*float64(a[j]) + float64(b[j])
		if more {
			w += float64(add[i])
		}
		if relu {
			w = max(w, 0)
		}
		if !close32(affine[i], w, 10, 1e-6) {
			t.Fatalf("affine %d of %dx%d is %v, want %v", i, rows, c, affine[i], w)
		}
		if w := g*float64(a[j]) + m*float64(b[j]) + float64(d[j]); !close32(grad[i], w, 10, 1e-6) {
			t.Fatalf("grad %d of %dx%d is %v, want %v", i, rows, c, grad[i], w)
		}
		if masked != nil && float64(masked[i]) != g {
			t.Fatalf("masked %d of %dx%d is %v, want %v", i, rows, c, masked[i], g)
		}
	}
	for j := range c {
		for k, p := range []struct {
			got  float32
			want float64
		}{{sum[j], wantSum[j]}, {sq[j], wantSq[j]}, {acc[j], wantAcc[j]}, {dot[j], wantDot[j]}, {shifted[j], wantShifted[j]}, {moments[j], wantMoments[j]}} {
			if !close32(p.got, p.want, 100, 1e-6) {
				t.Fatalf("column %d of %dx%d, sum %d: %v, want %v", j, rows, c, k, p.got, p.want)
			}
		}
	}
}

func f64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func TestRows(t *testing.T) {
	for _, n := range lengths[1:] {
		x, dy, a, b := normals(1, n), normals(2, n), normals(3, n), normals(4, n)
		const mean, rstd, p, q = 0.3, 1.7, -0.4, 0.2
		e, o1, o2, o3, o4 := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		ds, do := make([]float32, n), make([]float32, n)
		sum, sum2 := ExpSum(e, x, 2), SumExp(x, 2)
		SubMul(o1, x, mean, a)
		SubExpMul(o2, x, mean, a)
		RowAffine(o3, x, a, b, mean, rstd)
		g, gx := RowDots(ds, do, dy, x, a, mean, rstd)
		RowGrad(o4, dy, x, a, mean, rstd, p, q)
		var wantSum, wantG, wantGX, size float64
		for i := range n {
			v, w, s := float64(x[i]), float64(dy[i]), float64(a[i])
			ex, h := math.Exp(v-2), (v-mean)*rstd
			wantSum += ex
			wantG += w * s
			wantGX += w * s * h
			size += math.Abs(w*s) * (1 + math.Abs(h))
			for k, c := range []struct {
				got  float32
				want float64
			}{{e[i], ex}, {o1[i], (v - mean) * s}, {o2[i], v - mean*math.Exp(s)}, {o3[i], h*s + float64(b[i])}, {ds[i], w * h}, {do[i], w},
				{o4[i], w*s*rstd + (v-mean)*p + q}} {
				if !close32(c.got, c.want, 20, 1e-6) {
					t.Fatalf("row of %d, output %d: element %d is %v, want %v", n, k, i, c.got, c.want)
				}
			}
		}
		if !close32(sum, wantSum, wantSum, 1e-6) || sum2 != sum || !close32(g, wantG, size, 1e-6) || !close32(gx, wantGX, size, 1e-6) {
			t.Fatalf("row of %d: sums %v, %v, %v, %v; want %v, %v, %v", n, sum, sum2, g, gx, wantSum, wantG, wantGX)
		}
	}
}

func TestRoute(t *testing.T) {
	for _, n := range lengths {
		x, best, dy, dx := values(1, n), values(2, n), normals(3, n), normals(4, n)
		free, before, was := make([]uint32, n), append([]float32(nil), dx...), make([]bool, n)
		for i := range n {
			if i%3 > 0 {
				best[i] = x[i]
			}
			was[i] = i%5 > 0
			free[i] = mask(was[i])
		}
		Route(dx, dy, x, best, free)
		for i := range n {
			hit := x[i] == best[i] && was[i]
			want := before[i]
			if hit {
				want += dy[i]
			}
			if dx[i] != want || (free[i] != 0) != (was[i] && !hit) {
				t.Fatalf("element %d of %d is %v and %x, want %v", i, n, dx[i], free[i], want)
			}
		}
	}
}

// Past the cache the same comes out, whether dst is whole cache lines or not.
func TestColAffinePastTheCache(t *testing.T) {
	for _, c := range []int{16, 24, 64, 80, 320} {
		const rows = 9
		n := rows * c
		x, add, mean, a, b := normals(1, n), normals(2, n), normals(3, c), normals(4, c), normals(5, c)
		room := make([]float32, n+32)
		start := int(-uintptr(unsafe.Pointer(&room[0]))%64) / 4
		want := make([]float32, n)
		for variant := range 4 {
			residual := add
			if variant&1 > 0 {
				residual = nil
			}
			ColAffine(want, x, residual, mean, a, b, rows, variant&2 > 0, false)
			for off := range 2 {
				dst := room[start+off:][:n]
				clear(dst)
				ColAffine(dst, x, residual, mean, a, b, rows, variant&2 > 0, true)
				expect(t, "affine past the cache", n, dst, func(i int) float32 { return want[i] })
			}
		}
	}
}

package vec

import (
	"math"
	"testing"
)

// ulps is the distance of got from the exact value want, in units of the last
// place of a float32 of want's size.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if math.IsNaN(want) || math.IsInf(float64(w), 0) || w == 0 {
		if math.Float32bits(got) == math.Float32bits(w) || math.IsNaN(want) && got != got {
			return 0
		}
		if math.IsNaN(want) || got != got {
			return math.Inf(1)
		}
		// an infinity or zero that rounding decides: one step away is 1 ulp
		return math.Abs(float64(int32(math.Float32bits(got)&^(1<<31)) - int32(math.Float32bits(w)&^(1<<31))))
	}
	if got != got {
		return math.Inf(1)
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

var functions = []struct {
	name  string
	vec   func(dst, a []float32)
	exact func(float64) float64
	bound float64
}{
	{"exp", Exp, math.Exp, 1.1},
	{"log", Log, math.Log, 1.1},
	{"tanh", Tanh, math.Tanh, 2},
	{"logistic", Logistic, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2.5},
	{"erf", Erf, math.Erf, 1.1},
	{"log1p", Log1p, math.Log1p, 1},
	{"expm1", Expm1, math.Expm1, 1},
	{"sine", Sin, math.Sin, 1},
	{"cosine", Cos, math.Cos, 1},
}

// Sweeps bit patterns of every exponent and sign, then the range where networks live.
func TestTranscendentalsAreWithinTheirUlps(t *testing.T) {
	const n = 4096
	a, dst := make([]float32, n), make([]float32, n)
	for _, f := range functions {
		worst, where := 0.0, float32(0)
		check := func() {
			f.vec(dst, a)
			for i, x := range a {
				if u := ulps(dst[i], f.exact(float64(x))); u > worst {
					worst, where = u, x
				}
			}
		}
		for b := uint64(0); b < 1<<32; {
			for i := range a {
				a[i] = math.Float32frombits(uint32(b))
				b += 5003
			}
			check()
		}
		for i := range a {
			a[i] = float32(i-n/2) * 0.01
		}
		check()
		copy(a, []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
			math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 88.72283, 88.72284, -87.33654, -103.97, -103.98, 0.625, 0.927734375})
		check()
		t.Logf("%s: %.2f ulp at %g", f.name, worst, where)
		if worst > f.bound {
			t.Errorf("%s: %.2f ulp at %g (%08x), expected at most %.2f", f.name, worst, where, math.Float32bits(where), f.bound)
		}
	}
}

func TestValuesDoNotDependOnTheirPlace(t *testing.T) {
	for _, f := range functions {
		for n := range 20 {
			a, dst := make([]float32, n), make([]float32, n)
			for i := range a {
				a[i] = 0.37
			}
			f.vec(dst, a)
			for i := range dst {
				if dst[i] != dst[0] {
					t.Fatalf("%s of %d: element %d is %v, element 0 is %v", f.name, n, i, dst[i], dst[0])
				}
			}
		}
	}
}

// GELU and its gradient are within a few roundings of float64's, relative to |x| and |dy|.
func TestGelu(t *testing.T) {
	const n = 1 << 14
	x, dy, y, dx := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], dy[i] = float32(i-n/2)*(12./n), float32(1+i%7)
	}
	Gelu(y, x)
	GeluGrad(dx, dy, x)
	for i := range x {
		v, g := float64(x[i]), float64(dy[i])
		phi := (1 + math.Erf(v/math.Sqrt2)) / 2
		if want := v * phi; math.Abs(float64(y[i])-want) > 2e-7*math.Abs(v) {
			t.Fatalf("gelu(%v) = %v, want %v", v, y[i], want)
		}
		if want := g * (phi + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)); math.Abs(float64(dx[i])-want) > 4e-7*g {
			t.Fatalf("gelu'(%v) %v = %v, want %v", v, g, dx[i], want)
		}
	}
}

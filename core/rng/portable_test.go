package rng

import (
	"math"
	"runtime"
	"testing"
)

// ulps is how many float64 lie between x and y.
func ulps(x, y float64) int64 {
	d := int64(math.Float64bits(x)) - int64(math.Float64bits(y))
	return max(d, -d)
}

// They are the math package's to the bit where that fuses nothing, and to the last
// bit elsewhere. Sines near zero come from a difference, so they count absolutely.
func TestLogAndSincosAreThoseOfMath(t *testing.T) {
	exact := runtime.GOARCH == "amd64"
	s := New(11).Stream()
	for i := range 300_000 {
		x := math.Exp2(s.Uniform(-60, 20))
		if i%3 == 0 {
			x = 1 - s.Float64()
		}
		if d := ulps(log(x), math.Log(x)); d > 1 || exact && d > 0 {
			t.Fatalf("log(%v) is %v, math's is %v", x, log(x), math.Log(x))
		}
		a := s.Uniform(1e-10, 2*math.Pi)
		sin, cos := sine(a), cosine(a)
		wantSin, wantCos := math.Sincos(a)
		if off := max(math.Abs(sin-wantSin), math.Abs(cos-wantCos)); off > 1e-15 || exact && (sin != wantSin || cos != wantCos) {
			t.Fatalf("sine and cosine of %v are %v, %v, math's is %v, %v", a, sin, cos, wantSin, wantCos)
		}
	}
	if log(1) != 0 {
		t.Errorf("log(1) is %v", log(1))
	}
}

// It is within two last bits of math's, whose own bits differ between machines; at the
// ends of the range too, where results are denormal.
func TestExpIsThatOfMath(t *testing.T) {
	s := New(12).Stream()
	for range 300_000 {
		for _, x := range []float64{s.Uniform(-2, 2), s.Uniform(-746, 709), s.Normal() * 1e-9} {
			if d := ulps(exp(x), math.Exp(x)); d > 2 {
				t.Fatalf("exp(%v) is %v, math's is %v", x, exp(x), math.Exp(x))
			}
		}
	}
	if exp(0) != 1 || exp(800) != math.Inf(1) || exp(-800) != 0 {
		t.Errorf("exp of 0, 800 and -800 is %v, %v and %v", exp(0), exp(800), exp(-800))
	}
}

// The bits of draws, on whatever machine this runs.
func TestDrawBitsAreTheSameEverywhere(t *testing.T) {
	for _, c := range []struct {
		name string
		draw func(s *Stream) uint64
		want uint64
	}{
		{"normal", func(s *Stream) uint64 { return uint64(math.Float32bits(float32(s.Normal()))) }, 0xb8a983a726464311},
		{"log-uniform", func(s *Stream) uint64 { return math.Float64bits(s.LogUniform(3.0/4, 4.0/3)) }, 0x59bc2e9f44b9eaac},
		{"beta", func(s *Stream) uint64 { return math.Float64bits(s.Beta(0.1, 0.6)) }, 0x524b355f7a92b940},
	} {
		s, sum := New(6).Stream(), uint64(0)
		for range 10_000 {
			sum = (sum ^ c.draw(&s)) * 1099511628211
		}
		if sum != c.want {
			t.Errorf("%s: hash %#x, expected %#x", c.name, sum, c.want)
		}
	}
}

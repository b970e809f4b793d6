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
		sin, cos := sincos(a)
		wantSin, wantCos := math.Sincos(a)
		if off := max(math.Abs(sin-wantSin), math.Abs(cos-wantCos)); off > 1e-15 || exact && (sin != wantSin || cos != wantCos) {
			t.Fatalf("sincos(%v) is %v, %v, math's is %v, %v", a, sin, cos, wantSin, wantCos)
		}
	}
	if log(1) != 0 {
		t.Errorf("log(1) is %v", log(1))
	}
}

// The bits of normal draws, on whatever machine this runs.
func TestNormalBitsAreTheSameEverywhere(t *testing.T) {
	s, sum := New(6).Stream(), uint64(0)
	for range 10_000 {
		sum = (sum ^ uint64(math.Float32bits(float32(s.Normal())))) * 1099511628211
	}
	if want := uint64(0xb8a983a726464311); sum != want {
		t.Errorf("hash %#x, expected %#x", sum, want)
	}
}

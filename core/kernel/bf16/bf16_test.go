package bf16

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/generated"
	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/core/rng"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	generated.Check(t, filepath.Join("..", "asm", "bf16"), "gen_amd64.s", "gen_amd64.go")
}

// paths runs f on every path that this machine has.
func paths(t *testing.T, f func(t *testing.T)) {
	avx2, half := useAVX2, useBF16
	defer func() { useAVX2, useBF16 = avx2, half }()
	for _, p := range []struct {
		name       string
		avx2, half bool
	}{{"noasm", false, false}, {"avx2", true, false}, {"avx512bf16", true, true}} {
		if p.avx2 && !isa.AVX2() || p.half && !isa.BF16() {
			continue
		}
		useAVX2, useBF16 = p.avx2, p.half
		t.Run(p.name, f)
	}
}

// Every exponent and sign, with fractions around ties, and random bits: the bits
// are dtype's on every path.
func TestRoundingIsTheSameOnEveryPath(t *testing.T) {
	var x []float32
	for upper := range 1 << 16 {
		for _, lower := range []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff} {
			x = append(x, math.Float32frombits(uint32(upper)<<16|lower))
		}
	}
	s := rng.New(1).Stream()
	for range 1001 {
		x = append(x, math.Float32frombits(s.Uint32()))
	}
	paths(t, func(t *testing.T) {
		narrow, round, back := make([]uint16, len(x)), make([]float32, len(x)), make([]float32, len(x))
		Narrow(narrow, x)
		Round(round, x)
		Widen(back, narrow)
		for i, v := range x {
			want := dtype.BF16FromF32(math.Float32bits(v))
			if narrow[i] != want || math.Float32bits(round[i]) != uint32(want)<<16 || math.Float32bits(back[i]) != uint32(want)<<16 {
				t.Fatalf("%#08x: narrow %#04x, round %#08x, back %#08x, expected %#04x", math.Float32bits(v), narrow[i], math.Float32bits(round[i]), math.Float32bits(back[i]), want)
			}
		}
	})
}

// Lengths around the blocks; nothing is written beyond.
func TestLengths(t *testing.T) {
	paths(t, func(t *testing.T) {
		for n := range 70 {
			x, d, h := make([]float32, n), make([]float32, n+1), make([]uint16, n+1)
			for i := range x {
				x[i] = float32(i) * 1.0001
			}
			d[n], h[n] = 7, 7
			Narrow(h[:n], x)
			Widen(d[:n], h[:n])
			for i := range x {
				if d[i] != float32(i) {
					t.Fatalf("length %d: element %d is %v", n, i, d[i])
				}
			}
			Round(d[:n], x)
			if d[n] != 7 || h[n] != 7 || n > 0 && d[n-1] != float32(n-1) {
				t.Fatalf("length %d: %v, beyond it %v and %v", n, d[:n], d[n], h[n])
			}
		}
	})
}

func BenchmarkConversions(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 22} {
		f, h := make([]float32, n), make([]uint16, n)
		for name, run := range map[string]func(){"widen": func() { Widen(f, h) }, "narrow": func() { Narrow(h, f) }, "round": func() { Round(f, f) }} {
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(6 * n))
				for b.Loop() {
					run()
				}
			})
		}
	}
}

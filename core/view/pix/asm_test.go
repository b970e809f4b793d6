package pix

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// plainly runs f without assembly.
func plainly(f func()) {
	defer func(was bool) { useAVX2 = was }(useAVX2)
	useAVX2 = false
	f()
}

// guarded is a copy of p at an odd address, with bytes before and behind it that
// nobody may write.
type guarded struct{ all, p []uint8 }

const guard = 41

func guardedCopy(p []uint8) guarded {
	all := bytes.Repeat([]uint8{0xa5}, len(p)+2*guard)
	copy(all[guard:], p)
	return guarded{all, all[guard:][:len(p):len(p)]}
}

// every is each function that has assembly, on a picture in place or to another place.
var every = []struct {
	name string
	run  func(dst []uint8, m plain, r *rand.Rand, s *Scratch)
}{
	{"Brightness", func(dst []uint8, m plain, r *rand.Rand, _ *Scratch) { copy(dst, m.p); Brightness(dst, factor(r)) }},
	{"Contrast", func(dst []uint8, m plain, r *rand.Rand, _ *Scratch) { copy(dst, m.p); Contrast(dst, m.c, factor(r)) }},
	{"Saturation", func(dst []uint8, m plain, r *rand.Rand, _ *Scratch) { copy(dst, m.p); Saturation(dst, m.c, factor(r)) }},
	{"Hue", func(dst []uint8, m plain, r *rand.Rand, _ *Scratch) { copy(dst, m.p); Hue(dst, m.c, r.Float64()-0.5) }},
	{"Grayscale", func(dst []uint8, m plain, _ *rand.Rand, _ *Scratch) { copy(dst, m.p); Grayscale(dst, m.c) }},
	{"FlipHorizontal", func(dst []uint8, m plain, _ *rand.Rand, _ *Scratch) { FlipHorizontal(dst, m.p, m.h, m.w, m.c) }},
	{"GaussianBlur", func(dst []uint8, m plain, r *rand.Rand, s *Scratch) {
		copy(dst, m.p)
		GaussianBlur(dst, m.h, m.w, m.c, float32(r.ExpFloat64()), s)
	}},
	{"CropResize", func(dst []uint8, m plain, r *rand.Rand, s *Scratch) { // to the whole of dst from a part of m
		h, w := 1+r.IntN(m.h), 1+r.IntN(m.w)
		CropResize(dst, m.h, m.w, m.p, m.w, m.c, r.IntN(m.h-h+1), r.IntN(m.w-w+1), h, w, Filter(r.IntN(3)), s)
	}},
	{"JFIF", func(dst []uint8, m plain, _ *rand.Rand, _ *Scratch) {
		if n := len(m.p) / 3; n > 0 {
			JFIF(dst, m.p[:n:n], m.p[n:][:n:n], m.p[2*n:][:n:n])
		}
	}},
}

// factor is of a colour adjustment, now and then one that clips nearly everything.
func factor(r *rand.Rand) float32 {
	if r.IntN(8) == 0 {
		return float32(math.Pow(10, 6*r.Float64()))
	}
	return float32(2 * r.Float64())
}

// Assembly gives the bytes of plain Go and writes nothing outside of the result.
func TestAssemblyGivesTheSameBytes(t *testing.T) {
	if !useAVX2 {
		t.Skip("no assembly here")
	}
	for _, f := range every {
		t.Run(f.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 14))
			var s Scratch
			for i := range 400 {
				m := randomPlain(r, 1+r.IntN(20), 1+r.IntN(70), 1+2*r.IntN(2))
				from := guardedCopy(m.p)
				m.p = from.p
				got, want := guardedCopy(m.p), guardedCopy(m.p)
				seed := r.Uint64()
				f.run(got.p, m, rand.New(rand.NewPCG(seed, 1)), &s)
				plainly(func() { f.run(want.p, m, rand.New(rand.NewPCG(seed, 1)), &s) })
				if !bytes.Equal(got.all, want.all) {
					t.Fatalf("picture %d of %d x %d x %d differs", i, m.h, m.w, m.c)
				}
			}
		})
	}
}

// Every colour: the operations that assembly has in
// place of C's doubles were chosen to give the same bytes on these domains.
func TestAssemblyOfColoursOnTheWholeCube(t *testing.T) {
	if !useAVX2 {
		t.Skip("no assembly here")
	}
	cube := make([]uint8, 0, 3<<24)
	for n := range 1 << 24 {
		cube = append(cube, uint8(n>>16), uint8(n>>8), uint8(n))
	}
	for name, f := range map[string]func(p []uint8){
		"Hue":        func(p []uint8) { Hue(p, 3, -0.37) },
		"Saturation": func(p []uint8) { Saturation(p, 3, 1.7) },
		"Grayscale":  func(p []uint8) { Grayscale(p, 3) },
		"JFIF":       func(p []uint8) { y, cb, cr := planes(p); JFIF(p, y, cb, cr) },
	} {
		t.Run(name, func(t *testing.T) {
			got, want := bytes.Clone(cube), bytes.Clone(cube)
			f(got)
			plainly(func() { f(want) })
			if !bytes.Equal(got, want) {
				t.Error("differs from plain Go")
			}
		})
	}
}

// planes is the three channels of p.
func planes(p []uint8) (a, b, c []uint8) {
	for ; len(p) > 0; p = p[3:] {
		a, b, c = append(a, p[0]), append(b, p[1]), append(c, p[2])
	}
	return a, b, c
}

// Turns by every step of the circle.
func TestAssemblyOfHueTurnsByEveryStep(t *testing.T) {
	if !useAVX2 {
		t.Skip("no assembly here")
	}
	r := rand.New(rand.NewPCG(15, 16))
	p := make([]uint8, 3<<13)
	for step := range 256 {
		for i := range p {
			p[i] = uint8(r.IntN(256))
		}
		got, want := bytes.Clone(p), bytes.Clone(p)
		Hue(got, 3, float64(step)/510)
		plainly(func() { Hue(want, 3, float64(step)/510) })
		if !bytes.Equal(got, want) {
			t.Fatalf("step %d differs from plain Go", step)
		}
	}
}

// Every level against many statistics: bit for bit what two divisions give.
func TestNormalizeEqualsItsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for range 200 {
		c := 1 + 2*r.IntN(2)
		mean, std := make([]float32, c), make([]float32, c)
		for i := range c {
			mean[i], std[i] = r.Float32(), float32(r.ExpFloat64())
		}
		src := make([]uint8, c*(256+r.IntN(24)))
		for i := range src {
			src[i] = uint8(i / c)
		}
		got := make([]float32, len(src))
		Normalize(got, src, mean, std)
		for i, x := range src {
			if want := (float32(x)/255 - mean[i%c]) / std[i%c]; got[i] != want {
				t.Fatalf("level %d less %v, divided by %v: %v, want %v", x, mean[i%c], std[i%c], got[i], want)
			}
		}
	}
}

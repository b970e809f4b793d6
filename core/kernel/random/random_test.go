package random

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
)

func run(t *testing.T, s Spec, key buf.Buf) buf.Buf {
	t.Helper()
	var first buf.Buf
	for workers := 1; workers <= 3; workers++ {
		k, err := New(s, workers)
		if err != nil {
			t.Fatal(err)
		}
		out, p := buf.Make(dtype.F32, s.N), pool.New(workers)
		k.Bind(nil, []buf.Buf{out}, []buf.Buf{key})
		k.Run(p)
		p.Close()
		if workers == 1 {
			first = out
		} else if string(out.U8) != string(first.U8) {
			t.Fatalf("%+v: %d workers give other bits than 1", s, workers)
		}
	}
	return first
}

func TestFillsAreTheKeysWords(t *testing.T) {
	key := rng.New(3).FoldString("fill")
	b := buf.OfU32(key[:])
	for _, n := range []int{1, 2, 3, 4, 5, 7, 100, chunkElements, chunkElements + 1, 3*chunkElements + 6} {
		bits := run(t, Spec{Kind: Bits, N: n}, b)
		uniform := run(t, Spec{Kind: Uniform, N: n, Low: -0.5, High: 3}, b)
		normal := run(t, Spec{Kind: Normal, N: n}, b)
		perm := run(t, Spec{Kind: Permutation, N: n}, b)
		beta := run(t, Spec{Kind: Beta, N: n, A: 0.3, B: 2}, b)
		s := key.Stream()
		want := s.Perm(n)
		for i := range n {
			w := key.Word(uint64(i))
			x, y := rng.NormalPair(key.Word(uint64(i&^1)), key.Word(uint64(i|1)))
			if i%2 == 1 {
				x = y
			}
			if s := key.Fold(uint64(i)).Stream(); beta.F32[i] != float32(s.Beta(0.3, 2)) {
				t.Fatalf("element %d of %d: %v", i, n, beta.F32[i])
			}
			if bits.U32[i] != w || uniform.F32[i] != -0.5+float32(3.5*rng.Uniform01(w)) || normal.F32[i] != x || int(perm.I32[i]) != want[i] {
				t.Fatalf("element %d of %d: %x, %v, %v, %d", i, n, bits.U32[i], uniform.F32[i], normal.F32[i], perm.I32[i])
			}
		}
	}
}

func TestUniformStaysBelowHigh(t *testing.T) {
	key := rng.New(1)
	out := run(t, Spec{Kind: Uniform, N: 100000, Low: 1, High: math.Nextafter32(1, 2)}, buf.OfU32(key[:]))
	for i, v := range out.F32 {
		if v != 1 {
			t.Fatalf("element %d is %v, which is not below High", i, v)
		}
	}
}

func TestFoldIn(t *testing.T) {
	key := rng.New(7)
	part, out := buf.New(4), buf.New(8)
	for _, v := range []int32{0, 1, 77, -1} {
		part.I32[0] = v
		k, err := NewFoldIn(dtype.I32, 1)
		if err != nil {
			t.Fatal(err)
		}
		k.Bind(nil, []buf.Buf{out}, []buf.Buf{buf.OfU32(key[:]), part})
		k.Run(nil)
		if want := key.Fold(uint64(uint32(v))); out.U32[0] != want[0] || out.U32[1] != want[1] {
			t.Errorf("part %d: %x, want %x", v, out.U32, want)
		}
	}
}

func TestBadSpecsAreErrors(t *testing.T) {
	for i, s := range []Spec{{Kind: 9, N: 1}, {N: 0}, {Kind: Permutation, N: 1 << 32}, {Kind: Uniform, N: 1}, {Kind: Beta, N: 1, A: 1}, {Kind: Beta, N: 1, A: 1, B: math.Inf(1)}, {Kind: Uniform, N: 1, Low: 2, High: 1},
		{Kind: Uniform, N: 1, Low: float32(math.NaN()), High: 1}, {Kind: Uniform, N: 1, Low: -math.MaxFloat32, High: math.MaxFloat32}} {
		if _, err := New(s, 1); err == nil {
			t.Errorf("case %d: no error", i)
		}
	}
	if _, err := NewFoldIn(dtype.F32, 1); err == nil {
		t.Error("fold_in of f32 is no error")
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	out, key := buf.Make(dtype.F32, 20000), buf.New(8)
	for kind := Bits; kind <= Beta; kind++ {
		k, err := New(Spec{Kind: kind, N: 20000, High: 1, A: 1, B: 1}, 2)
		if err != nil {
			t.Fatal(err)
		}
		k.Bind(nil, []buf.Buf{out}, []buf.Buf{key})
		if n := testing.AllocsPerRun(10, func() { k.Run(p) }); n != 0 {
			t.Errorf("kind %d: Run allocates %v times", kind, n)
		}
	}
}

func BenchmarkRandom(b *testing.B) {
	const n = 1 << 20
	p := pool.New(2)
	defer p.Close()
	for kind, name := range []string{"bits", "uniform", "normal"} {
		k, err := New(Spec{Kind: Kind(kind), N: n, High: 1}, 2)
		if err != nil {
			b.Fatal(err)
		}
		k.Bind(nil, []buf.Buf{buf.Make(dtype.F32, n)}, []buf.Buf{buf.New(8)})
		b.Run(fmt.Sprintf("%s/2", name), func(b *testing.B) {
			b.SetBytes(4 * n)
			for b.Loop() {
				k.Run(p)
			}
		})
	}
}

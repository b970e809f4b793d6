//go:build !amd64 || noasm

package baseline

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Transform(dst *uint8, stride int, b *int16)  { panic("baseline: no assembly") }
func avx2Weigh(sums *uint16, near, far *uint8, n int) { panic("baseline: no assembly") }
func avx2Widen(out *uint8, sums *uint16, even, odd uint16, n int) {
	panic("baseline: no assembly")
}

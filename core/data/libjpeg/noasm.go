//go:build !amd64 || noasm

package libjpeg

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Transform(dst *uint8, stride int, b *int16)  { panic("libjpeg: no assembly") }
func avx2Weigh(sums *uint16, near, far *uint8, n int) { panic("libjpeg: no assembly") }
func avx2Widen(out *uint8, sums *uint16, even, odd uint16, n int) {
	panic("libjpeg: no assembly")
}

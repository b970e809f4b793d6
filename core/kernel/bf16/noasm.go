//go:build !amd64 || noasm

package bf16

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Widen(dst *float32, src *uint16, n int)    { panic("bf16: no assembly") }
func avx2Narrow(dst *uint16, src *float32, n int)   { panic("bf16: no assembly") }
func avx2Round(dst *float32, src *float32, n int)   { panic("bf16: no assembly") }
func avx512Widen(dst *float32, src *uint16, n int)  { panic("bf16: no assembly") }
func avx512Narrow(dst *uint16, src *float32, n int) { panic("bf16: no assembly") }
func avx512Round(dst *float32, src *float32, n int) { panic("bf16: no assembly") }

func avx512Zip(dst *float32, lo, hi *uint16, groups, rows, from, to, panel, mask int) {
	panic("bf16: no assembly")
}
func avx512Pair(dst *float32, lo, hi *float32, groups, rows, from, to, panel, mask int) {
	panic("bf16: no assembly")
}
func prefetchLines(src *uint16, lines int) { panic("bf16: no assembly") }

//go:build !amd64 || noasm

package tile

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Mul(rows, cols int, args *byte)                             { panic("tile: no assembly") }
func avx2Gather(rows, cols int, args *byte)                          { panic("tile: no assembly") }
func avx2Pairs(n int, args *GatherArgs) int                          { panic("tile: no assembly") }
func avx2Transpose(dst, src *float32, stride, n int) int             { panic("tile: no assembly") }
func avx2SpinRounds(n int)                                           { panic("tile: no assembly") }
func avx2Strips(floats int, dst, src *float32, stride, panel, n int) { panic("tile: no assembly") }

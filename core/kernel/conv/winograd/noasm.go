//go:build !amd64 || noasm

package winograd

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Input(args *byte)                                { panic("winograd: no assembly") }
func avx2InputEdge(args *byte)                            { panic("winograd: no assembly") }
func avx2Output(args *byte)                               { panic("winograd: no assembly") }
func avx2Gradient(args *byte)                             { panic("winograd: no assembly") }
func avx2GradientEdge(args *byte)                         { panic("winograd: no assembly") }
func avx2Weights(matrix, taps *float32, xi, n int)        { panic("winograd: no assembly") }
func avx2WeightsRotated(matrix, taps *float32, xi, n int) { panic("winograd: no assembly") }
func avx2WeightGradient(taps, matrix *float32, xi, n int) { panic("winograd: no assembly") }
func avx2Prefetch(from *float32, lines int)               { panic("winograd: no assembly") }

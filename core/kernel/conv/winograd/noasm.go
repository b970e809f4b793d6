//go:build !amd64 || noasm

package winograd

// Without assembly isa.AVX2 is false, and none of these is reached.

func avx2Input(args *byte)                                         { panic("winograd: no assembly") }
func avx2InputEdge(args *byte)                                     { panic("winograd: no assembly") }
func avx2Output(args *byte)                                        { panic("winograd: no assembly") }
func avx2OutputStream(args *byte)                                  { panic("winograd: no assembly") }
func avx2Gradient(args *byte)                                      { panic("winograd: no assembly") }
func avx2GradientEdge(args *byte)                                  { panic("winograd: no assembly") }
func avx2Weights(matrix, taps *float32, xi, n int)                 { panic("winograd: no assembly") }
func avx2WeightsRotated(matrix, taps *float32, xi, n int)          { panic("winograd: no assembly") }
func avx2WeightGradient(taps, matrix *float32, xi, n int)          { panic("winograd: no assembly") }
func avx512Input(args *byte)                                       { panic("winograd: no assembly") }
func avx512InputEdge(args *byte)                                   { panic("winograd: no assembly") }
func avx512Output(args *byte)                                      { panic("winograd: no assembly") }
func avx512OutputStream(args *byte)                                { panic("winograd: no assembly") }
func avx512Gradient(args *byte)                                    { panic("winograd: no assembly") }
func avx512GradientEdge(args *byte)                                { panic("winograd: no assembly") }
func avx512Weights(matrix, taps *float32, xi, n int)               { panic("winograd: no assembly") }
func avx512WeightsRotated(matrix, taps *float32, xi, n int)        { panic("winograd: no assembly") }
func avx512WeightGradient(taps, matrix *float32, xi, n int)        { panic("winograd: no assembly") }
func prefetchLines(from *float32, lines int)                       { panic("winograd: no assembly") }
func wideningInput(args *byte)                                     { panic("winograd: no assembly") }
func wideningInputEdge(args *byte)                                 { panic("winograd: no assembly") }
func wideningGradient(args *byte)                                  { panic("winograd: no assembly") }
func wideningGradientEdge(args *byte)                              { panic("winograd: no assembly") }
func halfInput(args *byte)                                         { panic("winograd: no assembly") }
func halfInputEdge(args *byte)                                     { panic("winograd: no assembly") }
func halfOutput(args *byte)                                        { panic("winograd: no assembly") }
func halfOutputStream(args *byte)                                  { panic("winograd: no assembly") }
func avx2Input4(args *byte)                                        { panic("winograd: no assembly") }
func avx2Input4Edge(args *byte)                                    { panic("winograd: no assembly") }
func avx2Output4(args *byte)                                       { panic("winograd: no assembly") }
func avx2Output4Stream(args *byte)                                 { panic("winograd: no assembly") }
func avx2Gradient4(args *byte)                                     { panic("winograd: no assembly") }
func avx2Gradient4Edge(args *byte)                                 { panic("winograd: no assembly") }
func avx2Weights4(matrix, taps, room *float32, xi, n int)          { panic("winograd: no assembly") }
func avx2WeightsRotated4(matrix, taps, room *float32, xi, n int)   { panic("winograd: no assembly") }
func avx2WeightGradient4(taps, matrix, room *float32, xi, n int)   { panic("winograd: no assembly") }
func avx512Input4(args *byte)                                      { panic("winograd: no assembly") }
func avx512Input4Edge(args *byte)                                  { panic("winograd: no assembly") }
func avx512Output4(args *byte)                                     { panic("winograd: no assembly") }
func avx512Output4Stream(args *byte)                               { panic("winograd: no assembly") }
func avx512Gradient4(args *byte)                                   { panic("winograd: no assembly") }
func avx512Gradient4Edge(args *byte)                               { panic("winograd: no assembly") }
func avx512Weights4(matrix, taps, room *float32, xi, n int)        { panic("winograd: no assembly") }
func avx512WeightsRotated4(matrix, taps, room *float32, xi, n int) { panic("winograd: no assembly") }
func avx512WeightGradient4(taps, matrix, room *float32, xi, n int) { panic("winograd: no assembly") }

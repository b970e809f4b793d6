//go:build !amd64 || noasm

package tile

// Not called where there is no assembly.

func avx2Mul(variant int, args *byte)                            { panic("tile: no assembly") }
func avx2Gather(variant int, args *byte)                         { panic("tile: no assembly") }
func avx2Spin(rounds int)                                        { panic("tile: no assembly") }
func avx512Mul(variant int, args *byte)                          { panic("tile: no assembly") }
func avx512Gather(variant int, args *byte)                       { panic("tile: no assembly") }
func avx512Spin(rounds int)                                      { panic("tile: no assembly") }
func avx512Resident(rows int, a, b, c *float32)                  { panic("tile: no assembly") }
func bf16Mul(variant int, args *byte)                            { panic("tile: no assembly") }
func bf16Gather(variant int, args *byte)                         { panic("tile: no assembly") }
func bf16Zip(dst *float32, lo, hi *uint16, step, stride, n int)  { panic("tile: no assembly") }
func bf16Resident(rows int, a, b, c *float32)                    { panic("tile: no assembly") }
func bf16Spin(rounds int)                                        { panic("tile: no assembly") }
func avx2Pairs(n int, args *GatherArgs) int                      { panic("tile: no assembly") }
func avx2Transpose(dst, src *float32, stride, n int) int         { panic("tile: no assembly") }
func strips(floats int, dst, src *float32, stride, panel, n int) { panic("tile: no assembly") }

//go:build !amd64 || noasm

package kernel

const haveAsm = false

// Without assembly useAVX2 is false, and none of these is reached.

func avxGemm6x16(k int, a *float32, is int, ks int, b *float32, c *float32, ldc int, acc int) {}

func avxAdd(dst *float32, a *float32, b *float32, n int)                             {}
func avxSub(dst *float32, a *float32, b *float32, n int)                             {}
func avxMul(dst *float32, a *float32, b *float32, n int)                             {}
func avxDiv(dst *float32, a *float32, b *float32, n int)                             {}
func avxMax(dst *float32, a *float32, b *float32, n int)                             {}
func avxMin(dst *float32, a *float32, b *float32, n int)                             {}
func avxAnd(dst *float32, a *float32, b *float32, n int)                             {}
func avxOr(dst *float32, a *float32, b *float32, n int)                              {}
func avxXor(dst *float32, a *float32, b *float32, n int)                             {}
func avxEQ(dst *float32, a *float32, b *float32, n int)                              {}
func avxNE(dst *float32, a *float32, b *float32, n int)                              {}
func avxLT(dst *float32, a *float32, b *float32, n int)                              {}
func avxLE(dst *float32, a *float32, b *float32, n int)                              {}
func avxSqrt(dst *float32, a *float32, n int)                                        {}
func avxRsqrt(dst *float32, a *float32, n int)                                       {}
func avxAbs(dst *float32, a *float32, n int)                                         {}
func avxNeg(dst *float32, a *float32, n int)                                         {}
func avxExp(dst *float32, a *float32, n int)                                         {}
func avxSelect(dst *float32, mask *float32, a *float32, b *float32, n int)           {}
func avxColSum(sum *float32, x *float32, rows int, c int)                            {}
func avxColSumSq(sum *float32, x *float32, mean *float32, rows int, c int)           {}
func avxRowMulAdd(dst *float32, x *float32, a *float32, b *float32, rows int, c int) {}
func avxColDots(sdy *float32, sdyx *float32, dy *float32, x *float32, mean *float32, rows int, c int) {
}
func avxRowMulAdd2(dst *float32, x *float32, z *float32, a *float32, b *float32, d *float32, rows int, c int) {
}

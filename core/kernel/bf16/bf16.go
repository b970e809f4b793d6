// Package bf16 owns bfloat16 in memory: how kernels read it as float32 and store
// float32 as it. Arithmetic is float32's everywhere. Start from [Widen] and
// [Narrow].
//
// Every path rounds as [dtype.BF16FromF32] does, to the bit: denormals, which the
// instructions of AVX512_BF16 do not have, become zeros.
package bf16

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/isa"
)

var useAVX2, useBF16 = isa.AVX2(), isa.BF16()

// whole is how many of n elements the assembly takes.
func whole(n int) int {
	if useAVX2 {
		return n &^ 15
	}
	return 0
}

// Widen: dst[i] = a[i], exactly.
func Widen(dst []float32, a []uint16) {
	a = a[:len(dst)]
	i := whole(len(dst))
	switch {
	case i == 0:
	case useBF16:
		avx512Widen(&dst[0], &a[0], i)
	default:
		avx2Widen(&dst[0], &a[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = math.Float32frombits(dtype.F32FromBF16(a[i]))
	}
}

// Narrow: dst[i] = a[i], rounded.
func Narrow(dst []uint16, a []float32) {
	a = a[:len(dst)]
	i := whole(len(dst))
	switch {
	case i == 0:
	case useBF16:
		avx512Narrow(&dst[0], &a[0], i)
	default:
		avx2Narrow(&dst[0], &a[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = dtype.BF16FromF32(math.Float32bits(a[i]))
	}
}

// Round: dst[i] = a[i] rounded to a bfloat16.
func Round(dst, a []float32) {
	a = a[:len(dst)]
	i := whole(len(dst))
	switch {
	case i == 0:
	case useBF16:
		avx512Round(&dst[0], &a[0], i)
	default:
		avx2Round(&dst[0], &a[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = math.Float32frombits(dtype.F32FromBF16(dtype.BF16FromF32(math.Float32bits(a[i]))))
	}
}

package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// box is a pass of a box blur of radius 0 or 1, 16 bytes at a time. A weight of 25
// bits is two factors of a product of 16 bits: its upper 13 and its lower 12.
func box() {
	for radius, name := range []string{"avx2Box0", "avx2Box1"} {
		middle, inner := "", "b[i]"
		if radius == 1 {
			middle, inner = "0, b, b1", "b0[i]+b[i]+b1[i]"
		}
		function(name, "dst[i] = ("+inner+")*whole + (a[i]+c[i])*far in 24 bits, rounded, n a multiple of 16 above 0", "dst, a, b"+middle+", c *uint8, whole, far uint32")
		taps := []struct {
			name string
			r    GPPhysical
		}{{"a", RSI}, {"c", RDX}, {"b", RBX}}
		if radius == 1 {
			taps = append(taps[:2], []struct {
				name string
				r    GPPhysical
			}{{"b0", RBX}, {"b", R8}, {"b1", R9}}...)
		}
		Load(Param("dst"), dst)
		for _, t := range taps {
			Load(Param(t.name), t.r)
		}
		Load(Param("whole"), EAX)
		Load(Param("far"), R10L)
		low, high := Y14, Y13 // factors of the middle and of the ends, alternating
		for _, part := range []struct {
			y    VecPhysical
			from uint8
		}{{low, 0}, {high, 12}} {
			MOVL(EAX, R11L)
			MOVL(R10L, R12L)
			if part.from > 0 {
				SHRL(U8(part.from), R11L)
				SHRL(U8(part.from), R12L)
			} else {
				ANDL(U32(1<<12-1), R11L)
				ANDL(U32(1<<12-1), R12L)
			}
			SHLL(U8(16), R12L)
			ORL(R12L, R11L)
			VMOVD(R11L, part.y.AsX())
			VPBROADCASTD(part.y.AsX(), part.y)
		}
		VMOVDQU(constants.Words(1<<23), Y12)
		loop(16, func() {
			ends, inside := Y0, Y1
			for i, t := range taps {
				sum, one := ends, Y2
				if i >= 2 {
					sum = inside
				}
				if i == 0 || i == 2 {
					one = sum
				}
				VPMOVZXBW(at(t.r, 0), one)
				if one != sum {
					VPADDW(one, sum, sum)
				}
				ADDQ(U8(16), t.r)
			}
			VPUNPCKLWD(ends, inside, Y2)
			VPUNPCKHWD(ends, inside, Y3)
			for _, y := range []VecPhysical{Y2, Y3} {
				VPMADDWD(high, y, Y4)
				VPMADDWD(low, y, y)
				VPSLLD(U8(12), Y4, Y4)
				VPADDD(Y12, y, y)
				VPADDD(Y4, y, y)
				VPSRLD(U8(24), y, y)
			}
			VPACKUSDW(Y3, Y2, Y2)
			VEXTRACTI128(U8(1), Y2, X3)
			VPACKUSWB(X3, X2, X2)
			VMOVDQU(X2, at(dst, 0))
			ADDQ(U8(16), dst)
		})
	}
}

package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// blend is of bytes: 32 at a time.
func blend() {
	function("avx2Blend", "p[i] = blend(a, p[i], f), n a multiple of 32 above 0", "p *uint8, a, f float32")
	Load(Param("p"), dst)
	a, f := Y14, Y13
	scalar("a", a)
	scalar("f", f)
	loop(32, func() {
		for k := range 4 {
			VPMOVZXBD(at(dst, 8*k), v[k])
			VCVTDQ2PS(v[k], v[k])
			blendFrom(a, f, v[k])
		}
		packBytes()
		VMOVDQU(Y0, at(dst, 0))
		ADDQ(U8(32), dst)
	})
}

// blendFrom: x = trunc(a + f*(x-a)), rounded after each operation.
func blendFrom(a, f, x VecPhysical) {
	VSUBPS(a, x, x)
	VMULPS(f, x, x)
	VADDPS(x, a, x)
	VCVTTPS2DQ(x, x)
}

// luma leaves that of a group's pixels in words of 32 bits in r; it uses t.
func luma(group, r, t VecPhysical) {
	weights := func(a, b uint32) Mem { return constants.Words(a | b<<16) }
	VPSHUFB(pick(0, -1, 1, -1), group, r)
	VPSHUFB(pick(2, -1, 1, -1), group, t)
	VPMADDWD(weights(19595, 38470/2), r, r)
	VPMADDWD(weights(7471, 38470/2), t, t)
	VPADDD(t, r, r)
	VPADDD(constants.Words(0x8000), r, r)
	VPSRLD(U8(16), r, r)
}

const inPlace = ", n a multiple of 8 above 0"

func lumaSum() {
	TEXT("avx2LumaSum", NOSPLIT, "func(p *uint8, n int) uint32")
	Pragma("noescape")
	Doc("avx2LumaSum: the sum of luma over n pixels, a multiple of 8 above 0 and at most 2^20.")
	Load(Param("n"), count)
	Load(Param("p"), src)
	VPXOR(Y4, Y4, Y4)
	Label("loop")
	loadGroup(src, Y0)
	luma(Y0, Y1, Y2)
	VPADDD(Y1, Y4, Y4)
	next(src)
	SUBQ(U8(8), count)
	JNZ(LabelRef("loop"))
	VEXTRACTI128(U8(1), Y4, X5)
	VPADDD(X5, X4, X4)
	VPHADDD(X4, X4, X4)
	VPHADDD(X4, X4, X4)
	VMOVD(X4, EAX)
	VZEROUPPER()
	Store(EAX, ReturnIndex(0))
	RET()
}

func gray() {
	function("avx2Gray", "all channels of the n pixels of p become luma"+inPlace, "p *uint8")
	Load(Param("p"), dst)
	loop(8, func() {
		loadGroup(dst, Y0)
		luma(Y0, Y1, Y2)
		VPSHUFB(constants.Bytes(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, none, none, none, none), Y1, Y1)
		storeHalves(Y1, dst)
		next(dst)
	})
}

func saturate() {
	function("avx2Saturate", "each channel c of the n pixels of p becomes blend(luma, c, f)"+inPlace, "p *uint8, f float32")
	Load(Param("p"), dst)
	scalar("f", Y14)
	loop(8, func() {
		loadGroup(dst, Y0)
		luma(Y0, Y1, Y2)
		VCVTDQ2PS(Y1, Y1)
		for c := range 3 {
			x := v[2+c]
			channel(c, Y0, x)
			VCVTDQ2PS(x, x)
			blendFrom(Y1, Y14, x)
		}
		storeGroup(Y2, Y3, Y4, dst)
		next(dst)
	})
}

// mirror reads groups forwards and writes them backwards.
func mirror() {
	function("avx2Mirror", "pixel i of dst = pixel n-1-i of src, n a multiple of 8 above 0", "dst, src *uint8")
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	LEAQ(Mem{Base: count, Index: count, Scale: 2}, RAX)
	LEAQ(Mem{Base: dst, Index: RAX, Scale: 1, Disp: -group}, dst)
	var turn []byte
	for half := range 2 {
		for k := range 4 {
			for c := range 3 {
				turn = append(turn, first(1-half, 3-k)+byte(c))
			}
		}
		turn = append(turn, none, none, none, none)
	}
	loop(8, func() {
		loadGroup(src, Y0)
		VPERMQ(U8(0x4e), Y0, Y0)
		VPSHUFB(constants.Bytes(turn...), Y0, Y0)
		storeHalves(Y0, dst)
		next(src)
		SUBQ(U8(group), dst)
	})
}

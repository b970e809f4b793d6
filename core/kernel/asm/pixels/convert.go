package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// colors converts from luma and chroma.
func colors() {
	ycc("avx2YCC", "color.YCbCrToRGB(y[i], cb[i], cr[i])", VPMOVZXBD, false, widely)
	ycc("avx2YCCHalf", "color.YCbCrToRGB(y[i], cb[i/2], cr[i/2])", VPMOVZXBQ, true, widely)
	ycc("avx2JFIF", "the colour of y[i], cb[i], cr[i], rounded to the nearest", VPMOVZXBD, false, func(y VecPhysical) {
		VPSLLD(U8(16), y, y)
		VPADDD(constants.Words(1<<15), y, y)
	})
}

// widely is image/color's way to 24 bits.
func widely(y VecPhysical) { VPMULLD(constants.Words(0x10101), y, y) }

// ycc converts with chroma for each pixel or for each two; scale takes luma to 16 more bits.
func ycc(name, what string, expand func(...Op), halved bool, scale func(y VecPhysical)) {
	function(name, "pixel i of dst = "+what+", n a multiple of 8 above 0", "dst, y, cb, cr *uint8")
	blue, red := RDX, RBX
	Load(Param("dst"), dst)
	Load(Param("y"), src)
	Load(Param("cb"), blue)
	Load(Param("cr"), red)
	step := 8
	if halved {
		step = 4
	}
	loop(8, func() {
		VPMOVZXBD(at(src, 0), Y0)
		scale(Y0)
		for k, p := range []Register{blue, red} {
			expand(at(p, 0), v[1+k])
			if halved {
				VPSHUFD(U8(0xa0), v[1+k], v[1+k])
			}
			VPSUBD(constants.Words(128), v[1+k], v[1+k])
		}
		VPMULLD(constants.Words(91881), Y2, Y3)
		VPADDD(Y3, Y0, Y3)
		VPMULLD(constants.Words(22554), Y1, Y4)
		VPMULLD(constants.Words(46802), Y2, Y2)
		VPSUBD(Y4, Y0, Y4)
		VPSUBD(Y2, Y4, Y4)
		VPMULLD(constants.Words(116130), Y1, Y5)
		VPADDD(Y5, Y0, Y5)
		for _, r := range v[3:6] {
			VPSRAD(U8(16), r, r)
		}
		storeGroup(Y3, Y4, Y5, dst)
		ADDQ(U8(8), src)
		ADDQ(U8(step), blue)
		ADDQ(U8(step), red)
		next(dst)
	})
}

// normalize divides by 255 as a correctly rounded division would: by the
// reciprocal, and then by what that leaves.
func normalize() {
	function("avx2Normalize", "dst[i] = (src[i]/255 - mean[i%24]) / std[i%24], n a multiple of 24 above 0", "dst *float32, src *uint8, mean, std *float32")
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("mean"), RDX)
	Load(Param("std"), RBX)
	for k := range 3 {
		VMOVUPS(at(RDX, 32*k), v[9+k])
		VMOVUPS(at(RBX, 32*k), v[12+k])
	}
	VMOVUPS(constants.Num(1./255), Y15)
	VMOVUPS(constants.Num(255), Y8)
	loop(24, func() {
		for k := range 3 {
			x, q := v[2*k], v[2*k+1]
			VPMOVZXBD(at(src, 8*k), x)
			VCVTDQ2PS(x, x)
			VMULPS(Y15, x, q)
			VFNMADD231PS(Y8, q, x)
			VFMADD231PS(Y15, x, q)
			VSUBPS(v[9+k], q, q)
			VDIVPS(v[12+k], q, q)
			VMOVUPS(q, at(dst, 32*k))
		}
		ADDQ(U8(24), src)
		ADDQ(U8(96), dst)
	})
}

package main

import (
	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// jfif works on words of 16 bits, 16 pixels at a time. A factor above a half is taken
// as what it is beyond 0 or 1, so that products fit (libjpeg-turbo's jdcolext); the
// bytes are those of sums in 32 bits.
func jfif() {
	function("avx2JFIF", "pixel i of dst = the colour of y[i], cb[i], cr[i], rounded to the nearest, n a multiple of 16 above 0", "dst, y, cb, cr *uint8")
	Load(Param("dst"), dst)
	Load(Param("y"), src)
	Load(Param("cb"), RDX)
	Load(Param("cr"), RBX)
	pair := func(low, high int16) Mem { return constants.Words(uint32(uint16(low)) | uint32(uint16(high))<<16) }
	loop(16, func() {
		luma, blue, red := Y0, Y1, Y2
		VPMOVZXBW(at(src, 0), luma)
		VPMOVZXBW(at(RDX, 0), blue)
		VPMOVZXBW(at(RBX, 0), red)
		for _, r := range []VecPhysical{blue, red} {
			VPSUBW(pair(128, 128), r, r)
		}
		// red + 0.402 red, and blue + blue - 0.228 blue: twice the chroma times the
		// factor in 16 bits, cut, and half of that, rounded
		beyond := func(chroma VecPhysical, factor int16, r VecPhysical) {
			VPADDW(chroma, chroma, r)
			VPMULHW(pair(factor, factor), r, r)
			VPADDW(pair(1, 1), r, r)
			VPSRAW(U8(1), r, r)
		}
		beyond(red, 26345, Y3)
		VPADDW(red, Y3, Y3)
		beyond(blue, -14942, Y5)
		VPADDW(blue, Y5, Y5)
		VPADDW(blue, Y5, Y5)
		// -0.344 blue + 0.286 red - red
		VPUNPCKLWD(red, blue, Y4)
		VPUNPCKHWD(red, blue, Y6)
		for _, r := range []VecPhysical{Y4, Y6} {
			VPMADDWD(pair(-22554, 65536-46802), r, r)
			VPADDD(constants.Words(1<<15), r, r)
			VPSRAD(U8(16), r, r)
		}
		VPACKSSDW(Y6, Y4, Y4)
		VPSUBW(red, Y4, Y4)
		for _, r := range []VecPhysical{Y3, Y4, Y5} {
			VPADDW(luma, r, r)
		}
		storeSixteen()
		ADDQ(U8(16), src)
		ADDQ(U8(16), RDX)
		ADDQ(U8(16), RBX)
		ADDQ(U8(48), dst)
	})
}

// storeSixteen stores pixels whose red, green and blue are the words of Y3 to Y5.
func storeSixteen() {
	VPACKUSWB(Y4, Y3, Y3) // r0-7 g0-7 of pixels 0 to 7, and of 8 to 15
	VPACKUSWB(Y5, Y5, Y5)
	// the first 16 bytes of each half, then the last 8
	spread := func(from, n int) (rg, b []byte) {
		for i := range 16 {
			k, c := (from+i)/3, (from+i)%3
			switch {
			case i >= n:
				rg, b = append(rg, none), append(b, none)
			case c == 2:
				rg, b = append(rg, none), append(b, byte(k))
			default:
				rg, b = append(rg, byte(8*c+k)), append(b, none)
			}
		}
		return rg, b
	}
	rg, b := spread(0, 16)
	VPSHUFB(constants.Bytes(rg...), Y3, Y6)
	VPSHUFB(constants.Bytes(b...), Y5, Y7)
	VPOR(Y7, Y6, Y6)
	rg, b = spread(16, 8)
	VPSHUFB(constants.Bytes(rg...), Y3, Y3)
	VPSHUFB(constants.Bytes(b...), Y5, Y5)
	VPOR(Y5, Y3, Y3)
	VMOVDQU(X6, at(dst, 0))
	VMOVQ(X3, at(dst, 16))
	VEXTRACTI128(U8(1), Y6, X6)
	VEXTRACTI128(U8(1), Y3, X3)
	VMOVDQU(X6, at(dst, 24))
	VMOVQ(X3, at(dst, 40))
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

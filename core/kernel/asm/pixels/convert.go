package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ycc converts with chroma for each pixel or for each two.
func ycc(name, more string, expand func(...Op), halved bool) {
	function(name, "pixel i of dst = color.YCbCrToRGB(y[i], cb[i], cr[i]), n a multiple of 8 above 0"+more, "dst, y, cb, cr *uint8")
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
		VPMULLD(words(0x10101), Y0, Y0)
		for k, p := range []Register{blue, red} {
			expand(at(p, 0), v[1+k])
			if halved {
				VPSHUFD(U8(0xa0), v[1+k], v[1+k])
			}
			VPSUBD(words(128), v[1+k], v[1+k])
		}
		VPMULLD(words(91881), Y2, Y3)
		VPADDD(Y3, Y0, Y3)
		VPMULLD(words(22554), Y1, Y4)
		VPMULLD(words(46802), Y2, Y2)
		VPSUBD(Y4, Y0, Y4)
		VPSUBD(Y2, Y4, Y4)
		VPMULLD(words(116130), Y1, Y5)
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
	VMOVUPS(num(1./255), Y15)
	VMOVUPS(num(255), Y8)
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

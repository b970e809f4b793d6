package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose, AVX2 for every processor, moves blocks of 8x8 words: 8 rows of dst, cols of its columns.
func transpose() {
	TEXT("avxTranspose8", NOSPLIT, "func(dst, src *uint32, dstStride, srcStride, cols int)")
	Pragma("noescape")
	Doc("avxTranspose8: dst[i*dstStride+j] = src[j*srcStride+i], i < 8, j < cols, cols a multiple of 8 above 0.")
	on, v = avx2, avx2.v
	dst, src, ds, ss, n, d3, s3 := RDI, RSI, RAX, RBX, RCX, R8, R9
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("dstStride"), ds)
	Load(Param("srcStride"), ss)
	Load(Param("cols"), n)
	SHLQ(U8(2), ds)
	SHLQ(U8(2), ss)
	LEAQ(Mem{Base: ds, Index: ds, Scale: 2}, d3)
	LEAQ(Mem{Base: ss, Index: ss, Scale: 2}, s3)
	row := func(base, stride, stride3 GPPhysical, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: stride3, Scale: 1}
		}
		return Mem{Base: base, Index: stride, Scale: uint8(i)}
	}
	SHRQ(U8(3), n)
	Label("block")
	LEAQ(Mem{Base: src, Index: ss, Scale: 4}, R10)
	LEAQ(Mem{Base: dst, Index: ds, Scale: 4}, R11)
	for i := range 4 {
		VMOVUPS(row(src, ss, s3, i), v[i])
		VMOVUPS(row(R10, ss, s3, i), v[4+i])
	}
	for i := 0; i < 8; i += 2 { // pairs of rows: y8.. = t0..t7
		VUNPCKLPS(v[i+1], v[i], v[8+i])
		VUNPCKHPS(v[i+1], v[i], v[9+i])
	}
	for h := 0; h < 8; h += 4 { // fours of rows: y0.. = tt0..tt7
		VSHUFPS(U8(0x44), v[10+h], v[8+h], v[h])
		VSHUFPS(U8(0xee), v[10+h], v[8+h], v[h+1])
		VSHUFPS(U8(0x44), v[11+h], v[9+h], v[h+2])
		VSHUFPS(U8(0xee), v[11+h], v[9+h], v[h+3])
	}
	for i := range 4 {
		VPERM2F128(U8(0x20), v[4+i], v[i], v[8+i])
		VMOVUPS(v[8+i], row(dst, ds, d3, i))
		VPERM2F128(U8(0x31), v[4+i], v[i], v[12+i])
		VMOVUPS(v[12+i], row(R11, ds, d3, i))
	}
	ADDQ(U8(32), dst)
	LEAQ(Mem{Base: R10, Index: ss, Scale: 4}, src)
	DECQ(n)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

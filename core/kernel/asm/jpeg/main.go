// Command jpeg writes the assembly of core/data/libjpeg, for AVX2: each function
// gives the bytes of its plain twin there. Run generate.sh after a change; a test of
// package libjpeg compares the output.
package main

import (
	"slices"

	"github.com/fwlab/fw/core/kernel/asm/constants"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!noasm")
	transform()
	weigh()
	widen()
	Generate()
}

func at(r Register, disp int) Mem { return Mem{Base: r, Disp: disp} }

// times leaves c*a in dst.
func times(c int32, a, dst VecPhysical) { VPMULLD(constants.Words(uint32(c)), a, dst) }

// transform keeps row k of the block, 32 bits each, in register k.
func transform() {
	TEXT("avx2Transform", NOSPLIT, "func(dst *uint8, stride int, b *int16)")
	Pragma("noescape")
	Doc("avx2Transform is plainTransform; rows of dst are stride bytes apart.")
	Load(Param("dst"), RDI)
	Load(Param("stride"), RDX)
	Load(Param("b"), RSI)
	v := [8]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}
	for k, r := range v {
		VPMOVSXWD(at(RSI, 16*k), r)
	}
	v = line(v, 11)
	v = transpose(v)
	v = line(v, 18)
	store(v)
	VZEROUPPER()
	RET()
}

// line transforms the columns of v, and shifts the results with rounding. It gives
// the registers that rows are in then.
func line(v [8]VecPhysical, shift uint8) [8]VecPhysical {
	// even rows: sums and differences s0 to s3 replace them
	free := others(v)
	z, t := free[0], free[1]
	VPADDD(v[6], v[2], z)
	times(4433, z, z)
	times(15137, v[6], t)
	times(6270, v[2], v[2])
	VPADDD(z, v[2], v[2]) // e3
	VPSUBD(t, z, z)       // e2
	VPADDD(v[4], v[0], t)
	VPSUBD(v[4], v[0], v[0])
	for _, r := range []VecPhysical{t, v[0]} {
		VPSLLD(U8(13), r, r)
		VPADDD(constants.Words(1<<(shift-1)), r, r)
	}
	e1 := v[0]
	s0, s3 := v[4], v[6]
	VPADDD(v[2], t, s0)
	VPSUBD(v[2], t, s3)
	s1, s2 := v[2], e1
	VPADDD(z, e1, s1)
	VPSUBD(z, e1, s2)

	// odd rows: o0 to o3 replace rows 7, 5, 3 and 1
	z1, z2, z3, z4, z5 := free[0], free[1], free[2], free[3], free[4]
	VPADDD(v[1], v[7], z1)
	VPADDD(v[3], v[5], z2)
	VPADDD(v[3], v[7], z3)
	VPADDD(v[1], v[5], z4)
	VPADDD(z4, z3, z5)
	times(9633, z5, z5)
	times(-7373, z1, z1)
	times(-20995, z2, z2)
	times(-16069, z3, z3)
	times(-3196, z4, z4)
	VPADDD(z5, z3, z3)
	VPADDD(z5, z4, z4)
	for _, o := range []struct {
		row  VecPhysical
		c    int32
		a, b VecPhysical
	}{{v[7], 2446, z1, z3}, {v[5], 16819, z2, z4}, {v[3], 25172, z2, z3}, {v[1], 12299, z1, z4}} {
		times(o.c, o.row, o.row)
		VPADDD(o.a, o.row, o.row)
		VPADDD(o.b, o.row, o.row)
	}
	o0, o1, o2, o3 := v[7], v[5], v[3], v[1]

	out := [8]VecPhysical{}
	for k, p := range [4][2]VecPhysical{{s0, o3}, {s1, o2}, {s2, o1}, {s3, o0}} {
		low, high := free[k], p[0]
		VPADDD(p[1], p[0], low)
		VPSUBD(p[1], p[0], high)
		for _, r := range []VecPhysical{low, high} {
			VPSRAD(U8(shift), r, r)
		}
		out[k], out[7-k] = low, high
	}
	return out
}

// others are the registers that are not in v.
func others(v [8]VecPhysical) (free [8]VecPhysical) {
	n := 0
	for _, r := range []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15} {
		if !slices.Contains(v[:], r) {
			free[n] = r
			n++
		}
	}
	return free
}

// transpose exchanges rows and columns; it gives the registers of the new rows.
func transpose(v [8]VecPhysical) [8]VecPhysical {
	a := others(v)
	for k := range 4 { // pairs of rows
		VPUNPCKLDQ(v[2*k+1], v[2*k], a[2*k])
		VPUNPCKHDQ(v[2*k+1], v[2*k], a[2*k+1])
	}
	b := v // fours of rows
	for k := range 2 {
		low, high := a[4*k:], a[4*k+2:]
		VPUNPCKLQDQ(high[0], low[0], b[4*k])
		VPUNPCKHQDQ(high[0], low[0], b[4*k+1])
		VPUNPCKLQDQ(high[1], low[1], b[4*k+2])
		VPUNPCKHQDQ(high[1], low[1], b[4*k+3])
	}
	for k := range 4 {
		VPERM2I128(U8(0x20), b[4+k], b[k], a[k])
		VPERM2I128(U8(0x31), b[4+k], b[k], a[4+k])
	}
	return a
}

// store writes samples of which v[k] is column k.
func store(v [8]VecPhysical) {
	for k := range 4 {
		VPACKSSDW(v[2*k+1], v[2*k], v[2*k])
	}
	for k := range 4 { // 0 is the middle level
		VPADDSW(constants.Words(128|128<<16), v[2*k], v[2*k])
	}
	left, right := v[0], v[4] // columns 0 to 3 and 4 to 7: those of four rows in each half
	VPACKUSWB(v[2], v[0], left)
	VPACKUSWB(v[6], v[4], right)
	rows := constants.Bytes(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
	VPSHUFB(rows, left, left)
	VPSHUFB(rows, right, right)
	low, high := v[2], v[6]
	VPUNPCKLDQ(right, left, low)
	VPUNPCKHDQ(right, left, high)
	for half := range 2 {
		for _, r := range []VecPhysical{low, high} {
			if half == 1 {
				VEXTRACTI128(U8(1), r, r.AsX())
			}
			VMOVQ(r.AsX(), at(RDI, 0))
			VMOVHPS(r.AsX(), Mem{Base: RDI, Index: RDX, Scale: 1})
			LEAQ(Mem{Base: RDI, Index: RDX, Scale: 2}, RDI)
		}
	}
}

func loop(body func()) {
	Label("loop")
	body()
	SUBQ(U8(16), RCX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func weigh() {
	TEXT("avx2Weigh", NOSPLIT, "func(sums *uint16, near, far *uint8, n int)")
	Pragma("noescape")
	Doc("avx2Weigh: sums[i] = 3*near[i] + far[i], n a multiple of 16 above 0.")
	Load(Param("sums"), RDI)
	Load(Param("near"), RSI)
	Load(Param("far"), RDX)
	Load(Param("n"), RCX)
	loop(func() {
		VPMOVZXBW(at(RSI, 0), Y0)
		VPMOVZXBW(at(RDX, 0), Y1)
		VPADDW(Y0, Y1, Y1)
		VPADDW(Y0, Y0, Y0)
		VPADDW(Y1, Y0, Y0)
		VMOVDQU(Y0, at(RDI, 0))
		ADDQ(U8(32), RDI)
		ADDQ(U8(16), RSI)
		ADDQ(U8(16), RDX)
	})
}

func widen() {
	TEXT("avx2Widen", NOSPLIT, "func(out *uint8, sums *uint16, even, odd uint16, n int)")
	Pragma("noescape")
	Doc("avx2Widen: out[2*i] = (3*sums[i] + sums[i-1] + even)/16 and out[2*i+1] = (3*sums[i] + sums[i+1] + odd)/16, n a multiple of 16 above 0.")
	Load(Param("out"), RDI)
	Load(Param("sums"), RSI)
	Load(Param("n"), RCX)
	spread("even", Y14)
	spread("odd", Y15)
	loop(func() {
		VMOVDQU(at(RSI, 0), Y0)
		VPADDW(Y0, Y0, Y1)
		VPADDW(Y0, Y1, Y0)
		VPADDW(at(RSI, -2), Y0, Y1)
		VPADDW(at(RSI, 2), Y0, Y2)
		VPADDW(Y14, Y1, Y1)
		VPADDW(Y15, Y2, Y2)
		VPSRLW(U8(4), Y1, Y1)
		VPSRLW(U8(4), Y2, Y2)
		VPSLLW(U8(8), Y2, Y2)
		VPOR(Y1, Y2, Y2)
		VMOVDQU(Y2, at(RDI, 0))
		ADDQ(U8(32), RSI)
		ADDQ(U8(32), RDI)
	})
}

// spread fills a vector with an argument of 16 bits.
func spread(name string, r VecPhysical) {
	Load(Param(name), EAX)
	VMOVD(EAX, r.AsX())
	VPBROADCASTW(r.AsX(), r)
}

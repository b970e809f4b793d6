// Command asm generates ../gen_amd64.s: AVX2 kernels, each equal to the loop in
// its comment. Run generate.sh after a change; a test compares the output.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

var y = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

func main() {
	ConstraintExpr("!noasm")
	gemm(6)
	for _, b := range []struct {
		name, doc string
		op        func(a, b, dst VecPhysical)
	}{
		{"avxAdd", "a[i] + b[i]", func(a, b, dst VecPhysical) { VADDPS(b, a, dst) }},
		{"avxSub", "a[i] - b[i]", func(a, b, dst VecPhysical) { VSUBPS(b, a, dst) }},
		{"avxMul", "a[i] * b[i]", func(a, b, dst VecPhysical) { VMULPS(b, a, dst) }},
		{"avxDiv", "a[i] / b[i]", func(a, b, dst VecPhysical) { VDIVPS(b, a, dst) }},
		{"avxMax", "max(a[i], b[i]), NaN if either is", func(a, b, dst VecPhysical) { nan(a, b, dst, VMAXPS) }},
		{"avxMin", "min(a[i], b[i]), NaN if either is", func(a, b, dst VecPhysical) { nan(a, b, dst, VMINPS) }},
		{"avxAnd", "bits of a[i] & b[i]", func(a, b, dst VecPhysical) { VANDPS(b, a, dst) }},
		{"avxOr", "bits of a[i] | b[i]", func(a, b, dst VecPhysical) { VORPS(b, a, dst) }},
		{"avxXor", "bits of a[i] ^ b[i]", func(a, b, dst VecPhysical) { VXORPS(b, a, dst) }},
		{"avxEQ", "all ones where a[i] == b[i]", func(a, b, dst VecPhysical) { VCMPPS(U8(0), b, a, dst) }},
		{"avxNE", "all ones where a[i] != b[i]", func(a, b, dst VecPhysical) { VCMPPS(U8(4), b, a, dst) }},
		{"avxLT", "all ones where a[i] < b[i]", func(a, b, dst VecPhysical) { VCMPPS(U8(0x11), b, a, dst) }},
		{"avxLE", "all ones where a[i] <= b[i]", func(a, b, dst VecPhysical) { VCMPPS(U8(0x12), b, a, dst) }},
	} {
		binary(b.name, b.doc, b.op)
	}
	unary("avxSqrt", "sqrt(a[i])", nil, func(_, a, dst VecPhysical) { VSQRTPS(a, dst) })
	unary("avxRsqrt", "1 / sqrt(a[i])", func(c VecPhysical) { broadcast(c, 0x3f800000) }, func(c, a, dst VecPhysical) {
		VSQRTPS(a, a)
		VDIVPS(a, c, dst)
	})
	unary("avxAbs", "|a[i]|", func(c VecPhysical) { broadcast(c, 0x7fffffff) }, func(c, a, dst VecPhysical) { VANDPS(a, c, dst) })
	unary("avxNeg", "-a[i]", func(c VecPhysical) { broadcast(c, 0x80000000) }, func(c, a, dst VecPhysical) { VXORPS(a, c, dst) })
	exp()
	selectOp()
	columns()
	Generate()
}

func broadcast(c VecPhysical, bits uint32) {
	MOVL(U32(bits), EAX)
	VMOVD(EAX, c.AsX())
	VBROADCASTSS(c.AsX(), c)
}

// nan makes a maximum or minimum that is NaN where either operand is.
func nan(a, b, dst VecPhysical, op func(...Op)) {
	VCMPPS(U8(3), b, a, Y3)
	op(b, a, dst)
	VORPS(Y3, dst, dst)
}

// gemm: C[mr x 16] (+)= A * B, with A's element (i,k) at a + i*is + k*ks bytes and B's row k at b + k*64.
func gemm(mr int) {
	TEXT("avxGemm6x16", NOSPLIT, "func(k int, a *float32, is, ks int, b *float32, c *float32, ldc int, acc int)")
	Doc("avxGemm6x16: c[i][j] (+)= sum over k of a[i*is + k*ks] * b[16*k + j]; strides in bytes, i < 6, j < 16.")
	Load(Param("k"), RCX)
	Load(Param("a"), RSI)
	Load(Param("is"), RAX)
	Load(Param("ks"), RBX)
	Load(Param("b"), RDI)
	LEAQ(Mem{Base: RAX, Index: RAX, Scale: 2}, RDX) // 3 is
	LEAQ(Mem{Base: RDX, Index: RAX, Scale: 2}, R8)  // 5 is
	row := []Mem{{Base: RSI}, {Base: RSI, Index: RAX, Scale: 1}, {Base: RSI, Index: RAX, Scale: 2}, {Base: RSI, Index: RDX, Scale: 1}, {Base: RSI, Index: RAX, Scale: 4}, {Base: RSI, Index: R8, Scale: 1}}
	for i := range 2 * mr {
		VXORPS(y[i], y[i], y[i])
	}
	step := func() {
		VMOVUPS(Mem{Base: RDI}, Y12)
		VMOVUPS(Mem{Base: RDI, Disp: 32}, Y13)
		for i := range mr {
			a := y[14+i%2]
			VBROADCASTSS(row[i], a)
			VFMADD231PS(Y12, a, y[2*i])
			VFMADD231PS(Y13, a, y[2*i+1])
		}
		ADDQ(RBX, RSI)
		ADDQ(U8(64), RDI)
	}
	MOVQ(RCX, R9)
	SHRQ(U8(2), R9)
	JZ(LabelRef("rest"))
	Label("loop")
	for range 4 {
		step()
	}
	DECQ(R9)
	JNZ(LabelRef("loop"))
	Label("rest")
	ANDQ(U8(3), RCX)
	JZ(LabelRef("done"))
	Label("single")
	step()
	DECQ(RCX)
	JNZ(LabelRef("single"))
	Label("done")
	Load(Param("c"), RDI)
	Load(Param("ldc"), RSI)
	Load(Param("acc"), RCX)
	TESTQ(RCX, RCX)
	JZ(LabelRef("store"))
	MOVQ(RDI, R9)
	for i := range mr {
		VADDPS(Mem{Base: R9}, y[2*i], y[2*i])
		VADDPS(Mem{Base: R9, Disp: 32}, y[2*i+1], y[2*i+1])
		ADDQ(RSI, R9)
	}
	Label("store")
	for i := range mr {
		VMOVUPS(y[2*i], Mem{Base: RDI})
		VMOVUPS(y[2*i+1], Mem{Base: RDI, Disp: 32})
		ADDQ(RSI, RDI)
	}
	VZEROUPPER()
	RET()
}

// loop runs body n/8 times.
func loop(n GPPhysical, body func()) {
	SHRQ(U8(3), n)
	JZ(LabelRef("end"))
	Label("loop")
	body()
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}

func binary(name, doc string, op func(a, b, dst VecPhysical)) {
	TEXT(name, NOSPLIT, "func(dst, a, b *float32, n int)")
	Doc(fmt.Sprintf("%s: dst[i] = %s for i < n, n a multiple of 8.", name, doc))
	Load(Param("dst"), RDI)
	Load(Param("a"), RSI)
	Load(Param("b"), RDX)
	n := Load(Param("n"), RCX).(GPPhysical)
	loop(n, func() {
		VMOVUPS(Mem{Base: RSI}, Y0)
		VMOVUPS(Mem{Base: RDX}, Y1)
		op(Y0, Y1, Y2)
		VMOVUPS(Y2, Mem{Base: RDI})
		for _, r := range []Register{RSI, RDX, RDI} {
			ADDQ(U8(32), r)
		}
	})
}

func unary(name, doc string, before func(c VecPhysical), op func(c, a, dst VecPhysical)) {
	TEXT(name, NOSPLIT, "func(dst, a *float32, n int)")
	Doc(fmt.Sprintf("%s: dst[i] = %s for i < n, n a multiple of 8.", name, doc))
	if before != nil {
		before(Y7)
	}
	Load(Param("dst"), RDI)
	Load(Param("a"), RSI)
	n := Load(Param("n"), RCX).(GPPhysical)
	loop(n, func() {
		VMOVUPS(Mem{Base: RSI}, Y0)
		op(Y7, Y0, Y2)
		VMOVUPS(Y2, Mem{Base: RDI})
		ADDQ(U8(32), RSI)
		ADDQ(U8(32), RDI)
	})
}

// exp: x = n ln2 + r, e^r by a polynomial of degree 6, scaled by 2^n in two steps (Cephes expf).
func exp() {
	TEXT("avxExp", NOSPLIT, "func(dst, a *float32, n int)")
	Doc("avxExp: dst[i] = e^a[i] for i < n, n a multiple of 8; within 2 ulp, 0 below -103.97, +Inf above 88.72, NaN for NaN.")
	consts := []uint32{0x42b17218, 0xc2cff1b5, 0x3fb8aa3b, 0x3f318000, 0xb95e8083}
	regs := []VecPhysical{Y8, Y9, Y10, Y11, Y12}
	for i, c := range consts {
		broadcast(regs[i], c)
	}
	Load(Param("dst"), RDI)
	Load(Param("a"), RSI)
	n := Load(Param("n"), RCX).(GPPhysical)
	poly := []uint32{0x39506967, 0x3ab743ce, 0x3c088908, 0x3d2aa9c1, 0x3e2aaaaa, 0x3f000000}
	mem := GLOBL("expPoly", RODATA|NOPTR)
	for i, p := range poly {
		DATA(i*4, U32(p))
	}
	DATA(24, U32(0x3f800000))
	DATA(28, U32(127))
	at := func(i int) Mem { m := mem; m.Disp = i * 4; return m }
	VBROADCASTSS(at(6), Y13) // 1
	VBROADCASTSS(at(7), Y14) // 127
	loop(n, func() {
		VMOVUPS(Mem{Base: RSI}, Y0)
		VMINPS(Y0, Y8, Y1) // NaN stays: the second source is returned
		VMAXPS(Y1, Y9, Y1)
		VMULPS(Y10, Y1, Y2)
		VROUNDPS(U8(0), Y2, Y2) // n
		VMOVAPS(Y1, Y3)
		VFNMADD231PS(Y11, Y2, Y3)
		VFNMADD231PS(Y12, Y2, Y3) // r
		VBROADCASTSS(at(0), Y4)
		for i := 1; i < 6; i++ {
			VBROADCASTSS(at(i), Y5)
			VFMADD213PS(Y5, Y3, Y4)
		}
		VMULPS(Y3, Y3, Y5)
		VFMADD213PS(Y3, Y5, Y4)
		VADDPS(Y13, Y4, Y4)
		VCVTPS2DQ(Y2, Y2)
		VPSRAD(U8(1), Y2, Y5)
		VPSUBD(Y5, Y2, Y2)
		VPADDD(Y14, Y5, Y5)
		VPSLLD(U8(23), Y5, Y5)
		VPADDD(Y14, Y2, Y2)
		VPSLLD(U8(23), Y2, Y2)
		VMULPS(Y5, Y4, Y4)
		VMULPS(Y2, Y4, Y4)
		VCMPPS(U8(0x1e), Y8, Y0, Y5) // above the range: +Inf
		VXORPS(Y6, Y6, Y6)
		VDIVPS(Y6, Y13, Y6)
		VBLENDVPS(Y5, Y6, Y4, Y4)
		VCMPPS(U8(3), Y0, Y0, Y5) // NaN
		VBLENDVPS(Y5, Y0, Y4, Y4)
		VMOVUPS(Y4, Mem{Base: RDI})
		ADDQ(U8(32), RSI)
		ADDQ(U8(32), RDI)
	})
}

func selectOp() {
	TEXT("avxSelect", NOSPLIT, "func(dst, mask, a, b *float32, n int)")
	Doc("avxSelect: dst[i] = a[i] where the sign bit of mask[i] is set, else b[i], for i < n, n a multiple of 8.")
	Load(Param("dst"), RDI)
	Load(Param("mask"), R8)
	Load(Param("a"), RSI)
	Load(Param("b"), RDX)
	n := Load(Param("n"), RCX).(GPPhysical)
	loop(n, func() {
		VMOVUPS(Mem{Base: R8}, Y0)
		VMOVUPS(Mem{Base: RSI}, Y1)
		VMOVUPS(Mem{Base: RDX}, Y2)
		VBLENDVPS(Y0, Y1, Y2, Y2)
		VMOVUPS(Y2, Mem{Base: RDI})
		for _, r := range []Register{R8, RSI, RDX, RDI} {
			ADDQ(U8(32), r)
		}
	})
}

// columns: kernels over rows of c floats, c a multiple of 8, with one coefficient per column.
func columns() {
	// walk visits the columns 8 at a time; each visit runs all rows of stride c.
	walk := func(pointers []Register, coeffs []Register, load, row, store func()) {
		Load(Param("rows"), R9)
		Load(Param("c"), R10)
		MOVQ(R10, R11)
		SHLQ(U8(2), R11) // stride in bytes
		SHRQ(U8(3), R10)
		Label("column")
		load()
		saved := []Register{R12, R13, R15}
		for i, p := range pointers {
			MOVQ(p, saved[i])
		}
		MOVQ(R9, RAX)
		Label("row")
		row()
		for _, p := range pointers {
			ADDQ(R11, p)
		}
		DECQ(RAX)
		JNZ(LabelRef("row"))
		store()
		for i, p := range pointers {
			MOVQ(saved[i], p)
			ADDQ(U8(32), p)
		}
		for _, p := range coeffs {
			ADDQ(U8(32), p)
		}
		DECQ(R10)
		JNZ(LabelRef("column"))
		VZEROUPPER()
		RET()
	}
	TEXT("avxColSum", NOSPLIT, "func(sum, x *float32, rows, c int)")
	Doc("avxColSum: sum[j] = sum over i < rows of x[i*c+j].")
	Load(Param("sum"), RDI)
	Load(Param("x"), RSI)
	walk([]Register{RSI}, []Register{RDI}, func() { VXORPS(Y0, Y0, Y0) },
		func() { VADDPS(Mem{Base: RSI}, Y0, Y0) },
		func() { VMOVUPS(Y0, Mem{Base: RDI}) })

	TEXT("avxColSumSq", NOSPLIT, "func(sum, x, mean *float32, rows, c int)")
	Doc("avxColSumSq: sum[j] = sum over i < rows of (x[i*c+j]-mean[j])^2.")
	Load(Param("sum"), RDI)
	Load(Param("x"), RSI)
	Load(Param("mean"), RDX)
	walk([]Register{RSI}, []Register{RDI, RDX}, func() { VXORPS(Y0, Y0, Y0); VMOVUPS(Mem{Base: RDX}, Y1) },
		func() { VMOVUPS(Mem{Base: RSI}, Y2); VSUBPS(Y1, Y2, Y2); VFMADD231PS(Y2, Y2, Y0) },
		func() { VMOVUPS(Y0, Mem{Base: RDI}) })

	TEXT("avxColDots", NOSPLIT, "func(sdy, sdyx, dy, x, mean *float32, rows, c int)")
	Doc("avxColDots: sdy[j] = sum of dy[i*c+j], sdyx[j] = sum of dy[i*c+j]*(x[i*c+j]-mean[j]), over i < rows.")
	Load(Param("sdy"), RDI)
	Load(Param("sdyx"), R8)
	Load(Param("dy"), RSI)
	Load(Param("x"), RBX)
	Load(Param("mean"), RDX)
	walk([]Register{RSI, RBX}, []Register{RDI, R8, RDX}, func() { VXORPS(Y0, Y0, Y0); VXORPS(Y3, Y3, Y3); VMOVUPS(Mem{Base: RDX}, Y1) },
		func() {
			VMOVUPS(Mem{Base: RBX}, Y2)
			VSUBPS(Y1, Y2, Y2)
			VMOVUPS(Mem{Base: RSI}, Y4)
			VADDPS(Y4, Y0, Y0)
			VFMADD231PS(Y4, Y2, Y3)
		},
		func() { VMOVUPS(Y0, Mem{Base: RDI}); VMOVUPS(Y3, Mem{Base: R8}) })

	TEXT("avxRowMulAdd", NOSPLIT, "func(dst, x, a, b *float32, rows, c int)")
	Doc("avxRowMulAdd: dst[i*c+j] = x[i*c+j]*a[j] + b[j].")
	Load(Param("dst"), RDI)
	Load(Param("x"), RSI)
	Load(Param("a"), RDX)
	Load(Param("b"), R8)
	walk([]Register{RDI, RSI}, []Register{RDX, R8}, func() { VMOVUPS(Mem{Base: RDX}, Y0); VMOVUPS(Mem{Base: R8}, Y1) },
		func() {
			VMOVUPS(Mem{Base: RSI}, Y2)
			VFMADD213PS(Y1, Y0, Y2)
			VMOVUPS(Y2, Mem{Base: RDI})
		}, func() {})

	TEXT("avxRowMulAdd2", NOSPLIT, "func(dst, x, z, a, b, d *float32, rows, c int)")
	Doc("avxRowMulAdd2: dst[i*c+j] = x[i*c+j]*a[j] + z[i*c+j]*b[j] + d[j].")
	Load(Param("dst"), RDI)
	Load(Param("x"), RSI)
	Load(Param("z"), RBX)
	Load(Param("a"), RDX)
	Load(Param("b"), R8)
	Load(Param("d"), RCX)
	walk([]Register{RDI, RSI, RBX}, []Register{RDX, R8, RCX}, func() { VMOVUPS(Mem{Base: RDX}, Y0); VMOVUPS(Mem{Base: R8}, Y1); VMOVUPS(Mem{Base: RCX}, Y5) },
		func() {
			VMOVUPS(Mem{Base: RSI}, Y2)
			VMOVUPS(Mem{Base: RBX}, Y3)
			VFMADD213PS(Y5, Y0, Y2)
			VFMADD231PS(Y1, Y3, Y2)
			VMOVUPS(Y2, Mem{Base: RDI})
		}, func() {})
}

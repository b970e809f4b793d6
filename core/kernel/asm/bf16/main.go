// Command bf16 writes the assembly of package bf16: conversions between float32
// and bfloat16, each equal to the Go loop beside it, bit by bit. Run generate.sh
// after a change; a test of package bf16 compares the output.
package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// block is how many elements one round converts.
const block = 16

func main() {
	build.ConstraintExpr("!noasm")
	for _, wide := range []bool{false, true} {
		widen(wide)
		narrow(wide)
		round(wide)
	}
	zip()
	pair()
	prefetch()
	build.Generate()
}

var dst, src, count = reg.RDI, reg.RSI, reg.RCX

// stream emits a function of whole blocks: body(k) converts block k of the dstStep
// and srcStep bytes that it advances by.
func stream(name, doc, dstType, srcType string, dstStep, srcStep int, before, body func()) {
	build.TEXT(name, build.NOSPLIT, "func(dst *"+dstType+", src *"+srcType+", n int)")
	build.Pragma("noescape")
	build.Doc(name + ": " + doc + ", n a multiple of 16 above 0.")
	build.Load(build.Param("dst"), dst)
	build.Load(build.Param("src"), src)
	build.Load(build.Param("n"), count)
	before()
	build.Label("block")
	body()
	build.ADDQ(operand.U32(srcStep), src)
	build.ADDQ(operand.U32(dstStep), dst)
	build.SUBQ(operand.U8(block), count)
	build.JNZ(operand.LabelRef("block"))
	build.VZEROUPPER()
	build.RET()
}

func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func prefetch() {
	build.TEXT("prefetchLines", build.NOSPLIT, "func(src *uint16, lines int)")
	build.Pragma("noescape")
	build.Doc("prefetchLines is Prefetch, lines above 0.")
	build.Load(build.Param("src"), src)
	build.Load(build.Param("lines"), count)
	build.Label("line")
	build.PREFETCHT0(at(src, 0))
	build.ADDQ(operand.U8(64), src)
	build.DECQ(count)
	build.JNZ(operand.LabelRef("line"))
	build.RET()
}

func nothing() {}

func widen(wide bool) {
	const doc = "dst[i] = the float32 that the bfloat16 src[i] is"
	if wide {
		stream("avx512Widen", doc, "float32", "uint16", 4*block, 2*block, nothing, func() {
			build.VPMOVZXWD(at(src, 0), reg.Z0)
			build.VPSLLD(operand.U8(16), reg.Z0, reg.Z0)
			build.VMOVUPS(reg.Z0, at(dst, 0))
		})
		return
	}
	stream("avx2Widen", doc, "float32", "uint16", 4*block, 2*block, nothing, func() {
		for k, y := range []reg.VecPhysical{reg.Y0, reg.Y1} {
			build.VPMOVZXWD(at(src, 16*k), y)
			build.VPSLLD(operand.U8(16), y, y)
			build.VMOVDQU(y, at(dst, 32*k))
		}
	})
}

func narrow(wide bool) {
	const doc = "dst[i] = the bfloat16 nearest to src[i]"
	if wide {
		stream("avx512Narrow", doc, "uint16", "float32", 2*block, 4*block, nothing, func() {
			build.VMOVUPS(at(src, 0), reg.Z0)
			convert()
			build.VMOVDQU(reg.Y0, at(dst, 0))
		})
		return
	}
	stream("avx2Narrow", doc, "uint16", "float32", 2*block, 4*block, constants, func() {
		for k, y := range []reg.VecPhysical{reg.Y0, reg.Y1} {
			build.VMOVUPS(at(src, 32*k), y)
			roundInPlace(y)
			build.VPSRLD(operand.U8(16), y, y)
		}
		build.VPACKUSDW(reg.Y1, reg.Y0, reg.Y0) // within each half
		build.VPERMQ(operand.U8(0xd8), reg.Y0, reg.Y0)
		build.VMOVDQU(reg.Y0, at(dst, 0))
	})
}

func round(wide bool) {
	const doc = "dst[i] = the bfloat16 nearest to src[i], as a float32"
	if wide {
		stream("avx512Round", doc, "float32", "float32", 4*block, 4*block, nothing, func() {
			build.VMOVUPS(at(src, 0), reg.Z0)
			convert()
			build.VPMOVZXWD(reg.Y0, reg.Z0)
			build.VPSLLD(operand.U8(16), reg.Z0, reg.Z0)
			build.VMOVUPS(reg.Z0, at(dst, 0))
		})
		return
	}
	stream("avx2Round", doc, "float32", "float32", 4*block, 4*block, constants, func() {
		for k, y := range []reg.VecPhysical{reg.Y0, reg.Y1} {
			build.VMOVUPS(at(src, 32*k), y)
			roundInPlace(y)
			build.VMOVUPS(y, at(dst, 32*k))
		}
	})
}

// convert is VCVTNEPS2BF16 Z0, Y0, which Go's assembler does not know:
// EVEX.512.F3.0F38.W0 72 /r.
func convert() {
	for _, b := range []uint64{0x62, 0xf2, 0x7e, 0x48, 0x72, 0xc0} {
		raw(b)
	}
}

var (
	half, sign, exponent, quiet, lowest = reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12
	zero, upper                         = reg.Y13, reg.Y14
)

func constants() {
	for _, c := range []struct {
		bits uint32
		y    reg.VecPhysical
	}{{0x7fff, half}, {1 << 31, sign}, {0xff << 23, exponent}, {1 << 22, quiet}, {1, lowest}, {0xffff << 16, upper}} {
		build.MOVL(operand.U32(c.bits), reg.EAX)
		build.VMOVD(reg.EAX, c.y.AsX())
		build.VPBROADCASTD(c.y.AsX(), c.y)
	}
	build.VPXOR(zero, zero, zero)
}

// roundInPlace leaves the nearest bfloat16 in the upper halves of x, and zeros in
// the lower ones.
func roundInPlace(x reg.VecPhysical) {
	t, mask := reg.Y4, reg.Y5
	build.VPSRLD(operand.U8(16), x, t)
	build.VPAND(lowest, t, t)
	build.VPADDD(half, t, t)
	build.VPADDD(x, t, t)
	build.VCMPPS(operand.U8(3), x, x, mask) // NaN
	build.VPOR(quiet, x, reg.Y6)
	build.VBLENDVPS(mask, reg.Y6, t, t)
	build.VPAND(exponent, x, mask)
	build.VPCMPEQD(zero, mask, mask) // zeros and denormals
	build.VPAND(sign, x, x)
	build.VBLENDVPS(mask, x, t, x)
	build.VPAND(upper, x, x)
}

// Command winograd writes the assembly of package conv/winograd: the transforms
// of Winograd convolution, each equal to the Go function beside it, addition by
// addition. Run generate.sh after a change; a test of package winograd compares
// the output.
package main

import (
	"github.com/fwlab/fw/core/kernel/asm/evex"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// target is an instruction set: sixteen vector registers and the bytes in each.
type target struct {
	prefix     string
	r          []reg.VecPhysical
	bytes      int
	halfImage  bool // pixels are bfloat16
	halfMatrix bool // and the transformed input is
}

var targets = []target{
	{"avx2", []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}, 32, false, false},
	{"avx512", []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	}, 64, false, false},
}

func main() {
	build.ConstraintExpr("!noasm")
	for _, t := range targets {
		t.input(false)
		t.input(true)
		t.output(false)
		t.output(true)
		t.gradient(false)
		t.gradient(true)
		t.weights("Weights", false)
		t.weights("WeightsRotated", true)
		t.weightGradient()
		t.input4(false)
		t.input4(true)
		t.output4(false)
		t.output4(true)
		t.gradient4(false)
		t.gradient4(true)
		t.weights4("Weights4", false)
		t.weights4("WeightsRotated4", true)
		t.weightGradient4()
	}
	widening := targets[1]
	widening.prefix, widening.halfImage = "widening", true
	widening.input(false)
	widening.input(true)
	widening.gradient(false)
	widening.gradient(true)
	half := widening
	half.prefix, half.halfMatrix = "half", true
	half.input(false)
	half.input(true)
	half.output(false)
	half.output(true)
	prefetch()
	build.Generate()
}

// imageBytes and matrixBytes are of a vector's channels.
func (t target) imageBytes() int {
	if t.halfImage {
		return t.bytes / 2
	}
	return t.bytes
}

func (t target) matrixBytes() int {
	if t.halfMatrix {
		return t.bytes / 2
	}
	return t.bytes
}

// load reads channels as float32.
func (t target) load(p pixels, r, c, bytes int, dst reg.VecPhysical) {
	m := p.at(r, c, bytes)
	if t.halfImage {
		build.VPMOVZXWD(m, dst)
		build.VPSLLD(operand.U8(16), dst, dst)
		return
	}
	build.VMOVUPS(m, dst)
}

// store writes channels, rounded to bfloat16 if half is set; it may leave r so.
func store(half, stream bool, r reg.VecPhysical, m operand.Mem) {
	var from operand.Op = r
	if half {
		evex.Narrow(r)
		from = r.(reg.Vec).AsY()
	}
	if stream {
		build.VMOVNTPS(from, m)
	} else {
		build.VMOVUPS(from, m)
	}
}

// channels is the number of channels in a vector.
func (t target) channels() int { return t.bytes / 4 }

// args is where a function finds its struct of arguments.
var args = reg.R15

func open(name, params, doc string) {
	build.TEXT(name, build.NOSPLIT, "func("+params+")")
	build.Pragma("noescape")
	build.Doc(name + " " + doc)
}

func end() {
	build.VZEROUPPER()
	build.RET()
}

func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// plus is the memory that lies times index beyond base; times is 0, 1 or 2.
func plus(base, index reg.Register, times int) operand.Mem {
	if times == 0 {
		return operand.Mem{Base: base}
	}
	return operand.Mem{Base: base, Index: index, Scale: uint8(times)}
}

// line is a base and three strides from it, as operands: four pixels, or four matrices.
type line struct{ base, stride, stride3 reg.Register }

func (l line) at(i int) operand.Mem {
	if i == 3 {
		return plus(l.base, l.stride3, 1)
	}
	return plus(l.base, l.stride, i)
}

// matrices are the 16 of a transformed tile, in four lines of four.
type matrices [4]line

// newMatrices loads the stride from xi and sets four bases, the first of which holds the first matrix.
func newMatrices(xi operand.Mem, base [4]reg.GPPhysical, stride, stride3 reg.GPPhysical) (m matrices) {
	build.MOVQ(xi, stride)
	build.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	for r := 1; r < 4; r++ {
		build.LEAQ(operand.Mem{Base: base[r-1], Index: stride, Scale: 4}, base[r])
	}
	for r := range m {
		m[r] = line{base[r], stride, stride3}
	}
	return m
}

func (m matrices) bases() (out []reg.Register) {
	for _, l := range m {
		out = append(out, l.base)
	}
	return out
}

func advance(by operand.Op, regs ...reg.Register) {
	for _, r := range regs {
		build.ADDQ(by, r)
	}
}

func prefetch() {
	open("prefetchLines", "from *float32, lines int", "is Prefetch, lines above 0.")
	build.Load(build.Param("from"), reg.RSI)
	build.Load(build.Param("lines"), reg.RCX)
	build.Label("line")
	build.PREFETCHT0(at(reg.RSI, 0))
	build.ADDQ(operand.U8(64), reg.RSI)
	build.DECQ(reg.RCX)
	build.JNZ(operand.LabelRef("line"))
	build.RET()
}

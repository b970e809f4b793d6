package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

var y = []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// The order in which pointer arguments take registers.
var pointerRegs = []GPPhysical{RDI, RSI, RDX, R8, R9, R10, R11, R13}

// start opens a function whose arguments are float32 pointers, then scalars,
// then the length n. The pointers come back in registers, the scalars are
// broadcast into Y15, Y14, ...
func start(name, doc string, pointers, scalars []string, result string) []GPPhysical {
	sig := "func("
	for i, p := range pointers {
		if i > 0 {
			sig += ", "
		}
		sig += p
	}
	sig += " *float32"
	for _, s := range scalars {
		sig += ", " + s + " float32"
	}
	sig += ", n int)" + result
	TEXT(name, NOSPLIT, sig)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s: %s, n a multiple of 8.", name, doc))
	regs := pointerRegs[:len(pointers)]
	for i, p := range pointers {
		Load(Param(p), regs[i])
	}
	for i, s := range scalars {
		a, err := Param(s).Resolve()
		if err != nil {
			panic(err)
		}
		VBROADCASTSS(a.Addr, y[15-i])
	}
	Load(Param("n"), RCX)
	return regs
}

// stream emits a loop over RCX elements, 8 to a vector: body gets the number of
// the vector within the unrolled group.
func stream(unroll int, advance []step, body func(k int)) {
	SHRQ(U8(3), RCX)
	if unroll > 1 {
		CMPQ(RCX, U8(unroll))
		JB(LabelRef("tail"))
		Label("group")
		for k := range unroll {
			body(k)
		}
		for _, a := range advance {
			ADDQ(U32(a.bytes*unroll), a.reg)
		}
		SUBQ(U8(unroll), RCX)
		CMPQ(RCX, U8(unroll))
		JAE(LabelRef("group"))
		Label("tail")
	}
	TESTQ(RCX, RCX)
	JZ(LabelRef("done"))
	Label("single")
	body(0)
	for _, a := range advance {
		ADDQ(U8(a.bytes), a.reg)
	}
	DECQ(RCX)
	JNZ(LabelRef("single"))
	Label("done")
}

// step is how far a pointer moves for 8 elements.
type step struct {
	reg   GPPhysical
	bytes int
}

func floats(regs ...GPPhysical) []step {
	out := make([]step, len(regs))
	for i, r := range regs {
		out[i] = step{r, 32}
	}
	return out
}

func at(r GPPhysical, k int) Mem { return Mem{Base: r, Disp: 32 * k} }

func finish() {
	VZEROUPPER()
	RET()
}

var constants = map[uint32]Mem{}

// word is memory that holds eight copies of bits.
func word(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}

// num is memory that holds eight copies of v.
func num(v float64) Mem { return word(math.Float32bits(float32(v))) }

// horner leaves c[0] x^(n-1) + ... + c[n-1] in p.
func horner(p, x VecPhysical, c ...float64) {
	VMOVUPS(num(c[0]), p)
	for _, v := range c[1:] {
		VFMADD213PS(num(v), x, p)
	}
}

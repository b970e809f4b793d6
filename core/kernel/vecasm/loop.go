package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The order in which pointer arguments take registers.
var pointerRegs = []GPPhysical{RDI, RSI, RDX, R8, R9, R10, R11, R13}

// Two kinds of lengths. With any, AVX-512 takes the last elements by a mask and
// AVX2 wants whole vectors. With eights, both add in the same order: as if a
// vector had 8 lanes.
const (
	any    = "n a multiple of 8 for AVX2"
	eights = "n a multiple of 8"
)

// function emits a function whose arguments are float32 pointers, then scalars,
// then the length n. body finds the pointers in registers and the scalars
// broadcast into v[15], v[14], ...
func function(name, doc, length string, pointers, scalars []string, result string, body func(r []GPPhysical)) {
	sig := "func(" + strings.Join(pointers, ", ") + " *float32"
	for _, s := range scalars {
		sig += ", " + s + " float32"
	}
	TEXT(name, NOSPLIT, sig+", n int)"+result)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s: %s, %s.", name, doc, length))
	both(func() {
		body(loadArguments(pointers, scalars))
	})
}

func loadArguments(pointers, scalars []string) []GPPhysical {
	regs := pointerRegs[:len(pointers)]
	for i, p := range pointers {
		Load(Param(p), regs[i])
	}
	for i, s := range scalars {
		a, err := Param(s).Resolve()
		if err != nil {
			panic(err)
		}
		VBROADCASTSS(a.Addr, v[15-i])
	}
	Load(Param("n"), RCX)
	return regs
}

// stream emits a loop over RCX elements: body gets the number of the vector
// within the unrolled group. AVX-512 ends with a masked vector.
func stream(unroll int, advance []step, body func(k int)) {
	if unroll > 1 {
		groups(unroll, advance, body)
	}
	repeat("single", on.lanes, advance, func() { body(0) })
	if on == wide {
		TESTQ(RCX, RCX)
		JZ(LabelRef(label("done")))
		setTail(RAX)
		onTail(func() { body(0) })
		if part != "" { // more follows
			for _, a := range advance {
				LEAQ(Mem{Base: a.reg, Index: RCX, Scale: uint8(a.bytes)}, a.reg)
			}
		}
		Label(label("done"))
	}
}

// A bank is one register for each of several vectors. Where a function is a long
// chain of instructions, those of several vectors alternate, so that each waits
// for its results while the others run.
type bank []VecPhysical

// each emits the same instructions for every vector.
func (b bank) each(emit func(i int)) {
	for i := range b {
		emit(i)
	}
}

// streamBanks is stream for as many vectors at a time as n banks have room for,
// at most four. v[13] to v[15] stay free for what all vectors use.
func streamBanks(n int, advance []step, body func(b []bank)) {
	free := append(append(bank{}, v[:13]...), v[16:]...)
	vectors := min(4, len(free)/n)
	banks := func(vectors int) []bank {
		b := make([]bank, n)
		for k := range b {
			b[k] = free[k*vectors : (k+1)*vectors]
		}
		return b
	}
	if vectors > 1 {
		repeat("group", vectors*on.lanes, advance, func() { body(banks(vectors)) })
	}
	stream(1, advance, func(int) { body(banks(1)) })
}

// streamEights is stream over groups of lanes elements and then of 8: vectors of
// both targets add in the same order if lanes is.
func streamEights(lanes int, advance []step, body func(k int)) {
	groups(lanes/on.lanes, advance, body)
	if on == wide {
		MOVL(U32(0xff), EAX)
		KMOVW(EAX, tailMask)
		onTail(func() { repeat("eight", 8, advance, func() { body(0) }) })
		return
	}
	repeat("eight", 8, advance, func() { body(0) })
}

func groups(unroll int, advance []step, body func(k int)) {
	repeat("group", unroll*on.lanes, advance, func() {
		for k := range unroll {
			body(k)
		}
	})
}

// repeat emits a loop that takes n elements at a time from RCX, while there are as many.
func repeat(name string, n int, advance []step, body func()) {
	CMPQ(RCX, U32(n))
	JL(LabelRef(label(name + "end")))
	Label(label(name))
	body()
	for _, a := range advance {
		ADDQ(U32(a.bytes*n), a.reg)
	}
	SUBQ(U32(n), RCX)
	CMPQ(RCX, U32(n))
	JGE(LabelRef(label(name)))
	Label(label(name + "end"))
}

// step is how far a pointer moves for an element.
type step struct {
	reg   GPPhysical
	bytes int
}

func floats(regs ...GPPhysical) []step {
	out := make([]step, len(regs))
	for i, r := range regs {
		out[i] = step{r, 4}
	}
	return out
}

var constants = map[uint32]Mem{}

// word is memory that holds eight copies of bits.
func word(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range avx2.lanes {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}

// num is memory that holds eight copies of x.
func num(x float64) Mem { return word(math.Float32bits(float32(x))) }

// horner leaves c[0] x^(n-1) + ... + c[n-1] in p.
func horner(p, x bank, c ...float64) {
	p.each(func(i int) { set(num(c[0]), p[i]) })
	for _, a := range c[1:] {
		p.each(func(i int) { fma213(num(a), x[i], p[i]) })
	}
}

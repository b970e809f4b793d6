// Package fuse owns the kernel of fused elementwise programs: any straight-line
// program over one set of dimensions, run in one pass over memory. Blocks of
// about a thousand elements go through all instructions while they are in the
// L1 cache. It owns the elementwise ops' arithmetic on every element type; it
// does not decide what is fused. Start from [New].
package fuse

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
)

// Spec is a program over row-major outputs of dimensions Dims.
type Spec struct {
	Dims    []int
	Inputs  []Input
	Code    []Instr // in order; instruction i defines value i
	Outputs []Arg   // what each output buffer receives
	Given   bool    // input 0, f32 and dense, has no buffer: it comes in parts, with each call of [Kernel.Rows]
}

// Input is an operand read through strides, in elements, one for each
// dimension of the program; 0 broadcasts.
type Input struct {
	DType   dtype.DType
	Strides []int
}

// Instr is one elementwise op. DType is the element type of its result: needed
// by Convert; elsewhere it may be left out, and is checked if given.
type Instr struct {
	Op      Op
	DType   dtype.DType
	A, B, C Arg
}

// Arg is an operand: an earlier instruction's value, an input or an immediate.
type Arg struct {
	kind  argKind
	index int
	bits  uint32
	dtype dtype.DType
}

type argKind uint8

const (
	argNone argKind = iota
	argValue
	argInput
	argImmediate
)

// Value is the result of instruction i.
func Value(i int) Arg { return Arg{kind: argValue, index: i} }

// In is input i.
func In(i int) Arg { return Arg{kind: argInput, index: i} }

// F32 is a float immediate.
func F32(v float32) Arg {
	return Arg{kind: argImmediate, bits: math.Float32bits(v), dtype: dtype.F32}
}

// BF16 is a bfloat16 immediate, by its bits.
func BF16(bits uint16) Arg {
	return Arg{kind: argImmediate, bits: dtype.F32FromBF16(bits), dtype: dtype.BF16}
}

// I32 is an integer immediate.
func I32(v int32) Arg { return Arg{kind: argImmediate, bits: uint32(v), dtype: dtype.I32} }

// U32 is an unsigned immediate.
func U32(v uint32) Arg { return Arg{kind: argImmediate, bits: v, dtype: dtype.U32} }

// Bool is a predicate immediate.
func Bool(v bool) Arg {
	a := Arg{kind: argImmediate, dtype: dtype.Bool}
	if v {
		a.bits = ^uint32(0)
	}
	return a
}

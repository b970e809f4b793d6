package fuse

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/bf16"
	"github.com/fwlab/fw/core/kernel/vec"
)

// node is a value of the lowered program: an input, an immediate, or one pass
// of a prim over earlier nodes. Every op becomes one or a few nodes.
type node struct {
	kind  argKind // argValue, argInput or argImmediate
	dtype dtype.DType
	input int
	bits  uint32
	run   prim
	args  [3]int // nodes; -1 for none
}

type lowering struct {
	nodes  []node
	inputs []int          // the node of each input
	imms   map[uint32]int // the node of each immediate, by its bits
	values []int          // the node of each instruction
	// rounded is, by node that holds a bfloat16 as the float32 that it is, the node
	// that it was rounded from. A store of bfloat16s rounds too, so it takes that one.
	rounded map[int]int
	types   []dtype.DType // of each instruction
}

// lower returns the nodes, and of each output its node and type.
func lower(s Spec) (*lowering, []int, []dtype.DType, error) {
	l := &lowering{imms: map[uint32]int{}, rounded: map[int]int{}}
	for i, in := range s.Inputs {
		if !supported(in.DType) {
			return nil, nil, nil, fmt.Errorf("fuse: input %d: expected f32, bf16, i32, u32, u8 or bool, found %v", i, in.DType)
		}
		l.inputs = append(l.inputs, l.add(node{kind: argInput, dtype: in.DType, input: i}))
	}
	m := newMatcher(s)
	for i, in := range s.Code {
		v, err := l.instr(in)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("fuse: instruction %d, %v: %w", i, in.Op, err)
		}
		if whole, ok := l.chain(m, i); ok {
			v = whole
		}
		if got := l.typeOf(v, in); in.DType != dtype.Invalid && in.DType != got {
			return nil, nil, nil, fmt.Errorf("fuse: instruction %d, %v: expected a result of %v, found %v", i, in.Op, in.DType, got)
		}
		l.values = append(l.values, v)
		l.types = append(l.types, l.typeOf(v, in))
	}
	outs, types := make([]int, len(s.Outputs)), make([]dtype.DType, len(s.Outputs))
	for i, a := range s.Outputs {
		n, t, err := l.arg(a)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("fuse: output %d: %w", i, err)
		}
		if from, ok := l.rounded[n]; ok && t == dtype.BF16 {
			n = from
		}
		outs[i], types[i] = n, t
	}
	return l, outs, types, nil
}

func supported(d dtype.DType) bool {
	switch d {
	case dtype.F32, dtype.BF16, dtype.I32, dtype.U32, dtype.U8, dtype.Bool:
		return true
	}
	return false
}

// typeOf is the type of an instruction's result; a conversion that changes no
// bits is its operand's node under another type.
func (l *lowering) typeOf(v int, in Instr) dtype.DType {
	if in.Op == Convert {
		return in.DType
	}
	return l.nodes[v].dtype
}

func (l *lowering) add(n node) int {
	l.nodes = append(l.nodes, n)
	return len(l.nodes) - 1
}

func (l *lowering) op(d dtype.DType, run prim, args ...int) int {
	n := node{kind: argValue, dtype: d, run: run, args: [3]int{-1, -1, -1}}
	copy(n.args[:], args)
	return l.add(n)
}

func (l *lowering) imm(d dtype.DType, bits uint32) int {
	n, ok := l.imms[bits]
	if !ok {
		n = l.add(node{kind: argImmediate, dtype: d, bits: bits})
		l.imms[bits] = n
	}
	return n
}

// arg is the node and the type of an operand.
func (l *lowering) arg(a Arg) (int, dtype.DType, error) {
	switch {
	case a.kind == argValue && a.index >= 0 && a.index < len(l.values):
		return l.values[a.index], l.types[a.index], nil
	case a.kind == argInput && a.index >= 0 && a.index < len(l.inputs):
		return l.inputs[a.index], l.nodes[l.inputs[a.index]].dtype, nil
	case a.kind == argImmediate:
		return l.imm(a.dtype, a.bits), a.dtype, nil
	case a.kind == argNone:
		return 0, 0, fmt.Errorf("an operand is missing")
	}
	return 0, 0, fmt.Errorf("operand %d is not defined before its use", a.index)
}

func (l *lowering) instr(in Instr) (int, error) {
	if in.Op == Invalid || in.Op >= numOps {
		return 0, fmt.Errorf("unknown op %d", in.Op)
	}
	var n [3]int
	var t [3]dtype.DType
	for i, a := range []Arg{in.A, in.B, in.C}[:in.Op.operands()] {
		var err error
		if n[i], t[i], err = l.arg(a); err != nil {
			return 0, err
		}
	}
	switch k := in.Op.operands(); {
	case in.Op == Select:
		if t[0] != dtype.Bool || t[1] != t[2] {
			return 0, fmt.Errorf("expected a predicate and two operands of one type, found %v, %v and %v", t[0], t[1], t[2])
		}
		return l.op(t[1], bitPrims[Select], n[0], n[1], n[2]), nil
	case in.Op == Convert:
		return l.convert(n[0], t[0], in.DType)
	case k > 1 && t[0] != t[1] || k > 2 && t[1] != t[2]:
		return 0, fmt.Errorf("expected operands of one type, found %v", t[:k])
	}
	if r, ok := l.special(in.Op, t[0], n, in); ok {
		return r, nil
	}
	var run prim
	switch t[0] {
	case dtype.F32:
		run = floatPrims[in.Op]
	case dtype.I32:
		run = signedPrims[in.Op]
	case dtype.U32:
		run = unsignedPrims[in.Op]
	}
	if run == nil && t[0] != dtype.F32 && t[0] != dtype.U8 {
		run = bitPrims[in.Op]
	}
	if run == nil {
		return 0, fmt.Errorf("does not take %v", t[0])
	}
	result := t[0]
	if in.Op >= EQ && in.Op <= GE {
		result = dtype.Bool
	}
	return l.op(result, run, n[:in.Op.operands()]...), nil
}

// special lowers the ops that are made of others.
func (l *lowering) special(o Op, t dtype.DType, n [3]int, in Instr) (int, bool) {
	a, b := n[0], n[1]
	not := func(x int) int { return l.op(dtype.Bool, bitPrims[Not], x) }
	less := func(x, y int) int {
		switch t {
		case dtype.F32:
			return l.op(dtype.Bool, floatPrims[LT], x, y)
		case dtype.I32:
			return l.op(dtype.Bool, signedPrims[LT], x, y)
		case dtype.U32:
			return l.op(dtype.Bool, unsignedPrims[LT], x, y)
		}
		return l.op(dtype.Bool, bitPrims[And], not(x), y)
	}
	switch {
	case t == dtype.U8:
		return 0, false
	case o == GT:
		return less(b, a), true
	case o == GE && t == dtype.F32:
		return l.op(dtype.Bool, floatPrims[LE], b, a), true
	case o == LT && t == dtype.Bool:
		return less(a, b), true
	case o == GE && t != dtype.F32:
		return not(less(a, b)), true
	case o == LE && t != dtype.F32:
		return not(less(b, a)), true
	case o == NE && t == dtype.Bool:
		return l.op(t, bitPrims[Xor], a, b), true
	case o == EQ && t == dtype.Bool:
		return not(l.op(t, bitPrims[Xor], a, b)), true
	case o == NE && t != dtype.F32:
		return not(l.op(dtype.Bool, equal, a, b)), true
	case o == IsFinite && t == dtype.F32:
		size := l.op(t, floatPrims[Abs], a)
		return less(size, l.imm(t, math.Float32bits(float32(math.Inf(1))))), true
	case o == Power && t == dtype.F32 && in.B == F32(2):
		return l.op(t, floatPrims[Multiply], a, a), true
	case o == Clamp && t != dtype.Bool:
		prims := &floatPrims
		switch t {
		case dtype.I32:
			prims = &signedPrims
		case dtype.U32:
			prims = &unsignedPrims
		}
		return l.op(t, prims[Minimum], l.op(t, prims[Maximum], b, a), n[2]), true
	}
	return 0, false
}

// convert lowers a conversion. Bytes live in registers as words of 0 to 255,
// bfloat16s as float32s.
func (l *lowering) convert(a int, from, to dtype.DType) (int, error) {
	one := uint32(1)
	switch {
	case !supported(to):
		return 0, fmt.Errorf("expected a result of f32, bf16, i32, u32, u8 or bool, found %v", to)
	case from == to, from == dtype.BF16 && to == dtype.F32:
		return a, nil
	case from == dtype.BF16:
		return l.convert(a, dtype.F32, to)
	case to == dtype.BF16:
		x, err := l.convert(a, from, dtype.F32)
		n := l.op(to, func(d, a, _, _ []float32) { bf16.Round(d, a[:len(d)]) }, x)
		l.rounded[n] = x
		return n, err
	case to == dtype.Bool && from == dtype.F32:
		return l.op(to, floatPrims[NE], a, l.imm(from, 0)), nil
	case to == dtype.Bool:
		return l.op(to, bitPrims[Not], l.op(to, equal, a, l.imm(from, 0))), nil
	case from == dtype.Bool:
		if to == dtype.F32 {
			one = math.Float32bits(1)
		}
		return l.op(to, bitPrims[And], a, l.imm(to, one)), nil
	case from == dtype.F32 && to == dtype.I32:
		return l.op(to, func(d, a, _, _ []float32) { vec.I32FromF32(ints(d), a) }, a), nil
	case from == dtype.F32 && to == dtype.U32:
		return l.op(to, u32FromF32, a), nil
	case from == dtype.F32 && to == dtype.U8:
		return l.op(to, u8FromF32, a), nil
	case to == dtype.F32 && from == dtype.U32:
		return l.op(to, f32FromU32, a), nil
	case to == dtype.F32:
		return l.op(to, func(d, a, _, _ []float32) { vec.F32FromI32(d, ints(a)[:len(d)]) }, a), nil
	case to == dtype.U8:
		return l.op(to, bitPrims[And], a, l.imm(to, 0xff)), nil
	}
	return a, nil // between i32, u32 and from u8 to them the bits stay
}

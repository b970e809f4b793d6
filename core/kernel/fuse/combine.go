package fuse

import (
	"math"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/kernel/vec"
)

// Chains of instructions that have a primitive of their own with the same
// roundings, the exact GELU and its gradient, become one node. The nodes of the
// chain are left to nobody, and cost nothing.

const (
	twoByRoot = 2 / math.SqrtPi
	halfRoot  = 1 / math.Sqrt2
)

// matcher looks for chains in the code of a spec.
type matcher struct {
	code []Instr
	uses []int // of each instruction's value
}

func newMatcher(s Spec) matcher {
	m := matcher{s.Code, make([]int, len(s.Code))}
	use := func(args ...Arg) {
		for _, a := range args {
			if a.kind == argValue && a.index >= 0 && a.index < len(m.uses) {
				m.uses[a.index]++
			}
		}
	}
	for _, in := range s.Code {
		use(in.A, in.B, in.C)
	}
	use(s.Outputs...)
	return m
}

// chain is the node of instruction i, if it ends a chain.
func (l *lowering) chain(m matcher, i int) (int, bool) {
	run, args := prim(nil), []Arg(nil)
	if x, ok := m.gelu(Value(i)); ok {
		run, args = func(d, x, _, _ []float32) { vec.Gelu(d, x) }, []Arg{x}
	} else if dy, x, ok := m.geluGrad(Value(i)); ok {
		run, args = func(d, dy, x, _ []float32) { vec.GeluGrad(d, dy, x) }, []Arg{dy, x}
	} else {
		return 0, false
	}
	nodes := make([]int, len(args))
	for k, a := range args {
		nodes[k], _, _ = l.arg(a) // the chain's first instruction has it too
	}
	return l.op(dtype.F32, run, nodes...), true
}

// of is the instruction that makes a, if it is an op.
func (m matcher) of(a Arg, op Op) (Instr, bool) {
	if a.kind != argValue || m.code[a.index].Op != op {
		return Instr{}, false
	}
	return m.code[a.index], true
}

// by is x, if a is op(x, v) or op(v, x).
func (m matcher) by(a Arg, op Op, v Arg) (x Arg, ok bool) {
	in, ok := m.of(a, op)
	switch {
	case ok && in.B == v:
		return in.A, true
	case ok && in.A == v:
		return in.B, true
	}
	return Arg{}, false
}

// onePlusErf is x, if a is erf(x*sqrt(1/2)) + 1 and read once; u is the operand of erf.
func (m matcher) onePlusErf(a Arg) (x, u Arg, ok bool) {
	if a.kind != argValue || m.uses[a.index] != 1 {
		return
	}
	if a, ok = m.by(a, Add, F32(1)); !ok {
		return
	}
	erf, ok := m.of(a, Erf)
	if !ok {
		return
	}
	x, ok = m.by(erf.A, Multiply, F32(halfRoot))
	return x, erf.A, ok
}

// gelu is x, if a is x*(erf(x*sqrt(1/2)) + 1)*0.5.
func (m matcher) gelu(a Arg) (x Arg, ok bool) {
	if a, ok = m.by(a, Multiply, F32(0.5)); !ok {
		return
	}
	in, ok := m.of(a, Multiply)
	if !ok {
		return
	}
	for _, p := range [][2]Arg{{in.A, in.B}, {in.B, in.A}} {
		if x, _, ok := m.onePlusErf(p[1]); ok && x == p[0] {
			return x, true
		}
	}
	return Arg{}, false
}

// geluGrad is dy and x, if a is what GeluGrad of package vec says.
func (m matcher) geluGrad(a Arg) (dy, x Arg, ok bool) {
	in, ok := m.of(a, Add)
	if !ok {
		return
	}
	for _, p := range [][2]Arg{{in.A, in.B}, {in.B, in.A}} {
		first, ok := m.of(p[0], Multiply)
		if !ok {
			continue
		}
		for _, q := range [][2]Arg{{first.A, first.B}, {first.B, first.A}} {
			g := q[0]
			x, u, ok := m.onePlusErf(q[1])
			if !ok {
				continue
			}
			dy, ok := m.by(g, Multiply, F32(0.5))
			if ok && m.bell(p[1], g, x, u) {
				return dy, x, true
			}
		}
	}
	return Arg{}, Arg{}, false
}

// bell is whether a is g*x * e^-(u*u) * 2/sqrt(pi) * sqrt(1/2).
func (m matcher) bell(a, g, x, u Arg) bool {
	a, ok := m.by(a, Multiply, F32(halfRoot))
	if !ok {
		return false
	}
	if a, ok = m.by(a, Multiply, F32(twoByRoot)); !ok {
		return false
	}
	in, ok := m.of(a, Multiply)
	if !ok {
		return false
	}
	for _, p := range [][2]Arg{{in.A, in.B}, {in.B, in.A}} {
		exp, isExp := m.of(p[1], Exponential)
		if other, ok := m.by(p[0], Multiply, g); !isExp || !ok || other != x {
			continue
		}
		neg, ok := m.of(exp.A, Negate)
		if !ok {
			continue
		}
		if square, ok := m.of(neg.A, Multiply); ok && square.A == u && square.B == u {
			return true
		}
	}
	return false
}

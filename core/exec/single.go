package exec

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/move"
	"github.com/fwlab/fw/core/pool"
)

// Single is one instruction outside of a plan: the kernel that a plan would have,
// on the caller's memory and one worker.
type Single struct {
	k kernel
	p *pool.Pool
}

// NewSingle plans instruction in of f.
func NewSingle(f *ir.Func, in *ir.Instr) (*Single, error) {
	b := &binding{instr: in, a: in.Attrs, workers: 1}
	for _, v := range in.In {
		b.is = append(b.is, f.Shape(v))
	}
	for _, v := range in.Out {
		b.os = append(b.os, f.Shape(v))
	}
	k, err := b.planAny()
	if err != nil {
		return nil, fmt.Errorf("exec: %s: %w", in.Op, err)
	}
	return &Single{k, pool.New(1)}, nil
}

// planAny also plans what a plan has no kernel for, because it only
// renames memory.
func (b *binding) planAny() (kernel, error) {
	switch b.instr.Op {
	case "reshape":
		return move.NewCopy(b.os[0].DType, b.os[0].Size(), 1)
	case "eval":
		return nil, errors.New("no kernel")
	}
	return b.plan()
}

// Bind gives the instruction its memory.
func (s *Single) Bind(out, in []buf.Buf) {
	s.k.Bind(buf.New(4*s.k.Scratch()).F32, out, in)
}

// Run computes the results from the operands.
func (s *Single) Run() { s.k.Run(s.p) }

package exec

import (
	"fmt"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/gemm"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// runner is a kernel bound to its buffers.
type runner interface{ Run(p *pool.Pool) }

// kernel is planned for its shapes; it is bound once, to scratch memory that all
// kernels share and to its buffers, and then run every step.
type kernel interface {
	runner
	Scratch() int // float32s
	Bind(scratch []float32, out, in []buf.Buf)
}

// binding is one instruction with its shapes and buffers.
type binding struct {
	ex      *Executable
	instr   *ir.Instr
	a       ir.Attrs
	in, out []buf.Buf
	is, os  []shape.Shape
	workers int
	fours   bool
	then    gemm.Epilogue // of a product
}

// bind plans the kernel of an instruction. The kernel gets its buffers in
// [Executable.bindScratch], when the size of the scratch memory is known.
func (ex *Executable) bind(in *ir.Instr) (runner, error) {
	f := ex.plan.Func
	b := &binding{ex: ex, instr: in, a: in.Attrs, workers: ex.pool.Workers(), fours: ex.fours}
	for _, v := range in.In {
		b.in, b.is = append(b.in, ex.buffers[v]), append(b.is, f.Shape(v))
	}
	for _, v := range in.Out {
		b.out, b.os = append(b.out, ex.buffers[v]), append(b.os, f.Shape(v))
	}
	if in.Op == "eval" {
		return b.eval()
	}
	k, err := b.plan()
	if err != nil {
		return nil, err
	}
	ex.later(k, b.out, b.in)
	return k, nil
}

func (b *binding) plan() (kernel, error) {
	if b.instr.Body != nil {
		return b.fusion(b.instr.Body)
	}
	if d := op.Lookup(b.instr.Op); d != nil && d.Class == op.Elementwise {
		return b.fusion(b.single())
	}
	plan, ok := kernels[b.instr.Op]
	if !ok {
		return nil, fmt.Errorf("no kernel")
	}
	return b.widen(plan)
}

// later binds k once the scratch memory is there.
func (ex *Executable) later(k kernel, out, in []buf.Buf) {
	n := k.Scratch()
	ex.scratch = max(ex.scratch, n)
	ex.unbound = append(ex.unbound, func(scratch []float32) { k.Bind(scratch[:n], out, in) })
}

func (ex *Executable) bindScratch() {
	scratch := buf.New(4 * ex.scratch).F32
	for _, bind := range ex.unbound {
		bind(scratch)
	}
	ex.unbound = nil
}

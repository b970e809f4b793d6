package exec

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// product is a dot_general and the elementwise program that takes its sums.
type product struct {
	dot      kernel
	lhs, rhs int // operands of the whole
	then     fused
}

// product plans the dot_general of a body with the rest of the body as its epilogue.
func (b *binding) product(body *ir.Func, dot *ir.Instr) (kernel, error) {
	then, err := b.elementwise(body, dot)
	if err != nil {
		return nil, err
	}
	operand := func(v ir.ID) int {
		return slices.IndexFunc(body.Inputs, func(p ir.Port) bool { return p.Value == v })
	}
	k := product{lhs: operand(dot.In[0]), rhs: operand(dot.In[1]), then: then}
	own := *b
	own.instr, own.a, own.then = dot, dot.Attrs, then.Kernel
	own.is, own.os = []shape.Shape{b.is[k.lhs], b.is[k.rhs]}, []shape.Shape{body.Shape(dot.Out[0])}
	k.dot, err = own.widen(kernels[dot.Op])
	return k, err
}

// Scratch implements kernel.
func (k product) Scratch() int { return aligned(k.dot.Scratch()) + k.then.Scratch() }

// Bind implements kernel.
func (k product) Bind(scratch []float32, out, in []buf.Buf) {
	n := k.dot.Scratch()
	k.dot.Bind(scratch[:n], []buf.Buf{{}}, []buf.Buf{in[k.lhs], in[k.rhs]})
	k.then.Bind(scratch[aligned(n):], out, in)
}

// Run implements kernel.
func (k product) Run(p *pool.Pool) { k.dot.Run(p) }

// FLOPs is those of the product.
func (k product) FLOPs() int64 { return k.dot.(interface{ FLOPs() int64 }).FLOPs() }

package exec

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/shape"
)

// binding is one instruction with its shapes and buffers.
type binding struct {
	ex      *Executable
	instr   *ir.Instr
	a       ir.Attrs
	in, out []kernel.Buffer
	is, os  []shape.Shape
	late    *[]func(scratch []float32)
}

// needs asks for scratch memory, which all kernels share, and binds k once it is there.
func (b *binding) needs(n int, bind func(scratch []float32)) {
	b.ex.scratch = max(b.ex.scratch, n)
	*b.late = append(*b.late, func(s []float32) { bind(s[:n]) })
}

func (ex *Executable) bind(in *ir.Instr, late *[]func([]float32)) (kernel.Kernel, error) {
	f := ex.plan.Func
	b := &binding{ex: ex, instr: in, a: in.Attrs, late: late}
	for _, v := range in.In {
		b.in, b.is = append(b.in, ex.buffers[v]), append(b.is, f.Shape(v))
	}
	for _, v := range in.Out {
		b.out, b.os = append(b.out, ex.buffers[v]), append(b.os, f.Shape(v))
	}
	if in.Op == "fusion" {
		return b.fusion(in.Body)
	}
	if d := op.Lookup(in.Op); d != nil && d.Class == op.Elementwise {
		return b.elementwise()
	}
	binder, ok := binders[in.Op]
	if !ok {
		return nil, fmt.Errorf("no kernel")
	}
	return binder(b)
}

func (b *binding) fusion(body *ir.Func) (kernel.Kernel, error) {
	k, err := kernel.NewFusion(body)
	if err != nil {
		return nil, err
	}
	b.needs(k.Scratch(b.ex.pool.Workers()), func(s []float32) { k.Bind(s, b.out, b.in) })
	return k, nil
}

// elementwise runs a single op as a fusion of one.
func (b *binding) elementwise() (kernel.Kernel, error) {
	body := &ir.Func{Name: "single"}
	ids := make([]ir.ID, len(b.is))
	for i, s := range b.is {
		ids[i] = body.AddInput("", s)
	}
	out := body.Emit(b.instr.Op, ids, b.a, b.instr.Loc, b.os[0])
	body.Outputs = []ir.Port{{Value: out[0]}}
	return b.fusion(body)
}

// bySize picks the kernel for elements of four bytes or of one.
func (b *binding) bySize(four func(out []uint32, in func(i int) []uint32) kernel.Kernel, one func(out []uint8, in func(i int) []uint8) kernel.Kernel) (kernel.Kernel, error) {
	switch b.os[0].DType.Size() {
	case 4:
		return four(b.out[0].U32(), func(i int) []uint32 { return b.in[i].U32() }), nil
	case 1:
		return one(b.out[0].U8(), func(i int) []uint8 { return b.in[i].U8() }), nil
	}
	return nil, fmt.Errorf("no kernel for %s", b.os[0])
}

// rowsCols sees a shape as rows of its last dimension.
func rowsCols(s shape.Shape) (rows, c int) {
	c = s.Dims[s.Rank()-1]
	return s.Size() / c, c
}

func (b *binding) matmul() (kernel.Kernel, error) {
	lb, rb, lc, rc := b.a.Ints("lhs_batch"), b.a.Ints("rhs_batch"), b.a.Ints("lhs_contract"), b.a.Ints("rhs_contract")
	x, y := b.is[0].Dims, b.is[1].Dims
	lf, rf := rest(len(x), lb, lc), rest(len(y), rb, rc)
	var first kernel.Loop
	left, ok := layoutOf(x, lb, lf, lc)
	lbuf := b.in[0].F32()
	if !ok {
		lbuf, first, left = b.relayout(lbuf, x, slices.Concat(lb, lf, lc), len(lb), len(lf), first)
	}
	right, ok := layoutOf(y, rb, rc, rf)
	rbuf := b.in[1].F32()
	if !ok {
		rbuf, first, right = b.relayout(rbuf, y, slices.Concat(rb, rc, rf), len(rb), len(rc), first)
	}
	spec := kernel.MatSpec{Batch: left.n[0], M: left.n[1], K: left.n[2], N: right.n[2],
		ABatch: left.st[0], ARow: left.st[1], ACol: left.st[2], BBatch: right.st[0], BRow: right.st[1], BCol: right.st[2]}
	workers := b.ex.pool.Workers()
	k := kernel.NewMatMul(spec, workers)
	b.ex.flops += k.FLOPs()
	b.needs(k.Scratch(workers), func(s []float32) { k.Bind(s, b.out[0].F32(), lbuf, rbuf) })
	if len(first) > 0 {
		return sequence{first, k}, nil
	}
	return k, nil
}

// sequence runs kernels one after another.
type sequence []kernel.Kernel

func (s sequence) Run(p *pool.Pool) {
	for _, k := range s {
		k.Run(p)
	}
}

// relayout copies x into the given order of dimensions.
func (b *binding) relayout(x []float32, dims, order []int, n0, n1 int, first kernel.Loop) ([]float32, kernel.Loop, matLayout) {
	copyOf := kernel.NewBuffer(4 * len(x)).F32()
	first = append(first, kernel.Transpose(copyOf, x, dims, order).(kernel.Loop)...)
	ordered := make([]int, len(order))
	for i, d := range order {
		ordered[i] = dims[d]
	}
	at := func(lo, hi int) (out []int) {
		for i := lo; i < hi; i++ {
			out = append(out, i)
		}
		return out
	}
	l, _ := layoutOf(ordered, at(0, n0), at(n0, n0+n1), at(n0+n1, len(order)))
	return copyOf, first, l
}

func rest(rank int, batch, contract []int) (out []int) {
	for i := range rank {
		if !slices.Contains(batch, i) && !slices.Contains(contract, i) {
			out = append(out, i)
		}
	}
	return out
}

// matLayout is the sizes and strides of three groups of dimensions.
type matLayout struct{ n, st [3]int }

// layoutOf sees dims as a batch of matrices, if each group of dimensions runs on with one stride.
func layoutOf(dims []int, groups ...[]int) (matLayout, bool) {
	strides := shape.Strides(dims)
	var l matLayout
	for g, list := range groups {
		n, st, ok := 1, 0, true
		for i := len(list) - 1; i >= 0; i-- {
			d := list[i]
			if dims[d] == 1 {
				continue
			}
			if n == 1 {
				st = strides[d]
			} else {
				ok = ok && strides[d] == st*n
			}
			n *= dims[d]
		}
		if !ok {
			return l, false
		}
		l.n[g], l.st[g] = n, st
	}
	return l, true
}

func (b *binding) conv(x, w, y shape.Shape) (kernel.ConvSpec, error) {
	g, err := op.ConvGeometryOf(b.a)
	if err != nil {
		return kernel.ConvSpec{}, err
	}
	s := kernel.ConvSpec{B: x.Dims[0], H: x.Dims[1], W: x.Dims[2], C: x.Dims[3], OH: y.Dims[1], OW: y.Dims[2], O: y.Dims[3], KH: w.Dims[2], KW: w.Dims[3],
		StrideH: g.Stride[0], StrideW: g.Stride[1], PadTop: g.Pad[0], PadLeft: g.Pad[2], DilH: g.Dilation[0], DilW: g.Dilation[1], Groups: g.Groups}
	b.ex.flops += s.FLOPs()
	return s, nil
}

func (b *binding) f32(i int) []float32  { return b.in[i].F32() }
func (b *binding) of32(i int) []float32 { return b.out[i].F32() }

// indexed is the geometry of gather and scatter.
func (b *binding) indexed(x, idx shape.Shape) kernel.Indexed {
	axis, nb := b.a.Int("axis", 0), b.a.Int("batch_dims", 0)
	g := kernel.Indexed{Batch: 1, Before: 1, N: x.Dims[axis], Count: 1, After: 1}
	for i, d := range x.Dims {
		switch {
		case i < nb:
			g.Batch *= d
		case i < axis:
			g.Before *= d
		case i > axis:
			g.After *= d
		}
	}
	for _, d := range idx.Dims[nb:] {
		g.Count *= d
	}
	return g
}

// evalKernel copies tensors out to a plugin and its reply back.
type evalKernel struct {
	b  *binding
	ex *Executable
}

func (k *evalKernel) Run(*pool.Pool) {
	if k.ex.err != nil {
		return
	}
	args := make([]interp.Tensor, len(k.b.in))
	for i, s := range k.b.is {
		args[i] = interp.FromBytes(s, k.b.in[i].U8())
	}
	out, err := k.ex.eval(k.b.a.Str("callee"), args)
	if err == nil && len(out) != len(k.b.os) {
		err = fmt.Errorf("exec: eval %s: expected %d results, found %d", k.b.a.Str("callee"), len(k.b.os), len(out))
	}
	for i := range out {
		if err == nil && !out[i].Shape.Equal(k.b.os[i]) {
			err = fmt.Errorf("exec: eval %s: result %d: expected %s, found %s", k.b.a.Str("callee"), i, k.b.os[i], out[i].Shape)
		}
		if err == nil {
			copy(k.b.out[i].U8(), out[i].Bytes())
		}
	}
	k.ex.err = err
}

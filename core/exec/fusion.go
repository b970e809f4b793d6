package exec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/kernel/fuse"
	"github.com/fwlab/fw/core/shape"
)

// single is an elementwise instruction as the body of a fusion.
func (b *binding) single() *ir.Func {
	body := &ir.Func{Name: "single"}
	ids := make([]ir.ID, len(b.is))
	for i, s := range b.is {
		ids[i] = body.AddInput("", s)
	}
	out := body.Emit(b.instr.Op, ids, b.a, b.instr.Loc, b.os[0])
	body.Outputs = []ir.Port{{Value: out[0]}}
	return body
}

// fusion lowers a function of elementwise ops over one set of dimensions.
// Besides those its body may hold broadcast_in_dim of an input, iota, and
// constants of one element; and one product, whose epilogue all that is then.
func (b *binding) fusion(body *ir.Func) (kernel, error) {
	at := slices.IndexFunc(body.Instrs, func(in ir.Instr) bool { return in.Op == "dot_general" })
	if at < 0 {
		return b.elementwise(body, nil)
	}
	return b.product(body, &body.Instrs[at])
}

// elementwise lowers a body but for the product that is given to it, if there is one.
func (b *binding) elementwise(body *ir.Func, given *ir.Instr) (fused, error) {
	l := &lowering{body: body, spec: fuse.Spec{Dims: body.Shape(body.Outputs[0].Value).Dims}, args: map[ir.ID]fuse.Arg{}, input: map[ir.ID]int{}}
	for i, p := range body.Inputs {
		l.input[p.Value] = i
	}
	if given != nil {
		l.given(given.Out[0])
	}
	for i := range body.Instrs {
		if in := &body.Instrs[i]; in == given {
			continue
		} else if err := l.instr(in); err != nil {
			return fused{}, err
		}
	}
	for _, p := range body.Outputs {
		l.spec.Outputs = append(l.spec.Outputs, l.arg(p.Value))
	}
	k, err := fuse.New(l.spec, b.workers)
	return fused{k, l.from, l.own}, err
}

// fused reads some of an instruction's operands, perhaps one of them in several
// ways, and memory of its own.
type fused struct {
	*fuse.Kernel
	from []int // by input of the kernel: the operand; below 0, own[-1-from]
	own  []buf.Buf
}

// Bind implements kernel.
func (k fused) Bind(scratch []float32, out, in []buf.Buf) {
	inputs := make([]buf.Buf, len(k.from))
	for i, at := range k.from {
		if at < 0 {
			inputs[i] = k.own[-1-at]
		} else {
			inputs[i] = in[at]
		}
	}
	k.Kernel.Bind(scratch, out, inputs)
}

type lowering struct {
	body  *ir.Func
	spec  fuse.Spec
	args  map[ir.ID]fuse.Arg
	input map[ir.ID]int // the operand that a value of the body is
	from  []int
	own   []buf.Buf
}

// read adds an input of the kernel.
func (l *lowering) read(from int, d dtype.DType, strides []int) fuse.Arg {
	l.from = append(l.from, from)
	l.spec.Inputs = append(l.spec.Inputs, fuse.Input{DType: d, Strides: strides})
	return fuse.In(len(l.spec.Inputs) - 1)
}

// given makes v the input that comes in parts.
func (l *lowering) given(v ir.ID) {
	l.own = append(l.own, buf.Buf{})
	l.args[v] = l.read(-len(l.own), dtype.F32, shape.Strides(l.spec.Dims))
	l.spec.Given = true
}

// arg is a value as an operand: an operand of the whole is read densely, or one
// element of it for all.
func (l *lowering) arg(v ir.ID) fuse.Arg {
	if a, ok := l.args[v]; ok {
		return a
	}
	s := l.body.Shape(v)
	strides := shape.Strides(l.spec.Dims)
	if s.Rank() == 0 {
		strides = make([]int, len(l.spec.Dims))
	}
	l.args[v] = l.read(l.input[v], s.DType, strides)
	return l.args[v]
}

func (l *lowering) instr(in *ir.Instr) error {
	out := in.Out[0]
	s := l.body.Shape(out)
	switch in.Op {
	case "constant":
		a, err := immediate(s.DType, in.Attrs.Data("value"))
		l.args[out] = a
		return err
	case "iota":
		d := in.Attrs.Int("dim", 0)
		strides := make([]int, len(s.Dims))
		strides[d] = 1
		l.own = append(l.own, counting(s.DType, s.Dims[d]))
		l.args[out] = l.read(-len(l.own), s.DType, strides)
		return nil
	case "broadcast_in_dim":
		x := l.body.Shape(in.In[0])
		own, strides := shape.Strides(x.Dims), make([]int, len(l.spec.Dims))
		for i, d := range in.Attrs.Ints("dims") {
			if x.Dims[i] != 1 {
				strides[d] = own[i]
			}
		}
		l.args[out] = l.read(l.input[in.In[0]], x.DType, strides)
		return nil
	case "stop_gradient":
		l.args[out] = l.arg(in.In[0])
		return nil
	}
	name, ok := fuse.Lookup(in.Op, in.Attrs.Str("direction"))
	if !ok {
		return fmt.Errorf("no kernel for %s", in.Op)
	}
	code := fuse.Instr{Op: name, DType: s.DType}
	operands := []*fuse.Arg{&code.A, &code.B, &code.C}
	for i, v := range in.In {
		*operands[i] = l.arg(v)
	}
	l.args[out] = fuse.Value(len(l.spec.Code))
	l.spec.Code = append(l.spec.Code, code)
	return nil
}

// counting is 0, 1, 2 ... n-1.
func counting(d dtype.DType, n int) buf.Buf {
	b := buf.Make(d, n)
	for i := range n {
		if d == dtype.F32 {
			b.F32[i] = float32(i)
		} else {
			b.U32[i] = uint32(i)
		}
	}
	return b
}

func immediate(d dtype.DType, data []byte) (fuse.Arg, error) {
	switch d {
	case dtype.Bool:
		return fuse.Bool(data[0] != 0), nil
	case dtype.F32:
		return fuse.F32(math.Float32frombits(binary.LittleEndian.Uint32(data))), nil
	case dtype.BF16:
		return fuse.BF16(binary.LittleEndian.Uint16(data)), nil
	case dtype.I32:
		return fuse.I32(int32(binary.LittleEndian.Uint32(data))), nil
	case dtype.U32:
		return fuse.U32(binary.LittleEndian.Uint32(data)), nil
	}
	return fuse.Arg{}, fmt.Errorf("no constant of type %s in a fusion", d)
}

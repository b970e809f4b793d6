package compile

import (
	"slices"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// BF16 stores activations and their gradients as bfloat16 and gives products
// bfloat16 operands, by the table [storage]. It comes last, when it is known which
// values are stored: what stays inside of a fusion stays float32. Parameters,
// optimizer state, statistics and whatever else is an output stay float32.
//
// A value is bfloat16 if it depends on a product, is no output, and is read as
// bfloat16 by somebody: by a product, or by an op that reads either type and has a
// result which is bfloat16 itself. So weight gradients, which only optimizers read,
// and scores, which only a softmax reads, are not. From then on an op has the types
// that the shapes of its operands and results name; it computes in float32, and
// results are rounded when they are stored.
var BF16 = Pass{"precision", storeBF16}

// use is how an op reads an operand.
type use uint8

const (
	wide   use = iota // as float32
	half              // as bfloat16
	either            // as it is stored
)

// types is a row of the storage table.
type types struct {
	in   []use  // by operand; the last one stands for all that follow
	half []bool // by result: may be bfloat16
	move bool   // operands and result have one type
	deep bool   // the results depend on a product
}

var product = types{in: []use{half}, half: []bool{true}, deep: true}
var moved = types{in: []use{either}, half: []bool{true}, move: true}

// storage is a row per op that reads or gives bfloat16. Everything else is
// float32: softmax and its gradients, sorting, scattering, plugins' code.
var storage = map[string]types{
	"dot_general":      product,
	"convolution":      product,
	"conv_transpose":   product,
	"conv_weight_grad": {in: []use{half}, half: []bool{false}, deep: true},

	"batch_norm_training":  {in: []use{either, wide, wide, either}, half: []bool{true, false, false}},
	"batch_norm_inference": {in: []use{either, wide, wide, wide, wide, either}, half: []bool{true}},
	"batch_norm_grad":      {in: []use{either, wide, wide, wide, either, either}, half: []bool{true, false, false, true}},
	"layer_norm":           {in: []use{either, wide, wide}, half: []bool{true, false, false}},
	"layer_norm_grad":      {in: []use{either, wide, wide, wide, either}, half: []bool{true, false, false}},
	"reduce_window":        {in: []use{either}, half: []bool{true}},
	"select_and_scatter":   {in: []use{either}, half: []bool{true}},
	"reduce":               {in: []use{either}, half: []bool{false}},

	"broadcast_in_dim": moved, "reshape": moved, "transpose": moved, "slice": moved, "pad": moved, "concatenate": moved,
	"reverse": moved, "dynamic_slice": moved, "dynamic_update_slice": moved, "gather": moved,
}

// images is a row per op of a convolution of images with an odd number of channels,
// such as three colours: these are few, have no pairs to multiply, and were float32
// to begin with.
var images = map[string]types{
	"convolution":      {in: []use{wide}, half: []bool{true}, deep: true},
	"conv_weight_grad": {in: []use{wide, half}, half: []bool{false}, deep: true},
}

// typesOf is the row of an instruction; that of a fusion depends on its body.
func typesOf(f *ir.Func, in *ir.Instr) types {
	if in.Body == nil {
		if t, ok := images[in.Op]; ok && f.Shape(in.In[0]).Dims[3]%2 == 1 && in.Attrs.Int("groups", 1) == 1 {
			return t
		}
		return storage[in.Op]
	}
	var t types
	dims := in.Body.Shape(in.Body.Outputs[0].Value).Dims
	factors := factorsOf(in.Body)
	t.deep = len(factors) > 0
	for _, p := range in.Body.Inputs {
		u := wide
		switch {
		case slices.Contains(factors, p.Value):
			u = half
		case shape.SameDims(in.Body.Shape(p.Value).Dims, dims) && len(dims) > 0:
			u = either
		}
		t.in = append(t.in, u)
	}
	for range in.Out {
		t.half = append(t.half, len(dims) > 0)
	}
	return t
}

// use is how operand i is read where the first result is bfloat16 or not.
func (t types) use(i int, result bool) use {
	switch {
	case len(t.in) == 0:
		return wide
	case t.move && result:
		return half
	case t.move:
		return wide
	}
	return t.in[min(i, len(t.in)-1)]
}

func storeBF16(f *ir.Func) error {
	h := &halver{f: f, half: make([]bool, len(f.Shapes)), copies: map[ir.ID]ir.ID{}}
	h.choose()
	for i := range f.Instrs {
		h.instr(&f.Instrs[i])
	}
	f.Instrs = h.out
	for v, is := range h.half {
		if is {
			f.Shapes[v] = shape.Of(dtype.BF16, f.Shapes[v].Dims...)
		}
	}
	f.Compact()
	return nil
}

type halver struct {
	f      *ir.Func
	half   []bool // by value
	out    []ir.Instr
	copies map[ir.ID]ir.ID // values that are float32: the same as bfloat16
}

// choose finds the values that are bfloat16.
func (h *halver) choose() {
	f := h.f
	able, deep, wanted := make([]bool, len(f.Shapes)), make([]bool, len(f.Shapes)), make([]bool, len(f.Shapes))
	for i := range f.Instrs {
		in := &f.Instrs[i]
		t := typesOf(f, in)
		d := t.deep || slices.ContainsFunc(in.In, func(v ir.ID) bool { return deep[v] })
		for j, v := range in.Out {
			deep[v] = d
			able[v] = d && j < len(t.half) && t.half[j] && f.Shape(v).DType == dtype.F32
		}
	}
	for _, p := range f.Outputs {
		able[p.Value] = false
	}
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		in := &f.Instrs[i]
		t := typesOf(f, in)
		result := slices.ContainsFunc(in.Out, func(v ir.ID) bool { return able[v] && wanted[v] })
		for j, v := range in.In {
			if u := t.use(j, result); u == half || u == either && result {
				wanted[v] = true
			}
		}
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			h.half[v] = able[v] && (wanted[v] || typesOf(f, in).move && h.all(in.In))
		}
	}
}

// all is whether every operand that could be is bfloat16.
func (h *halver) all(in []ir.ID) bool {
	return !slices.ContainsFunc(in, func(v ir.ID) bool { return h.f.Shape(v).DType == dtype.F32 && !h.half[v] })
}

// instr appends an instruction, after the conversions that it needs.
func (h *halver) instr(in *ir.Instr) {
	t := typesOf(h.f, in)
	result := len(in.Out) > 0 && h.half[in.Out[0]]
	args := slices.Clone(in.In)
	for j, v := range in.In {
		if h.f.Shape(v).DType != dtype.F32 {
			continue
		}
		switch u := t.use(j, result); {
		case u == half && !h.half[v]:
			args[j] = h.narrowed(v, in.Loc)
		case u == wide && h.half[v]:
			args[j] = h.convert(v, dtype.F32, in.Loc)
		}
	}
	in.In = args
	if in.Body != nil {
		h.body(in)
	}
	h.out = append(h.out, *in)
}

// narrowed is a float32 as bfloat16: made once, by the fusion that makes the
// float32 if there is one.
func (h *halver) narrowed(v ir.ID, loc ir.Loc) ir.ID {
	if c, ok := h.copies[v]; ok {
		return c
	}
	for i := range h.out {
		in := &h.out[i]
		if at := slices.Index(in.Out, v); at >= 0 && in.Body != nil {
			c := h.value(v, dtype.BF16)
			h.copies[v], in.Out = c, append(slices.Clone(in.Out), c)
			in.Body.Outputs = append(in.Body.Outputs, ir.Port{Value: convertIn(in.Body, in.Body.Outputs[at].Value, dtype.BF16, loc)})
			return c
		}
	}
	h.copies[v] = h.convert(v, dtype.BF16, loc)
	return h.copies[v]
}

func (h *halver) value(like ir.ID, d dtype.DType) ir.ID {
	h.half = append(h.half, false) // has its type from the start
	return h.f.NewValue(shape.Of(d, h.f.Shape(like).Dims...))
}

func (h *halver) convert(v ir.ID, d dtype.DType, loc ir.Loc) ir.ID {
	c := h.value(v, d)
	h.out = append(h.out, ir.Instr{Op: "convert", In: []ir.ID{v}, Out: []ir.ID{c}, Attrs: ir.NewAttrs(ir.String("to", d.String())), Loc: loc})
	return c
}

// body gives a fusion the types of its operands and results, and conversions
// where it reads and writes them.
func (h *halver) body(in *ir.Instr) {
	b := in.Body
	factors := factorsOf(b)
	inside := b.Instrs
	b.Instrs = nil
	for i, v := range in.In {
		p := b.Inputs[i].Value
		if !h.half[v] && h.f.Shape(v).Equal(b.Shapes[p]) {
			continue
		}
		b.Shapes[p] = shape.Of(dtype.BF16, b.Shapes[p].Dims...)
		if slices.Contains(factors, p) {
			continue
		}
		read := convertIn(b, p, dtype.F32, in.Loc)
		for j := range inside {
			for k, x := range inside[j].In {
				if x == p {
					inside[j].In[k] = read
				}
			}
		}
	}
	b.Instrs = append(b.Instrs, inside...)
	for i, v := range in.Out {
		if h.half[v] {
			b.Outputs[i].Value = convertIn(b, b.Outputs[i].Value, dtype.BF16, in.Loc)
		}
	}
	b.Compact()
}

func convertIn(b *ir.Func, v ir.ID, d dtype.DType, loc ir.Loc) ir.ID {
	return b.Emit("convert", []ir.ID{v}, ir.NewAttrs(ir.String("to", d.String())), loc, shape.Of(d, b.Shape(v).Dims...))[0]
}

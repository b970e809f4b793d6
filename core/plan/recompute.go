package plan

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// recomputer rewrites a Func so that chosen values die after their uses in the
// forward pass and are made again, by the same instruction from the same operands
// and so with the same bits, before their first use in the backward pass.
type recomputer struct {
	f       *ir.Func
	root    []ir.ID
	def     []int   // by value: its instruction, -1 for an input
	uses    [][]int // by root: instructions that read it, rising
	dropped map[ir.ID]gap

	out    *ir.Func
	again  map[ir.ID]ir.ID // the copy of a value
	origin []int           // by instruction of out: the instruction of f, or the one before which it was put
	seconds
}

// gap is where a dropped value is not kept: between two of its uses.
type gap struct{ from, to int }

func newRecomputer(f *ir.Func) *recomputer {
	n := len(f.Shapes)
	r := &recomputer{f: f, root: make([]ir.ID, n), def: make([]int, n), uses: make([][]int, n), dropped: map[ir.ID]gap{}}
	for v := range n {
		r.root[v], r.def[v] = ir.ID(v), -1
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if in.Op == "reshape" {
			r.root[in.Out[0]] = r.root[in.In[0]]
		}
		for _, v := range in.Out {
			r.def[v] = i
		}
		for _, v := range in.In {
			if u := r.root[v]; in.Op != "reshape" && (len(r.uses[u]) == 0 || r.uses[u][len(r.uses[u])-1] != i) {
				r.uses[u] = append(r.uses[u], i)
			}
		}
	}
	for _, o := range f.Outputs {
		v := r.root[o.Value]
		r.uses[v] = append(r.uses[v], len(f.Instrs))
	}
	return r
}

// worthwhile is the size in bytes below which a value is rather kept than made again.
const worthwhile = 64 << 10

// can is whether a value can be made again.
func (r *recomputer) can(v ir.ID) bool {
	return r.def[v] >= 0 && r.f.Instrs[r.def[v]].Op != "eval" && r.f.Shape(v).Bytes() >= worthwhile
}

// widest is the longest stretch of instructions in which nothing reads v.
func (r *recomputer) widest(v ir.ID) (g gap) {
	at := r.def[v]
	for _, u := range r.uses[v] {
		if u < len(r.f.Instrs) && u-at > g.to-g.from {
			g = gap{at, u}
		}
		at = u
	}
	if len(r.uses[v]) > 0 && r.uses[v][len(r.uses[v])-1] == len(r.f.Instrs) { // an output stays
		return gap{}
	}
	return g
}

// rewrite is f with every dropped value made again.
func (r *recomputer) rewrite() *ir.Func {
	r.out = &ir.Func{Name: r.f.Name, Inputs: r.f.Inputs, Outputs: r.f.Outputs, Shapes: slices.Clone(r.f.Shapes)}
	r.again, r.origin, r.seconds = map[ir.ID]ir.ID{}, r.origin[:0], 0
	for i := range r.f.Instrs {
		in := r.f.Instrs[i]
		if in.Op != "reshape" || !r.gone(in.In[0], i) { // otherwise its readers reshape the copy
			in.In = slices.Clone(in.In)
			for j, v := range in.In {
				if r.gone(v, i) {
					in.In[j] = r.copy(v, i)
				}
			}
			r.emit(in, i)
		}
	}
	return r.out
}

func (r *recomputer) emit(in ir.Instr, at int) {
	r.out.Instrs = append(r.out.Instrs, in)
	r.origin = append(r.origin, at)
}

// gone is whether v is not kept up to instruction i.
func (r *recomputer) gone(v ir.ID, i int) bool {
	g, ok := r.dropped[r.root[v]]
	return ok && i > g.from
}

// copy makes v again for instruction i, unless that was done.
func (r *recomputer) copy(v ir.ID, i int) ir.ID {
	if c, ok := r.again[v]; ok {
		return c
	}
	in := r.alone(v)
	for j, w := range in.In {
		in.In[j] = r.operand(w, i)
	}
	r.emit(in, i)
	r.add(r.out, &in)
	return r.again[v]
}

// operand is w for a copy before instruction i: kept, or itself made again where
// it would have to be kept for that alone.
func (r *recomputer) operand(w ir.ID, i int) ir.ID {
	root := r.root[w]
	if r.gone(w, i) {
		return r.copy(w, i)
	}
	if c, ok := r.again[w]; ok {
		return c
	}
	u := r.uses[root]
	if len(u) > 0 && u[len(u)-1] >= i || !r.can(root) {
		return w
	}
	return r.copy(w, i)
}

// alone is the instruction that makes v and no other value of size, with results
// of its own: a batch normalisation from the statistics that are known, a fusion
// without its other outputs.
func (r *recomputer) alone(v ir.ID) ir.Instr {
	in := r.f.Instrs[r.def[v]]
	in.In = slices.Clone(in.In)
	fresh := func(w ir.ID) ir.ID {
		c := r.out.NewValue(r.f.Shape(w))
		if w == v {
			r.again[w] = c
		}
		return c
	}
	switch {
	case in.Op == "batch_norm_training" && in.Out[0] == v && in.Attrs.Int("groups", 1) <= 1:
		operands := append(slices.Clone(in.In[:3]), in.Out[1], in.Out[2])
		var attrs ir.Attrs
		for _, a := range in.Attrs {
			if a.Name != "groups" {
				attrs = append(attrs, a)
			}
		}
		return ir.Instr{Op: "batch_norm_inference", In: append(operands, in.In[3:]...), Out: []ir.ID{fresh(v)}, Attrs: attrs, Loc: in.Loc}
	case in.Body != nil:
		in.Body, in.In = prune(in.Body, in.In, slices.Index(in.Out, v))
		in.Out = []ir.ID{fresh(v)}
		return in
	}
	out := make([]ir.ID, len(in.Out))
	for j, w := range in.Out {
		out[j] = fresh(w)
	}
	in.Out = out
	return in
}

// prune is a fusion's body with one of its outputs, and the operands that are left.
func prune(body *ir.Func, operands []ir.ID, output int) (*ir.Func, []ir.ID) {
	needed := make([]bool, len(body.Shapes))
	needed[body.Outputs[output].Value] = true
	g := &ir.Func{Name: body.Name, Shapes: body.Shapes, Outputs: []ir.Port{body.Outputs[output]}}
	for i := len(body.Instrs) - 1; i >= 0; i-- {
		in := body.Instrs[i]
		if !needed[in.Out[0]] {
			continue
		}
		for _, v := range in.In {
			needed[v] = true
		}
		g.Instrs = append(g.Instrs, in)
	}
	slices.Reverse(g.Instrs)
	var left []ir.ID
	for i, p := range body.Inputs {
		if needed[p.Value] {
			g.Inputs, left = append(g.Inputs, p), append(left, operands[i])
		}
	}
	return g, left
}

// seconds is about how long instructions take on two cores: good enough to choose
// by, and the same on every machine.
type seconds float64

func (s *seconds) add(f *ir.Func, in *ir.Instr) { *s += estimate(f, in) }

func estimate(f *ir.Func, in *ir.Instr) seconds {
	if in.Op == "reshape" {
		return 0
	}
	bytes := 0
	for _, list := range [][]ir.ID{in.In, in.Out} {
		for _, v := range list {
			bytes += f.Shape(v).Bytes()
		}
	}
	return seconds(float64(bytes)/20e9 + float64(flops(f, in))/200e9)
}

// flops is the multiplications and additions of an instruction.
func flops(f *ir.Func, in *ir.Instr) (n int) {
	if in.Body != nil {
		for i := range in.Body.Instrs {
			n += flops(in.Body, &in.Body.Instrs[i])
		}
		return n
	}
	switch in.Op {
	case "convolution", "conv_transpose":
		w := f.Shape(in.In[1])
		return 2 * f.Shape(in.Out[0]).Size() * (w.Size() / w.Dims[0])
	case "scaled_dot_product_attention": // f32[N,T,3,H,d]: two products of T x T for each head
		x := f.Shape(in.In[0])
		return 4 * x.Size() / 3 * x.Dims[1]
	case "dot_general":
		k := 1
		for _, d := range in.Attrs.Ints("lhs_contract") {
			k *= f.Shape(in.In[0]).Dims[d]
		}
		return 2 * f.Shape(in.Out[0]).Size() * k
	}
	return 0
}

package compile

import (
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/shape"
)

// maxFused bounds the instructions of one fusion, so that its registers stay in the L1 cache.
const maxFused = 24

// group is a fusion in the making: instructions of one size, by index.
type group struct {
	members []int
	dims    []int
}

// fuse joins elementwise instructions over the same dimensions into fusions.
// A group is placed where its last member stands, so a member may join only if
// nothing between needs its result. Stretched operands, iota and constants of
// one element are read by the fusion itself.
func fuse(f *ir.Func) error {
	def := make([]int, len(f.Shapes)) // instruction that defines a value
	for i := range def {
		def[i] = -1
	}
	groupOf := make([]*group, len(f.Instrs))
	firstOutsideUse := make([]int, len(f.Shapes)) // by instructions that are not fusible
	for i := range firstOutsideUse {
		firstOutsideUse[i] = len(f.Instrs)
	}
	for i := range f.Instrs {
		for _, v := range f.Instrs[i].Out {
			def[v] = i
		}
		if !fusible(f, &f.Instrs[i]) && !free(f, &f.Instrs[i]) {
			for _, v := range f.Instrs[i].In {
				firstOutsideUse[v] = min(firstOutsideUse[v], i)
			}
		}
	}
	for i := len(f.Instrs) - 1; i >= 0; i-- { // a use of a stretched value is a use of what was stretched
		if in := &f.Instrs[i]; free(f, in) {
			for _, v := range in.In {
				firstOutsideUse[v] = min(firstOutsideUse[v], firstOutsideUse[in.Out[0]])
			}
		}
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if !fusible(f, in) {
			continue
		}
		dims := f.Shape(in.Out[0]).Dims
		own := &group{dims: dims, members: []int{i}}
		groupOf[i] = own
		for more := true; more; { // every group that made an operand joins, as long as there is room
			more = false
			for _, v := range in.In {
				if def[v] < 0 {
					continue
				}
				g := groupOf[def[v]]
				if g == nil || g == own || !shape.SameDims(g.dims, dims) || len(g.members)+len(own.members) > maxFused || !joinable(f, g, own, i, def, groupOf, firstOutsideUse) {
					continue
				}
				for _, m := range g.members {
					groupOf[m] = own
				}
				own.members = append(own.members, g.members...)
				more = true
			}
		}
		slices.Sort(own.members)
	}
	emit(f, groupOf, def)
	return removeDead(f)
}

// fusible is whether an instruction is elementwise over full dimensions.
func fusible(f *ir.Func, in *ir.Instr) bool {
	d := op.Lookup(in.Op)
	if d == nil || d.Class != op.Elementwise {
		return false
	}
	return in.Op != "select" || f.Shape(in.In[0]).Rank() > 0 || f.Shape(in.Out[0]).Rank() == 0
}

// free is whether a fusion can produce the instruction's result by itself.
func free(f *ir.Func, in *ir.Instr) bool {
	switch in.Op {
	case "broadcast_in_dim", "iota":
		return true
	case "constant":
		return len(in.Attrs.Data("value")) == f.Shape(in.Out[0]).DType.Size()
	}
	return false
}

// joinable is whether g may move down to own, at instruction i: no result of g is
// needed before i by anything outside of both.
func joinable(f *ir.Func, g, own *group, i int, def []int, groupOf []*group, firstOutsideUse []int) bool {
	for _, m := range g.members {
		if firstOutsideUse[f.Instrs[m].Out[0]] < i {
			return false
		}
	}
	ofGroup := func(v ir.ID) bool { return def[v] >= 0 && groupOf[def[v]] == g }
	for j := g.members[len(g.members)-1] + 1; j < i; j++ { // members of other groups in between
		if groupOf[j] == nil || groupOf[j] == own {
			continue
		}
		for _, v := range f.Instrs[j].In {
			if ofGroup(v) {
				return false
			}
			if d := def[v]; d >= 0 && free(f, &f.Instrs[d]) && slices.ContainsFunc(f.Instrs[d].In, ofGroup) {
				return false
			}
		}
	}
	return true
}

// emit replaces each group by one fusion where its last member stood.
func emit(f *ir.Func, groupOf []*group, def []int) {
	used := users(f)
	isOutput := map[ir.ID]bool{}
	for _, p := range f.Outputs {
		isOutput[p.Value] = true
	}
	var out []ir.Instr
	for i := range f.Instrs {
		g := groupOf[i]
		if g == nil {
			out = append(out, f.Instrs[i])
			continue
		}
		if g.members[len(g.members)-1] != i {
			continue
		}
		out = append(out, build(f, g, def, func(v ir.ID) bool {
			if isOutput[v] {
				return true
			}
			for _, u := range used[v] {
				if groupOf[u] != g {
					return true
				}
			}
			return false
		}))
	}
	f.Instrs = inOrder(f, out)
}

// inOrder moves instructions down to where their operands are defined, keeping the order otherwise.
func inOrder(f *ir.Func, list []ir.Instr) []ir.Instr {
	def := make([]int, len(f.Shapes))
	for i := range def {
		def[i] = -1
	}
	for i := range list {
		for _, v := range list[i].Out {
			def[v] = i
		}
	}
	var out []ir.Instr
	placed := make([]bool, len(list))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for _, v := range list[i].In {
			if def[v] >= 0 {
				place(def[v])
			}
		}
		out = append(out, list[i])
	}
	for i := range list {
		place(i)
	}
	return out
}

func users(f *ir.Func) [][]int {
	u := make([][]int, len(f.Shapes))
	for i := range f.Instrs {
		for _, v := range f.Instrs[i].In {
			u[v] = append(u[v], i)
		}
	}
	return u
}

// build makes the fusion of g; escapes says which results are needed outside.
func build(f *ir.Func, g *group, def []int, escapes func(ir.ID) bool) ir.Instr {
	body := &ir.Func{Name: "fusion"}
	local := map[ir.ID]ir.ID{}
	in := ir.Instr{Op: "fusion", Body: body, Loc: f.Instrs[g.members[0]].Loc}
	input := func(v ir.ID) ir.ID {
		if at := slices.Index(in.In, v); at >= 0 {
			return body.Inputs[at].Value
		}
		in.In = append(in.In, v)
		return body.AddInput("", f.Shape(v))
	}
	// Inputs come first in a body, so they are found before the instructions are added.
	var pending []ir.Instr
	value := func(v ir.ID) {
		if _, ok := local[v]; ok {
			return
		}
		if d := def[v]; d >= 0 && free(f, &f.Instrs[d]) && shape.SameDims(f.Shape(v).Dims, g.dims) {
			src := f.Instrs[d]
			for _, w := range src.In {
				if _, ok := local[w]; !ok || !isInput(body, local[w]) {
					local[w] = input(w)
				}
			}
			pending = append(pending, src)
			local[v] = -1
			return
		}
		local[v] = input(v)
	}
	produced := map[ir.ID]bool{}
	for _, m := range g.members {
		for _, v := range f.Instrs[m].In {
			if !produced[v] {
				value(v)
			}
		}
		produced[f.Instrs[m].Out[0]] = true
	}
	for _, m := range g.members {
		pending = append(pending, f.Instrs[m])
	}
	for _, src := range pending {
		ids := make([]ir.ID, len(src.In))
		for j, v := range src.In {
			ids[j] = local[v]
		}
		local[src.Out[0]] = body.Emit(src.Op, ids, src.Attrs, src.Loc, f.Shape(src.Out[0]))[0]
	}
	for _, m := range g.members {
		if v := f.Instrs[m].Out[0]; escapes(v) {
			body.Outputs = append(body.Outputs, ir.Port{Value: local[v]})
			in.Out = append(in.Out, v)
		}
	}
	return in
}

func isInput(body *ir.Func, v ir.ID) bool {
	for _, p := range body.Inputs {
		if p.Value == v {
			return true
		}
	}
	return false
}

package plan

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/ir"
)

// update writes outputs straight into the inputs they replace where nothing
// reads the old value afterwards, and plans a copy otherwise.
func (p *Plan) update(aliases map[string]string) error {
	f := p.Func
	isInput := map[ir.ID]bool{}
	for _, in := range f.Inputs {
		isInput[in.Value] = true
	}
	taken := map[ir.ID]bool{}
	for _, o := range f.Outputs {
		name, ok := aliases[o.Name]
		if !ok {
			continue
		}
		to, ok := f.Input(name)
		if !ok || !f.Shape(to).Equal(f.Shape(o.Value)) {
			return fmt.Errorf("plan: output %s replaces input %s, which is not there or has another shape", o.Name, name)
		}
		root := p.Root[o.Value]
		if root == to {
			continue
		}
		i := p.First[root]
		if !isInput[root] && !taken[root] && i >= 0 && p.Last[to] <= i && (p.Last[to] < i || p.inPlace(&f.Instrs[i], root, to)) {
			taken[root] = true
			p.Last[to] = max(p.Last[to], p.Last[root])
			for v := range p.Root {
				if p.Root[v] == root {
					p.Root[v] = to
				}
			}
			continue
		}
		for _, c := range p.Copies {
			if c.To == root {
				return fmt.Errorf("plan: output %s is the old value of input %s, which another output replaces", o.Name, name)
			}
		}
		p.Copies = append(p.Copies, Copy{o.Value, to})
	}
	return nil
}

// overwrites is a row per op with results that may lie where one of these operands
// was: its kernel reads an element before it writes it.
var overwrites = map[string]map[int][]int{
	"batch_norm_training":  {0: {0}},
	"batch_norm_inference": {0: {0}},
	"batch_norm_grad":      {0: {4, 0}, 3: {4, 5}},
	"layer_norm":           {0: {0}},
	"layer_norm_grad":      {0: {4, 0}},
	"softmax":              {0: {0}},
	"log_softmax":          {0: {0}},
	"softmax_grad":         {0: {1, 0}},
	"log_softmax_grad":     {0: {1, 0}},
	"cumulative_sum":       {0: {0}},
	"scatter":              {0: {0}},
	"dynamic_update_slice": {0: {0}},
}

// inPlace is whether result out of an instruction may overwrite operand v: where it
// is in the table, or a fusion that reads v element by element only.
func (p *Plan) inPlace(in *ir.Instr, out, v ir.ID) bool {
	if in.Body == nil {
		operands := overwrites[in.Op][slices.Index(in.Out, out)]
		return slices.ContainsFunc(operands, func(i int) bool { return i < len(in.In) && in.In[i] == v }) && p.readers(in, v) == 1
	}
	for i, w := range in.In {
		if p.Root[w] != p.Root[v] {
			continue
		}
		for j := range in.Body.Instrs {
			if b := &in.Body.Instrs[j]; (b.Op == "broadcast_in_dim" || b.Op == "dot_general") && slices.Contains(b.In, in.Body.Inputs[i].Value) {
				return false
			}
		}
		if in.Body.Shape(in.Body.Inputs[i].Value).Size() != in.Body.Shape(in.Body.Outputs[0].Value).Size() {
			return false
		}
	}
	return true
}

// readers is how many operands of an instruction lie where v does.
func (p *Plan) readers(in *ir.Instr, v ir.ID) (n int) {
	for _, w := range in.In {
		if p.Root[w] == p.Root[v] {
			n++
		}
	}
	return n
}

package optim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/trace"
)

// AccumPrefix begins the names of gradients that are added up over the parts of a batch.
const AccumPrefix = "accum/"

// Split is a step in two: Part is run for each part of a batch, Update once behind
// them.
//
//	Part:   (params, states, accum, part of the batch) -> (accum + gradient/parts, states, loss, metrics)
//	Update: (params, optimizer, accum) -> (params, optimizer, other states, other metrics)
type Split struct {
	Part, Update               *ir.Func
	PartAliases, UpdateAliases map[string]string
	Accum                      []Slot
}

// Parts cuts a step that [Append] made for a part of a batch. What the batch changes
// belongs to Part, the rest to Update, which sees the gradients' mean over all parts.
func Parts(f *ir.Func, s *Step, parts int) (*Split, error) {
	sp := &Split{PartAliases: map[string]string{}, UpdateAliases: map[string]string{}}
	sp.Part, sp.Update = f.Clone(), f.Clone()
	sp.Part.Outputs, sp.Update.Outputs = nil, nil
	of := fromBatch(f)
	mean := map[ir.ID]ir.ID{} // in Update, for a gradient
	b := trace.Extend(sp.Part)
	err := trace.Trace(func() {
		for _, g := range s.Grads {
			name, sh := AccumPrefix+g.Name, f.Shape(g.Value)
			sp.Accum = append(sp.Accum, Slot{name, sh})
			sum := b.Wrap(sp.Part.AddInput(name, sh))
			b.Output(name, sum.Add(b.Wrap(g.Value).Scale(1/float64(parts))))
			sp.PartAliases[name] = name
			if v := sp.Update.AddInput(name, sh); mean[g.Value] == 0 {
				mean[g.Value] = v
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	for i := range sp.Update.Instrs {
		for j, v := range sp.Update.Instrs[i].In {
			if m, ok := mean[v]; ok {
				sp.Update.Instrs[i].In[j] = m
			}
		}
	}
	for _, o := range f.Outputs {
		of := of[o.Value] && !strings.HasPrefix(o.Name, link.ParamPrefix) && !strings.HasPrefix(o.Name, link.OptimPrefix)
		to, aliases := sp.Update, sp.UpdateAliases
		if of || o.Name == link.LossOutput {
			to, aliases = sp.Part, sp.PartAliases
		} else if m, ok := mean[o.Value]; ok {
			o.Value = m
		}
		to.Outputs = append(to.Outputs, o)
		if a, ok := s.Aliases[o.Name]; ok {
			aliases[o.Name] = a
		}
	}
	keepNeeded(sp.Part)
	keepNeeded(sp.Update)
	for _, in := range sp.Update.Inputs {
		if partial(in.Name) {
			return nil, fmt.Errorf("optim: the update of a parameter reads %s: it goes by the batch in another way than by its gradient", in.Name)
		}
		if _, changed := sp.PartAliases[in.Name]; changed && !strings.HasPrefix(in.Name, AccumPrefix) {
			return nil, fmt.Errorf("optim: the update of a parameter reads %s, which the batch changes", in.Name)
		}
	}
	return sp, nil
}

// partial is whether an input differs between the parts of a batch.
func partial(input string) bool {
	return strings.HasPrefix(input, link.BatchPrefix) || input == link.IndexInput
}

// fromBatch is, by value, whether it is made from the batch.
func fromBatch(f *ir.Func) []bool {
	from := make([]bool, len(f.Shapes))
	for _, p := range f.Inputs {
		from[p.Value] = partial(p.Name)
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		if slices.ContainsFunc(in.In, func(v ir.ID) bool { return from[v] }) {
			for _, v := range in.Out {
				from[v] = true
			}
		}
	}
	return from
}

// keepNeeded drops what no output is made from, inputs too.
func keepNeeded(f *ir.Func) {
	needed := make([]bool, len(f.Shapes))
	for _, o := range f.Outputs {
		needed[o.Value] = true
	}
	var kept []ir.Instr
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		in := f.Instrs[i]
		if slices.ContainsFunc(in.Out, func(v ir.ID) bool { return needed[v] }) {
			for _, v := range in.In {
				needed[v] = true
			}
			kept = append(kept, in)
		}
	}
	slices.Reverse(kept)
	f.Instrs = kept
	f.Inputs = slices.DeleteFunc(slices.Clone(f.Inputs), func(p ir.Port) bool { return !needed[p.Value] })
	f.Compact()
}

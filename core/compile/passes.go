// Package compile owns the passes that turn a differentiated Func into one that
// runs fast, with the same results. Start from [Passes].
package compile

import (
	"fmt"
	"slices"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
)

// Pass rewrites a Func in place.
type Pass struct {
	Name string
	Run  func(f *ir.Func) error
}

// Passes is the pipeline. Verify stands before fusion because fusions are the
// compiler's own: no op of the table, or one with more attributes.
var Passes = []Pass{
	{"verify", op.VerifyFunc},
	{"simplify", simplify},
	{"constant folding", fold},
	{"common subexpressions", shareCommon},
	{"dead code", removeDead},
	{"verify", op.VerifyFunc},
	{"normalisation fusion", fuseNorm},
	{"fusion", fuse},
	{"computing again", computeAgain},
	{"product fusion", fuseProducts},
}

// Func runs every pass over a copy of f, and then those that are asked for, such
// as [BF16].
func Func(f *ir.Func, more ...Pass) (*ir.Func, error) {
	f = f.Clone()
	for _, p := range slices.Concat(Passes, more) {
		if err := p.Run(f); err != nil {
			return nil, fmt.Errorf("compile: @%s: %s: %w", f.Name, p.Name, err)
		}
	}
	return f, nil
}

// replace makes every use of a key of subst use its value instead; chains are followed.
func replace(f *ir.Func, subst map[ir.ID]ir.ID) {
	final := func(v ir.ID) ir.ID {
		for {
			w, ok := subst[v]
			if !ok {
				return v
			}
			v = w
		}
	}
	for i := range f.Instrs {
		for j, v := range f.Instrs[i].In {
			f.Instrs[i].In[j] = final(v)
		}
	}
	for i, p := range f.Outputs {
		f.Outputs[i].Value = final(p.Value)
	}
}

// removeDead drops instructions whose results nothing uses.
func removeDead(f *ir.Func) error {
	live := make([]bool, len(f.Shapes))
	for _, p := range f.Outputs {
		live[p.Value] = true
	}
	keep := make([]bool, len(f.Instrs))
	for i := len(f.Instrs) - 1; i >= 0; i-- {
		for _, v := range f.Instrs[i].Out {
			keep[i] = keep[i] || live[v]
		}
		if keep[i] {
			for _, v := range f.Instrs[i].In {
				live[v] = true
			}
		}
	}
	kept := f.Instrs[:0]
	for i, in := range f.Instrs {
		if keep[i] {
			kept = append(kept, in)
		}
	}
	f.Instrs = kept
	f.Compact()
	return nil
}

// shareCommon makes equal instructions one. Every op is a pure function of its
// operands and attributes, random ones of their key; eval may not be.
func shareCommon(f *ir.Func) error {
	seen := map[string]int{}
	subst := map[ir.ID]ir.ID{}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for j, v := range in.In {
			if w, ok := subst[v]; ok {
				in.In[j] = w
			}
		}
		if in.Op == "eval" {
			continue
		}
		k := key(f, in)
		if first, ok := seen[k]; ok {
			for j, v := range in.Out {
				subst[v] = f.Instrs[first].Out[j]
			}
			continue
		}
		seen[k] = i
	}
	replace(f, subst)
	return nil
}

// key is the text of an instruction without its results and place.
func key(f *ir.Func, in *ir.Instr) string {
	one := ir.Func{Shapes: f.Shapes, Instrs: []ir.Instr{{Op: in.Op, In: in.In, Attrs: in.Attrs}}}
	return one.InstrString(0)
}

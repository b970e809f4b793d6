package plan_test

import (
	"testing"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/plan"
)

// checkOwners runs a plan on paper: every byte of the arena and of the inputs
// remembers which value was written into it last, and every instruction must find
// its operands' own bytes. It knows nothing of lives, only of places.
func checkOwners(t *testing.T, p *plan.Plan) {
	t.Helper()
	f := p.Func
	const unit = 64
	arena := make([]ir.ID, p.Arena/unit+1)
	input := map[ir.ID]ir.ID{} // by an input's memory
	for _, in := range f.Inputs {
		input[in.Value] = in.Value
	}
	is := make([]ir.ID, len(f.Shapes)) // what a reshape shows
	for v := range is {
		is[v] = ir.ID(v)
	}
	span := func(v ir.ID) (lo, hi int) {
		off := p.Offset[p.Root[v]]
		return off / unit, (off + f.Shape(v).Bytes() + unit - 1) / unit
	}
	holds := func(v ir.ID) bool {
		if root := p.Root[v]; p.Offset[root] < 0 {
			return input[root] == is[v]
		}
		lo, hi := span(v)
		for i := lo; i < hi; i++ {
			if arena[i] != is[v] {
				return false
			}
		}
		return true
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.In {
			if !holds(v) {
				t.Fatalf("instruction %d, %s: another value was written over operand %%%d", i, in.Op, v)
			}
		}
		for _, v := range in.Out {
			if in.Op == "reshape" {
				is[v] = is[in.In[0]]
				continue
			}
			if root := p.Root[v]; p.Offset[root] < 0 {
				input[root] = v
				continue
			}
			lo, hi := span(v)
			for j := lo; j < hi; j++ {
				arena[j] = v
			}
		}
		for _, v := range in.Out { // results of one instruction have places of their own
			if in.Op != "reshape" && !holds(v) {
				t.Fatalf("instruction %d, %s: result %%%d lies where another one does", i, in.Op, v)
			}
		}
	}
	for _, o := range f.Outputs {
		if !holds(o.Value) {
			t.Fatalf("output %s is not there at the end", o.Name)
		}
	}
}

package plan_test

import (
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/plan"
)

// What is alive at the peak are values that lie side by side, so their bytes are
// at most the arena's; no other instruction has more of them.
func TestAtPeak(t *testing.T) {
	for i := range optest.Cases {
		c := &optest.Cases[i]
		f, err := c.Func()
		if err != nil {
			t.Fatal(err)
		}
		if f, err = compile.Func(f); err != nil {
			t.Fatal(err)
		}
		p, err := plan.New(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		padded := func(v ir.ID) int { return (f.Shape(v).Bytes() + 63) &^ 63 }
		sum, at := 0, p.AtPeak()
		for _, v := range at {
			sum += padded(v)
			if p.First[v] < 0 || p.Offset[v] < 0 {
				t.Errorf("%s: %%%d is none of the arena's", c.Name, v)
			}
			for _, w := range at {
				if v != w && p.Offset[v] < p.Offset[w]+padded(w) && p.Offset[w] < p.Offset[v]+padded(v) {
					t.Errorf("%s: %%%d and %%%d share bytes", c.Name, v, w)
				}
			}
		}
		if sum > p.Arena {
			t.Errorf("%s: %d bytes alive in an arena of %d", c.Name, sum, p.Arena)
		}
		for i := range f.Instrs {
			alive := 0
			for _, v := range f.Instrs[i].Out { // at least these
				if p.Root[v] == v && p.Offset[v] >= 0 {
					alive += padded(v)
				}
			}
			if alive > sum {
				t.Errorf("%s: instruction %d makes %d bytes, the peak is %d", c.Name, i, alive, sum)
			}
		}
	}
}

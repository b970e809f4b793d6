package plan_test

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/trace"
)

// checkPlan looks for bytes that are shared too soon, and for waste.
func checkPlan(t *testing.T, p *plan.Plan) {
	t.Helper()
	checkOwners(t, p)
	for v, off := range p.Offset {
		if off >= 0 && p.Root[v] == ir.ID(v) && (off%64 != 0 || off+p.Func.Shape(ir.ID(v)).Bytes() > p.Arena) {
			t.Errorf("%%%d is at %d of an arena of %d", v, off, p.Arena)
		}
	}
	if low, _ := p.Peak(); p.Arena > low+low/20+256 {
		t.Errorf("an arena of %d bytes for at most %d alive", p.Arena, low)
	}
}

func TestNoTwoLiveValuesShareBytes(t *testing.T) {
	for i := range optest.Cases {
		c := &optest.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			f, err := c.Func()
			if err != nil {
				t.Fatal(err)
			}
			compiled, err := compile.Func(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range []*ir.Func{f, compiled} {
				p, err := plan.New(g, nil)
				if err != nil {
					t.Fatal(err)
				}
				checkPlan(t, p)
			}
		})
	}
}

// chain is x -> x w -> x w w ... n times, with every tenth result kept to the end.
func chain(t *testing.T, n int) *ir.Func {
	t.Helper()
	b := trace.New("chain")
	err := trace.Trace(func() {
		x, w := b.Input("x", shape.F32(64, 64)), b.Input("w", shape.F32(64, 64))
		sum := x.Sum()
		for i := range n {
			x = x.MatMul(w)
			if i%10 == 9 {
				b.Output("kept"+string(rune('a'+i/10)), x)
			}
			sum = sum.Add(x.Tanh().Sum())
		}
		b.Output("sum", sum)
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Func()
}

func TestMemoryIsReused(t *testing.T) {
	p, err := plan.New(chain(t, 50), nil)
	if err != nil {
		t.Fatal(err)
	}
	checkPlan(t, p)
	if most := (5 + 4) * 64 * 64 * 4; p.Arena > most {
		t.Errorf("50 products of 16 KiB, 5 of them kept, take %d bytes, expected at most %d", p.Arena, most)
	}
	if text := p.String(); !strings.Contains(text, "every buffer, in order of time") {
		t.Error(text)
	}
}

// updated is w' = w - x, with w read again after where late holds.
func updated(t *testing.T, late bool) *ir.Func {
	t.Helper()
	b := trace.New("update")
	err := trace.Trace(func() {
		w, x := b.Input("w", shape.F32(8)), b.Input("x", shape.F32(8))
		next := w.Sub(x)
		b.Output("w", next)
		if late {
			b.Output("y", next.Sum().Add(w.Sum()))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := compile.Func(b.Func())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUpdatesInPlace(t *testing.T) {
	f := updated(t, false)
	p, err := plan.New(f, map[string]string{"w": "w"})
	if err != nil {
		t.Fatal(err)
	}
	from, _ := f.Output("w")
	to, _ := f.Input("w")
	if p.Root[from] != to || len(p.Copies) != 0 {
		t.Errorf("the new value has root %%%d and %d copies, expected to be written into input %%%d", p.Root[from], len(p.Copies), to)
	}
	if p, err = plan.New(updated(t, true), map[string]string{"w": "w"}); err != nil {
		t.Fatal(err)
	}
	if len(p.Copies) != 1 {
		t.Errorf("an input that is read after its update: expected one copy at the end, found %d", len(p.Copies))
	}
	for name, aliases := range map[string]map[string]string{"no such input": {"w": "v"}, "another shape": {"y": "w"}} {
		if _, err := plan.New(updated(t, true), aliases); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

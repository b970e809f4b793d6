package op_test

import (
	"testing"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/wire"
)

// FuzzVerify: no text makes the parser or the verifier panic, and a program that is
// right is the same after it crossed the wire.
func FuzzVerify(f *testing.F) {
	for i := range optest.Cases {
		fn, err := optest.Cases[i].Func()
		if err != nil {
			f.Fatal(err)
		}
		f.Add((&ir.Program{Version: ir.Version, Funcs: []*ir.Func{fn}}).String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ir.Parse(text)
		if err != nil || op.Verify(p) != nil {
			return
		}
		var reply wire.TraceReply
		if err := wire.Unmarshal(wire.Marshal(nil, &wire.TraceReply{Program: p}), &reply); err != nil {
			t.Fatalf("%v in\n%s", err, p)
		}
		if got, want := reply.Program.String(), p.String(); got != want {
			t.Fatalf("the wire gives\n%s, was\n%s", got, want)
		}
		if err := op.Verify(reply.Program); err != nil {
			t.Fatalf("right before the wire, and after it: %v", err)
		}
	})
}

package plan_test

import (
	"strings"
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/tomlx/tomltest"
)

// Each file of testdata is a program, the inputs that its outputs replace, and how
// it is planned once it is compiled.
func TestPlansRead(t *testing.T) {
	tomltest.Golden(t, "testdata/*.txt", func(t *testing.T, parts map[string]string) string {
		p, err := ir.Parse("program 1\n" + parts["program"])
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Verify(p); err != nil {
			t.Fatal(err)
		}
		f, err := compile.Func(p.Funcs[0])
		if err != nil {
			t.Fatal(err)
		}
		aliases := map[string]string{}
		for _, name := range strings.Fields(parts["updates"]) {
			aliases[name] = name
		}
		x, err := plan.New(plan.Schedule(f, aliases), aliases)
		if err != nil {
			t.Fatal(err)
		}
		checkOwners(t, x)
		return x.String()
	})
}

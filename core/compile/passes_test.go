package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/op"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/tomlx/tomltest"
)

// Each file of testdata is a program and what it becomes after a pass, or after
// all of them.
func TestPasses(t *testing.T) {
	tomltest.Golden(t, "testdata/*.txt", func(t *testing.T, parts map[string]string) string {
		p, err := ir.Parse("program 1\n" + parts["program"])
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Verify(p); err != nil {
			t.Fatal(err)
		}
		f, name := p.Funcs[0], strings.TrimSpace(parts["pass"])
		if name, more := name, []Pass(nil); strings.HasPrefix(name, "all") {
			if name == "all, precision" {
				more = append(more, BF16)
			}
			if f, err = Func(f, more...); err != nil {
				t.Fatal(err)
			}
			return f.String()
		}
		known := false
		for _, pass := range append(slices.Clone(Passes), BF16) {
			if pass.Name != name || known {
				continue
			}
			known = true
			if err := pass.Run(f); err != nil {
				t.Fatal(err)
			}
		}
		if !known {
			t.Fatalf("no pass %q", name)
		}
		return f.String()
	})
}

// Up to fusion a compiled program is one of the table's ops, and means the same.
func TestPassesKeepTheMeaning(t *testing.T) {
	for i := range optest.Cases {
		c := &optest.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			f, err := c.Func()
			if err != nil {
				t.Fatal(err)
			}
			args := c.Arguments(1)
			want, err := interp.Run(f, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, pass := range Passes {
				if strings.Contains(pass.Name, "fusion") {
					break
				}
				if err := pass.Run(f); err != nil {
					t.Fatalf("%s: %v", pass.Name, err)
				}
				got, err := interp.Run(f, args, nil)
				if err != nil {
					t.Fatalf("%s: %v", pass.Name, err)
				}
				for j := range want {
					if string(got[j].Bytes()) != string(want[j].Bytes()) {
						t.Errorf("after %s, result %d differs", pass.Name, j)
					}
				}
			}
		})
	}
}

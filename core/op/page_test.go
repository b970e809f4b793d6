package op

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write docs/ops.md anew")

const page = "../../docs/ops.md"

// The page of ops, from which SDKs in other languages are written, is the table's.
func TestPageIsTheTable(t *testing.T) {
	want := table()
	if *rewrite {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not the table of ops; run go test ./core/op -run Page -rewrite", page)
	}
}

var headings = map[Class]string{
	Elementwise: "Elementwise", Data: "Data: moves, reduces or contracts", Random: "Random: pure functions of a key u32[2]",
	Link: "Link: declares or joins", View: "View: of view programs, once for each sample",
}

func table() string {
	var b strings.Builder
	b.WriteString("# Ops\n\nWhat programs are made of ([abi.md](abi.md), section 5). Operands are x, y and z. Attributes with ? may be left out; a flag is an int, and 0 where it is\nleft out. This page is written by `go test ./core/op -run Page -rewrite`.\n")
	for class := Elementwise; class <= View; class++ {
		b.WriteString("\n## " + headings[class] + "\n\n| op | operands | attributes | |\n|---|---|---|---|\n")
		for _, d := range All() {
			if d.Class == class {
				b.WriteString("| " + d.Name + " | " + arity(d.In) + " | " + attributes(d.Attrs) + " | " + strings.ReplaceAll(d.Doc, "|", "\\|") + " |\n")
			}
		}
	}
	return b.String()
}

func arity(n int) string {
	if n == Variadic {
		return "any"
	}
	return strconv.Itoa(n)
}

func attributes(defs []AttrDef) string {
	var list []string
	for _, a := range defs {
		s := a.Name + " " + a.Kind.String()
		if a.Optional {
			s += "?"
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

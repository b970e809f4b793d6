package tomlx

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// seeds hold each construct of TOML once.
var seeds = []string{
	"",
	"a = 1\nb.c = 2\n[t]\nx = 'y'\n[t.u]\nz = \"\"\"\none\ntwo\"\"\" # end\n",
	"[[eval]]\nprotocol = \"knn\"\n[[eval]]\nk = [1, # one\n 2,\n]\n[eval.sub]\na=1\n[[eval.sub2]]\nb=2\n",
	"\"quoted \\\"key\\u0041\" = 1\n'raw.key'.b = { c = 1, d = { e = [ { f = 1 }, { f = 2 } ] } }\n",
	"[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz=3\n",
	"d = 1979-05-27 07:32:00Z # date\nt = 07:32:00\nf = -inf\nn = [nan, 1e3, 0xff, 1_000]\n",
	"s = '''a''b'''''\nt = \"\"\"a\\\"\"\"\"\nu = \"\\\\\"\n",
	"a = 1\r\n# crlf\r\n[b]\r\nc = true\r\n",
	"é = 1",
	"\ufeff[bom]\nx = \"ü\" \ny = { a = 1,\n b = 2, }\n",
	"a = 1\na = 2\n[t]\n[t]\n",
	"a = [1, [2, 3], [[]]]\nb = {}\n",
	"x = 0x\n", "x = \"\\e[31m\"", "a = [{b = 1}]\n[a.c]\n", "a.b = 1\n[a]\nc = 2\n", "a = {b = {c = 1}}\n[a.b.d]\n",
}

// FuzzPlaces: whatever BurntSushi/toml accepts, every key is found at its place,
// and the text at a value's place is that value.
func FuzzPlaces(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) { checkPlaces(t, src) })
}

func TestPlacesOfSeeds(t *testing.T) {
	for _, s := range seeds {
		checkPlaces(t, s)
	}
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func checkPlaces(t failer, src string) {
	t.Helper()
	root, err := Parse("f.toml", []byte(src))
	if err != nil {
		if s := err.Error(); strings.Contains(s, "places were lost") {
			t.Fatalf("%q: %v", src, err)
		}
		return
	}
	text := strings.TrimPrefix(src, "\ufeff")
	var values map[string]any
	meta, err := toml.Decode(text, &values)
	if err != nil {
		t.Fatalf("%q: accepted, but not TOML: %v", src, err)
	}
	var want, got []string
	for _, k := range meta.Keys() {
		want = append(want, fmt.Sprintf("%q", []string(k)))
	}
	walk(root, nil, func(n *Node, path []string) {
		if n.explicit {
			got = append(got, fmt.Sprintf("%q", path))
		}
		checkKey(t, text, n)
		checkValue(t, text, n)
	})
	sort.Strings(want)
	sort.Strings(got)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: keys\n%v\nwant\n%v", src, got, want)
	}
}

// walk visits every node below n with its path, without the indices of lists.
func walk(n *Node, path []string, visit func(*Node, []string)) {
	for _, f := range n.Fields {
		p := append(path[:len(path):len(path)], f.Name)
		if f.Kind != List || !f.header {
			visit(f, p)
		}
		walk(f, p, visit)
	}
	for _, item := range n.Items {
		visit(item, path)
		walk(item, path, visit)
	}
}

// checkKey wants the key's name at the key's place.
func checkKey(t failer, src string, n *Node) {
	at := src[offset(src, n.Key):]
	if n.explicit && !strings.HasPrefix(at, n.Name) && !strings.HasPrefix(at, `"`) && !strings.HasPrefix(at, "'") && n.Name != "" && !n.header {
		t.Fatalf("%q: key %q is not at %v, there is %.10q", src, n.Name, n.Key, at)
	}
}

// checkValue wants the value's text at the value's place.
func checkValue(t failer, src string, n *Node) {
	if n.Raw == "" {
		return
	}
	at := src[offset(src, n.At):]
	if !strings.HasPrefix(at, n.Raw) {
		t.Fatalf("%q: %s is %q, but at %v is %.20q", src, n.Path, n.Raw, n.At, at)
	}
	again, err := Parse("", []byte("v = "+n.Raw))
	if err != nil || len(again.Fields) != 1 || !again.Fields[0].Value.Equal(n.Value) || again.Fields[0].Kind != n.Kind {
		t.Fatalf("%q: %s reads %v, its text %q reads %v, %v", src, n.Path, n.Value, n.Raw, again, err)
	}
}

// offset is the slow, obvious way from a place to its byte.
func offset(src string, p Pos) int {
	line, col := 1, 1
	for i, r := range src {
		if line == p.Line && col == p.Col {
			return i
		}
		col++
		if r == '\n' {
			line, col = line+1, 1
		}
	}
	return len(src)
}

// FuzzSet: no assignment panics, and what it sets is found at its path.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"a.b=1", "eval.0.k=2", "x=\"", "x=fw/simclr", "a.\"b c\"=[1,2]", "t={a=1}", "a=", "=", "eval.9.k=1", "a=\"\\e\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, assignment string) {
		if !utf8.ValidString(assignment) {
			return
		}
		root, err := Parse("", []byte(seeds[2]))
		if err != nil {
			t.Fatal(err)
		}
		var ps Problems
		Set(root, "--set", []string{assignment}, &ps)
		if err := ps.Err(); err != nil && strings.ContainsAny(err.Error(), "\x1b\x00\r") {
			t.Fatalf("%q: control characters in %q", assignment, err)
		}
	})
}

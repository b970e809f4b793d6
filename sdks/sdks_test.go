package sdks

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/crop/contrastivecrop"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/sdk"
)

// goPlugins are the examples' twins.
var goPlugins = map[string][]*sdk.Plugin{"crop": {contrastivecrop.Plugin()}, "ntxent": {ntxent.Plugin()}, "rotation": {rotation.Plugin()}, "every": {every(), masked(), recipe(), network()}}

// each runs f for each language whose compiler is there; the others are skipped by name.
func each(t *testing.T, f func(t *testing.T, l Language)) {
	for _, l := range Languages() {
		t.Run(l.Name, func(t *testing.T) {
			if _, ok := l.find(); !ok {
				t.Skip(l.Needs + " not found")
			}
			f(t, l)
		})
	}
}

// folder is a fresh copy of a language's SDK, beside what its tests add.
func folder(t testing.TB, l Language) string {
	t.Helper()
	dir := t.TempDir()
	if err := l.Copy(dir); err != nil {
		t.Fatal(err)
	}
	extra, err := filepath.Glob(filepath.Join("testdata", "*"+l.Ext))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range extra {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// built is an example as a module.
func built(t testing.TB, l Language, example string) *wasm.Module {
	t.Helper()
	m, err := wasm.Open(context.Background(), compiled(t, l, example), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// modules is what was compiled already, by source.
var modules = map[string][]byte{}

func compiled(t testing.TB, l Language, example string) []byte {
	t.Helper()
	if module, ok := modules[example+l.Ext]; ok {
		return module
	}
	module := compile(t, l, example)
	modules[example+l.Ext] = module
	return module
}

func compile(t testing.TB, l Language, example string) []byte {
	t.Helper()
	dir := folder(t, l)
	out := filepath.Join(dir, example+".wasm")
	if err := l.Build(context.Background(), dir, example+l.Ext, out); err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// The same sources give the same bytes in any folder.
func TestBuildsAreReproducible(t *testing.T) {
	each(t, func(t *testing.T, l Language) {
		if !bytes.Equal(compile(t, l, "crop"), compiled(t, l, "crop")) {
			t.Error("two folders, two modules")
		}
	})
}

func twin(example string) host.Caller { return host.Func(sdk.Handler(goPlugins[example]...)) }

// same calls both and compares replies, or that both refuse with the same words.
func same(t *testing.T, guest, twin host.Caller, m abi.Method, request []byte) {
	t.Helper()
	got, err := guest.Call(context.Background(), m, request)
	want, errWant := twin.Call(context.Background(), m, request)
	if errWant != nil {
		var e, w *host.Error
		if !errors.As(err, &e) || !errors.As(errWant, &w) || e.Kind != host.Refused || unplaced(e.Err.Error()) != unplaced(w.Err.Error()) {
			t.Fatalf("expected the error %v, found %v", errWant, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if m == abi.Trace {
		got, want = placeless(t, got), placeless(t, want)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the replies differ:\n%s\nexpected:\n%s", shown(m, got), shown(m, want))
	}
}

// placeless is a trace's reply without the author's places, once it was seen to be
// written as the Go SDK writes it.
func placeless(t *testing.T, b []byte) []byte {
	t.Helper()
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	if again := wire.Marshal(nil, &reply); !bytes.Equal(again, b) {
		t.Fatalf("the reply is not written as docs/abi.md says:\n%x\nexpected\n%x", b, again)
	}
	if reply.Program != nil {
		for _, f := range reply.Program.Funcs {
			for i := range f.Instrs {
				f.Instrs[i].Loc = ir.Loc{}
			}
		}
	}
	return wire.Marshal(nil, &reply)
}

func shown(m abi.Method, b []byte) string {
	var reply wire.TraceReply
	if m == abi.Trace && wire.Unmarshal(b, &reply) == nil && reply.Program != nil {
		return reply.Program.String()
	}
	return string(b)
}

// unplaced cuts "file.go:12: " off an error.
func unplaced(s string) string {
	head, rest, ok := bytes.Cut([]byte(s), []byte(": "))
	if i := bytes.LastIndexByte(head, ':'); ok && i > 0 && i < len(head)-1 && head[i+1] >= '0' && head[i+1] <= '9' {
		return string(rest)
	}
	return s
}

// The command in an SDK's README is the one that builds its plugins.
func TestReadmesSayHowPluginsAreBuilt(t *testing.T) {
	compilers := map[string]string{"c": "clang", "rust": "rustc", "assemblyscript": "asc"}
	for _, l := range Languages() {
		page, err := Files.ReadFile(l.Name + "/README.md")
		if err != nil {
			t.Fatal(err)
		}
		want := compilers[l.Name] + " " + strings.Join(l.command("crop"+l.Ext, "crop.wasm"), " ")
		if words := strings.Join(strings.Fields(strings.ReplaceAll(string(page), "\\\n", " ")), " "); !strings.Contains(words, want) {
			t.Errorf("%s/README.md does not say\n%s", l.Name, want)
		}
	}
}

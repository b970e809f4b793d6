package sdks

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/hosttest"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/plugins/augment/simclraugment"
	"github.com/fwlab/fw/plugins/crop/contrastivecrop"
	"github.com/fwlab/fw/plugins/loss/ntxent"
	"github.com/fwlab/fw/plugins/pretext/rotation"
	"github.com/fwlab/fw/sdk"
)

// goPlugins are the examples' twins.
var goPlugins = map[string][]*sdk.Plugin{"crop": {contrastivecrop.Plugin()}, "ntxent": {ntxent.Plugin()}, "rotation": {rotation.Plugin()}, "augment": {simclraugment.Plugin()}, "every": {every(), masked(), recipe(), network()}}

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

func same(t *testing.T, guest, twin host.Caller, m abi.Method, request []byte) {
	t.Helper()
	hosttest.Same(t, guest, twin, m, request, false) // AssemblyScript's compiler does not know a call's place
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

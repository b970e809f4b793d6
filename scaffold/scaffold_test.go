package scaffold

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/toolchain"
)

var rewrite = flag.Bool("rewrite", false, "write the manifests anew")

// The manifest of every scaffold is what its plugin says of itself, so that
// `fw plugin build` changes nothing in it but the artifacts. It builds and passes its
// own tests outside of this repository, without a network.
func TestScaffolds(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: builds plugins")
	}
	for _, lang := range Languages() {
		for _, kind := range experiment.Kinds() {
			if _, err := contents(idMark, kind, lang); err != nil && lang != "go" {
				continue // the SDK has no example of that kind
			}
			t.Run(lang+"/"+kind, func(t *testing.T) { builds(t, lang, kind) })
		}
	}
}

func builds(t *testing.T, lang, kind string) {
	t.Setenv("GOPROXY", "off")
	dir := filepath.Join(t.TempDir(), "starter")
	if err := Make(dir, idMark, kind, lang); err != nil {
		t.Fatal(err)
	}
	l, err := toolchain.Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(dir, "starter.wasm")
	err = l.Build(context.Background(), toolchain.Job{Dir: dir, Out: module, Carrier: registry.WASM})
	if missing := (*toolchain.MissingError)(nil); errors.As(err, &missing) {
		t.Skip("skipped:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	h := host.New("starter", func(ctx context.Context) (host.Caller, error) { return wasm.Open(ctx, b, "") })
	defer h.Close()
	said, err := client.Describe(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	if said.Plugins[0].ID != idMark || said.Plugins[0].Version != "0.1.0" {
		t.Errorf("it is %s %s", said.Plugins[0].ID, said.Plugins[0].Version)
	}
	m := registry.ManifestOf(said.Plugins[0], abi.Version, ir.Version)
	want := string(m.Encode())
	folder := "sdks"
	if lang == "go" {
		folder = lang
	}
	file := filepath.Join(folder, kind, registry.ManifestName)
	if *rewrite {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s: %v, expected\n%s\n(go test -rewrite writes it anew)", file, err, want)
	}
	if lang == "go" {
		cmd := exec.Command("go", "test", "./...")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=off", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("its own tests: %v\n%s", err, out)
		}
	}
}

// What cannot be made is said before a file is written.
func TestMakeRefuses(t *testing.T) {
	there := t.TempDir()
	fresh := filepath.Join(there, "x")
	for _, c := range []struct{ dir, id, kind, lang, want string }{
		{fresh, "Mine/X", "crop", "go", "expected an id as mine/halves"},
		{fresh, "../x", "crop", "go", "expected an id as mine/halves"},
		{fresh, "mine/x", "crop", "fortran", "expected a language of go, c, rust, assemblyscript"},
		{fresh, "mine/x", "optimizer", "go", `no plugin of kind "optimizer" in go`},
		{there, "mine/x", "crop", "go", "is there already"},
	} {
		if err := Make(c.dir, c.id, c.kind, c.lang); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if list, err := os.ReadDir(there); err != nil || len(list) != 0 {
		t.Errorf("something was written: %v %v", list, err)
	}
}

// Only the plugin's own names are replaced, in texts and in names of files.
func TestNamesAreReplaced(t *testing.T) {
	out, err := contents("alice/far-away", "crop", "go")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range out {
		if !strings.HasPrefix(name, carried) && strings.Contains(name+string(b), nameMark) {
			t.Errorf("%s still has %q:\n%s", name, nameMark, b)
		}
	}
	if !strings.Contains(string(out["main.go"]), `sdk.CropViews("alice/far-away", "0.1.0", h)`) || !strings.Contains(string(out["go.mod"]), "module alice/far-away\n") {
		t.Errorf("%s\n%s", out["main.go"], out["go.mod"])
	}
}

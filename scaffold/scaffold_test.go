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
	"github.com/fwlab/fw/core/host/hosttest"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/sdks/python"
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
	for _, l := range languages {
		for _, kind := range experiment.Kinds() {
			t.Run(l.name+"/"+kind, func(t *testing.T) {
				dir, guest := built(t, l.name, kind)
				said, err := client.Describe(t.Context(), host.New("starter", func(context.Context) (host.Caller, error) { return guest, nil }))
				if err != nil {
					t.Fatal(err)
				}
				if said.Plugins[0].ID != idMark || said.Plugins[0].Version != "0.1.0" {
					t.Errorf("it is %s %s", said.Plugins[0].ID, said.Plugins[0].Version)
				}
				m := registry.ManifestOf(said.Plugins[0], abi.Version, ir.Version)
				same(t, filepath.Join(l.folder, kind, registry.ManifestName), string(m.Encode()))
				if l.name == "go" {
					passes(t, dir)
				}
			})
		}
	}
}

// built is a scaffold's folder, and its plugin.
func built(t *testing.T, lang, kind string) (dir string, guest host.Caller) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	dir = filepath.Join(t.TempDir(), "starter")
	if err := Make(dir, idMark, kind, lang); err != nil {
		t.Fatal(err)
	}
	l, err := toolchain.Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Name != lang {
		t.Fatalf("it is built as %s", l.Name)
	}
	target := l.Targets[0]
	artifact := filepath.Join(dir, "starter"+target.Ext)
	err = l.Build(t.Context(), toolchain.Job{Dir: dir, Out: artifact, Carrier: target.Carrier})
	var compiler *toolchain.MissingError
	var interpreter *python.MissingError
	if errors.As(err, &compiler) || errors.As(err, &interpreter) {
		t.Skip("skipped:", err)
	}
	if err == nil && target.Carrier == registry.Process {
		guest, err = process.Start(t.Context(), process.Config{Path: artifact})
	} else if err == nil {
		var b []byte
		if b, err = os.ReadFile(artifact); err == nil {
			guest, err = wasm.Open(t.Context(), b, "")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { guest.Close() })
	return dir, guest
}

// same compares a manifest, or writes it anew.
func same(t *testing.T, file, want string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s: %v, expected\n%s\n(go test -rewrite writes it anew)", file, err, want)
	}
}

// passes runs the tests that the folder has.
func passes(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("go", "test", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("its own tests: %v\n%s", err, out)
	}
}

// The network that folders start with is the same program in every language.
func TestNetworksAreTheGoOne(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: builds plugins")
	}
	_, goes := built(t, "go", experiment.Backbone)
	params := [][]schema.Named{nil, {{Name: "width", Value: schema.OfInt(5)}, {Name: "stages", Value: schema.OfInt(6)}}, {{Name: "stages", Value: schema.OfInt(1)}}, {{Name: "width", Value: schema.OfInt(0)}}}
	for _, l := range languages {
		if l.name == "go" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			_, guest := built(t, l.name, experiment.Backbone)
			hosttest.Same(t, guest, goes, abi.Describe, nil, false)
			for _, p := range params {
				for _, stage := range []string{"map", "pooled", "embed"} {
					for groups := range 3 {
						hosttest.Same(t, guest, goes, abi.Trace, wire.Marshal(nil, &wire.TraceRequest{Plugin: idMark, Func: stage, Params: p, Training: groups > 0, NormGroups: groups,
							Inputs: []wire.Port{{Name: "x", Shape: shape.F32(8, 33, 40, 3)}}}), l.name != "assemblyscript") // whose compiler does not know a call's place
					}
				}
			}
		})
	}
}

// What cannot be made is said before a file is written.
func TestMakeRefuses(t *testing.T) {
	there := t.TempDir()
	fresh := filepath.Join(there, "x")
	for _, c := range []struct{ dir, id, kind, lang, want string }{
		{fresh, "Mine/X", "crop", "go", "expected an id as mine/halves"},
		{fresh, "../x", "crop", "go", "expected an id as mine/halves"},
		{fresh, "mine/x", "crop", "fortran", "expected a language of go, c, rust, assemblyscript, python, found"},
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

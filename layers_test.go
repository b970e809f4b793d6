package fw

import (
	"os/exec"
	"strings"
	"testing"
)

// The arrows between folders point one way. Each row forbids an import, with its reason.
var layers = []struct{ from, to, reason string }{
	{"core", "sdk", "the host must not depend on what authors import"},
	{"core", "plugins", "the host knows no method"},
	{"core", "cmd", "effects enter at the edge"},
	{"core", "registry", "core runs what it is given; the registry finds it"},
	{"sdk", "plugins", "authors' kit stands below every plugin"},
	{"sdk", "cmd", "authors' kit stands below the program"},
	{"sdks", "core", "an SDK in another language has the specification, docs/abi.md, and no Go"},
	{"plugins/pretext", "core", "a plugin imports only the sdk"},
	{"plugins/loss", "core", "a plugin imports only the sdk"},
	{"plugins/crop", "core", "a plugin imports only the sdk"},
	{"plugins/augment", "core", "a plugin imports only the sdk"},
	{"plugins/backbone", "core", "a plugin imports only the sdk"},
	{"scaffold/go", "core", "a plugin imports only the sdk"},
	{"core", "scaffold", "the host does not know what authors start from"},
	{"sdk", "registry", "authors' kit is carried without it"},
	{"toolchain", "core", "a compiler knows nothing of the host"},
}

const module = "github.com/fwlab/fw/"

func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		pkg, imports, _ := strings.Cut(line, ":")
		for _, i := range strings.Fields(imports) {
			for _, l := range layers {
				if within(pkg, l.from) && within(i, l.to) {
					t.Errorf("%s imports %s: %s", pkg, i, l.reason)
				}
			}
		}
	}
}

func within(pkg, folder string) bool {
	rest, ok := strings.CutPrefix(pkg, module)
	return ok && (rest == folder || strings.HasPrefix(rest, folder+"/"))
}

// What a scaffold carries is all that a plugin and its test need: for a guest, for a
// process, and for the tests that both may have.
func TestTheSDKStandsAlone(t *testing.T) {
	for _, platform := range [][]string{{"GOOS=wasip1", "GOARCH=wasm"}, {"GOOS=linux", "GOARCH=amd64"}, {"GOOS=windows", "GOARCH=arm64"}} {
		cmd := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{$p := .ImportPath}}{{range .GoFiles}}{{$p}}/{{.}} {{end}}{{range .SFiles}}{{$p}}/{{.}} {{end}}{{end}}`, "./sdk/...")
		cmd.Env = append(cmd.Environ(), platform...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range strings.Fields(string(out)) {
			path, ours := strings.CutPrefix(file, module)
			if !ours {
				t.Errorf("the sdk needs %s, which is of another module", file)
			} else if _, err := SDK.Open(path); err != nil {
				t.Errorf("fw.go does not embed %s: %v", path, err)
			}
		}
	}
}

// A guest links no fmt, no reflection and no gRPC: each doubles its size and its load time.
func TestGuestsStaySmall(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./plugins/crop/...")
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		if p == "fmt" || p == "reflect" || strings.HasPrefix(p, "google.golang.org/") {
			t.Errorf("a guest links %s", p)
		}
	}
}

package toolchain

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLanguageOfAFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Of(dir); err == nil || !strings.Contains(err.Error(), "expected go.mod (go)") {
		t.Errorf("an empty folder: %v", err)
	}
	put(t, dir, "go.mod", "module mine/x\n")
	if l, err := Of(dir); err != nil || l.Name != "go" || l.Targets[0] != module {
		t.Errorf("%v %v", l, err)
	}
}

// The same sources give the same bytes in any folder, on both carriers, whatever the
// user's flags are; what does not compile is told by the compiler's words.
func TestGoBuildsAreReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped with -short: builds programs")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("skipped: no go command")
	}
	build := func(carrier, source string) (string, error) {
		dir := t.TempDir()
		put(t, dir, "go.mod", "module mine/x\n\ngo 1.26\n")
		put(t, dir, "main.go", source)
		out := filepath.Join(dir, "out")
		err := buildGo(context.Background(), Job{Dir: dir, Out: out, Carrier: carrier, Platform: "linux/arm64"})
		b, _ := os.ReadFile(out)
		return string(b), err
	}
	for carrier, magic := range map[string]string{"wasm": "\x00asm", "process": "\x7fELF"} {
		const source = "package main\n\nfunc main() { println(1) }\n"
		first, err := build(carrier, source)
		if err != nil || !strings.HasPrefix(first, magic) {
			t.Fatalf("%s: %v", carrier, err)
		}
		t.Setenv("GOFLAGS", "-ldflags=-buildid=mine")
		t.Setenv("GOARM64", "v9.0")
		if second, err := build(carrier, source); err != nil || first != second {
			t.Errorf("%s: another build gives other bytes: %v", carrier, err)
		}
	}
	if _, err := build("wasm", "package main\n\nfunc main() { y() }\n"); err == nil || !strings.Contains(err.Error(), "main.go:3:15: undefined: y") {
		t.Errorf("%v", err)
	}
}

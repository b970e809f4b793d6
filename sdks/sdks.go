// Package sdks owns the SDKs of languages other than Go: their sources, which a
// plugin's folder carries with it, and how a plugin of theirs is compiled. Start from
// [Languages]. docs/abi.md specifies what they implement.
package sdks

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files is the SDKs, a folder for each language: in it examples, and fw with the SDK.
//
//go:embed c assemblyscript rust
var Files embed.FS

// Language is an SDK and its compiler.
type Language struct {
	Name, Ext string
	// Needs is what has to be installed.
	Needs string
	// find is the path of a compiler that can do it.
	find func() (string, bool)
	// command compiles a source in the current folder, beside fw, to out.
	command func(source, out string) []string
}

// Languages is every SDK.
func Languages() []Language { return []Language{c, rust, assemblyScript} }

var c = Language{Name: "c", Ext: ".c", Needs: "clang and wasm-ld", find: func() (string, bool) {
	_, err := exec.LookPath("wasm-ld")
	path, err2 := exec.LookPath("clang")
	return path, err == nil && err2 == nil
}, command: func(source, out string) []string {
	return []string{"--target=wasm32", "-std=gnu11", "-Wall", "-O2", "-flto", "-nostdlib", "-ffreestanding", "-fno-math-errno", "-ffp-contract=off", "-mbulk-memory", "-mnontrapping-fptoint",
		"-Wl,--no-entry", "-Wl,--stack-first", "-o", out, source, "fw/fw.c"}
}}

var rust = Language{Name: "rust", Ext: ".rs", Needs: "rustc with wasm32-unknown-unknown", find: func() (string, bool) {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) { // of several, one has the target
		path := filepath.Join(folder, "rustc")
		lib, err := exec.Command(path, "--print", "target-libdir", "--target", "wasm32-unknown-unknown").Output()
		if err != nil {
			continue
		}
		if std, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(lib)), "libstd-*")); len(std) > 0 {
			return path, true
		}
	}
	return "", false
}, command: func(source, out string) []string {
	return []string{"--edition", "2021", "--target", "wasm32-unknown-unknown", "--crate-type", "cdylib", "-C", "opt-level=3", "-C", "panic=abort", "-C", "lto=fat", "-C", "codegen-units=1", "-C", "strip=debuginfo", "-o", out, source}
}}

var assemblyScript = Language{Name: "assemblyscript", Ext: ".ts", Needs: "asc", find: func() (string, bool) {
	path, err := exec.LookPath("asc")
	return path, err == nil
}, command: func(source, out string) []string {
	return []string{source, "--config", "asconfig.json", "--outFile", out}
}}

// MissingError is a compiler that is not there.
type MissingError struct{ Language, Needs string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("build: plugins in %s need %s, which is not found on PATH", e.Language, e.Needs)
}

// Build compiles a source file in a folder that has the SDK in fw beside it.
func (l *Language) Build(ctx context.Context, folder, source, out string) error {
	path, ok := l.find()
	if !ok {
		return &MissingError{l.Name, l.Needs}
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Dir = folder
	cmd.Args = append(cmd.Args, l.command(source, out)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %s: %w\n%s", source, err, msg)
	}
	return nil
}

// Copy writes an SDK's files to a folder.
func (l *Language) Copy(folder string) error {
	files, err := fs.Sub(Files, l.Name)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return os.CopyFS(folder, files)
}

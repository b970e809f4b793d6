// Package python owns the SDK for plugins in Python, which run as processes: its sources,
// which a plugin's folder carries with it, and how a plugin's archive is built. Start from
// [Find] and [Build]. docs/abi.md specifies what the SDK implements.
package python

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files is the SDK, the folder fw, beside its examples.
//
//go:embed README.md *.py fw/*.py
var Files embed.FS

// Source is the file of a plugin's folder that declares the plugin. It has one name for
// all plugins, since Python may have a module of a plugin's.
const Source = "plugin.py"

// MissingError is an interpreter, or a module of it, that is not there.
type MissingError struct{ Interpreter, Module string }

func (e *MissingError) Error() string {
	if e.Module == "" {
		return fmt.Sprintf("build: plugins in python need Python 3.9 or later with grpcio, and %s is not found; install it, or name another by FW_PYTHON", e.Interpreter)
	}
	return fmt.Sprintf("build: plugins in python need the module %s, which %s does not have; install it: %s -m pip install %s, or name another Python by FW_PYTHON",
		e.Module, e.Interpreter, e.Interpreter, cmp.Or(map[string]string{"grpc": "grpcio"}[e.Module], e.Module))
}

// Find is the path of the Python that has grpcio and other modules: $FW_PYTHON, or
// python3 of PATH.
func Find(modules ...string) (string, error) {
	name := cmp.Or(os.Getenv("FW_PYTHON"), "python3")
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path) // a plugin's folder is another one
	}
	if err != nil {
		return "", &MissingError{Interpreter: name}
	}
	for _, m := range append([]string{"grpc"}, modules...) {
		if exec.Command(path, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)", m).Run() != nil {
			return "", &MissingError{path, m}
		}
	}
	return path, nil
}

// Build makes a plugin's folder, archive and manifest, of a source file in a folder that
// has the SDK in fw beside it. The archive runs by the interpreter that builds it.
func Build(ctx context.Context, interpreter, folder, source, out string) error {
	cmd := exec.CommandContext(ctx, interpreter, "-B", "-m", "fw", "build", source, "--out", out)
	cmd.Dir = folder
	if msg, err := cmd.CombinedOutput(); err != nil {
		if text := strings.TrimSpace(string(msg)); text != "" {
			err = errors.New(text)
		}
		return fmt.Errorf("build: %s:\n%w", source, err)
	}
	return nil
}

// Archive makes the archive alone, of the file [Source].
func Archive(ctx context.Context, interpreter, folder, out string) error {
	beside, err := os.MkdirTemp(filepath.Dir(out), ".build-")
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer os.RemoveAll(beside)
	if err := Build(ctx, interpreter, folder, Source, beside); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(beside, strings.TrimSuffix(Source, ".py")+".pyz"), out); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

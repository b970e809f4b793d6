// Package python owns the SDK for plugins in Python, which run as processes: its sources,
// which a plugin's folder carries with it, and how a plugin's archive is built. Start from
// [Find] and [Build]. docs/abi.md specifies what the SDK implements.
package python

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
)

// Files is the SDK, the folder fw, beside its examples.
//
//go:embed *.py fw/*.py
var Files embed.FS

// MissingError is an interpreter, or a module of it, that is not there.
type MissingError struct{ Interpreter, Module string }

func (e *MissingError) Error() string {
	if e.Module == "" {
		return fmt.Sprintf("build: no %s; $FW_PYTHON names another Python", e.Interpreter)
	}
	return fmt.Sprintf("build: %s has no module %s; $FW_PYTHON names another Python", e.Interpreter, e.Module)
}

// Find is the path of the Python that has grpcio and other modules: $FW_PYTHON, or
// python3 of PATH.
func Find(modules ...string) (string, error) {
	name := os.Getenv("FW_PYTHON")
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
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
		return fmt.Errorf("build: %s: %w\n%s", source, err, msg)
	}
	return nil
}

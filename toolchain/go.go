package toolchain

import (
	"context"
	"os"
	"os/exec"
	"strings"
)

// buildGo runs the go command. What would tell one machine's build from another's
// stays out: folders, version control, build ids, flags and workspaces of the user,
// and instructions that not every processor of a platform has, which round otherwise.
func buildGo(ctx context.Context, j Job) error {
	if _, err := exec.LookPath("go"); err != nil {
		return &MissingError{Language: "go", Needs: "the go command (go.dev/dl)"}
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-buildid=", "-o", j.Out}
	env := []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT="}
	if j.Carrier == "wasm" {
		args = append(args, "-buildmode=c-shared")
		env = append(env, "GOOS=wasip1", "GOARCH=wasm", "GOWASM=")
	} else {
		system, arch, _ := strings.Cut(j.Platform, "/")
		env = append(env, "GOOS="+system, "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = j.Dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return failed("go "+strings.Join(cmd.Args[1:], " "), out, err)
	}
	return nil
}

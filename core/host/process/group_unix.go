//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// alone gives the process a group of its own, so that Ctrl-C reaches the host only.
// That it ends with its host is left to the SDK, which watches its parent.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

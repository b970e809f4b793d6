package process

import (
	"os/exec"
	"syscall"
)

// alone gives the process a group of its own, so that Ctrl-C reaches the host only,
// and asks the kernel to kill it when the host is gone.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

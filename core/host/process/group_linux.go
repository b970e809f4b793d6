package process

import (
	"os/exec"
	"syscall"
)

// alone gives the process a session of its own, so that Ctrl-C reaches the host only
// and it has no terminal, and asks the kernel to kill it when the host is gone.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

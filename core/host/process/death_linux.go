package process

import (
	"os/exec"
	"syscall"
)

// dieWithHost asks the kernel to kill the process when the host is gone.
func dieWithHost(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

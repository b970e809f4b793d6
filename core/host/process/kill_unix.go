//go:build unix

package process

import (
	"os"
	"syscall"
)

// kill ends a process and what it started.
func kill(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}

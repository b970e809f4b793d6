//go:build !unix

package process

import (
	"os"
	"os/exec"
)

// alone leaves it to the SDK, which watches its parent, to end with the host.
func alone(*exec.Cmd) {}

// kill ends a process.
func kill(p *os.Process) { _ = p.Kill() }

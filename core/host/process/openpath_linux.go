package process

import (
	"fmt"
	"os"
)

// openPath names an open file by its descriptor in this process, so that the child,
// whose own descriptors are in motion, starts that very file.
func openPath(f *os.File) (string, bool) {
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
	_, err := os.Stat(path)
	return path, err == nil
}

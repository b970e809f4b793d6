//go:build !linux

package process

import "os"

// openPath is not to be had: only Linux names open files.
func openPath(*os.File) (string, bool) { return "", false }

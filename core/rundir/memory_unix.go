//go:build unix

package rundir

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// PeakRSS is the most memory, in bytes, that this process had resident at any time.
func PeakRSS() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(u.Maxrss) // bytes; kilobytes elsewhere
	}
	return int64(u.Maxrss) * 1024
}

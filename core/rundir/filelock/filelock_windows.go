package filelock

import (
	"os"

	"golang.org/x/sys/windows"
)

func lock(f *os.File, how int) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|uint32(how), 0, 1, 0, &windows.Overlapped{})
}

const (
	try  = windows.LOCKFILE_FAIL_IMMEDIATELY
	wait = 0
)

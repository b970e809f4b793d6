package rundir

import (
	"runtime"
	"time"

	"golang.org/x/sys/windows"
)

// PeakRSS is the memory, in bytes, that the Go runtime has taken from the
// system: the nearest that there is without a call outside x/sys.
func PeakRSS() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

// CPUTime is what this process's threads have run for, in user and system mode.
func CPUTime() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	ticks := func(f windows.Filetime) time.Duration { // of 100 ns
		return time.Duration(f.HighDateTime)<<32 + time.Duration(f.LowDateTime)
	}
	return 100 * (ticks(kernel) + ticks(user))
}

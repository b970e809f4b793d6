package rundir

import "runtime"

// PeakRSS is the memory, in bytes, that the Go runtime has taken from the
// system: the nearest that there is without a call outside x/sys.
func PeakRSS() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

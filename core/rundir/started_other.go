//go:build !linux

package rundir

import "time"

var began = time.Now()

// Age is the time since this program began to run, without what the system did before.
func Age() time.Duration { return time.Since(began) }

// ChildrenPeakRSS is unknown here.
func ChildrenPeakRSS() int64 { return 0 }

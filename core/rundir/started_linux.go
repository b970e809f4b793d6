package rundir

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ticks is the unit of times in /proc, a second's hundredth on every Linux that Go runs on.
const ticks = 100

// Age is the time since the kernel started this process, to a hundredth of a
// second; 0 where it cannot be told.
func Age() time.Duration {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	// Behind the program's name, which may hold anything: field 22 is the start since boot.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	start, err := strconv.ParseInt(string(fields[19]), 10, 64)
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano()) - time.Duration(start)*time.Second/ticks
}

// ChildrenPeakRSS is the sum, in bytes, of the most memory that each running child
// had resident at any time.
func ChildrenPeakRSS() (sum int64) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(pids)) {
			status, _ := os.ReadFile("/proc/" + pid + "/status") // gone: nothing
			_, rest, ok := strings.Cut(string(status), "VmHWM:")
			fields := strings.Fields(rest)
			if !ok || len(fields) == 0 {
				continue
			}
			kb, _ := strconv.ParseInt(fields[0], 10, 64)
			sum += kb << 10
		}
	}
	return sum
}

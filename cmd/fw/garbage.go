package main

import (
	"os"
	"runtime/debug"
)

// mostGarbage is how many bytes of garbage may lie about while a training runs.
const mostGarbage = 64 << 20

// boundGarbage lets the collector run before there is as much garbage as planned
// memory, which is what it would wait for otherwise: a plan's memory lives as long
// as the process, is looked into by nobody, and makes the heap look large. GOGC, if
// it is set, has the last word.
func boundGarbage(planned int) {
	if os.Getenv("GOGC") == "" && planned > mostGarbage {
		debug.SetGCPercent(max(4, int(100*mostGarbage/int64(planned))))
	}
}

package wasm

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/fwlab/fw/core/abi"
)

// descriptors counts this process's open files, -1 where that cannot be seen.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}

// mappings counts the mappings of memory, where compiled code lies, -1 where that cannot be
// seen.
func mappings() int {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return -1
	}
	return bytes.Count(b, []byte("\n"))
}

// heap is the bytes that are in use after collection.
func heap() uint64 {
	for range 3 { // finalizers unmap code
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Ten thousand times loaded, called and closed, half of them after a trap, or as often
// as a busy machine does in fifteen seconds: no memory and no descriptor is left.
func TestLoadingLeaksNothing(t *testing.T) {
	cycles := 10_000
	if testing.Short() {
		cycles = 500
	}
	good, bad, wide := plugin(reply(1)), plugin([]byte{0x00}), plugin(reply(1), wasiOf("sched_yield", 3))
	cycle := func(n int) {
		began := time.Now()
		for i := range n {
			if time.Since(began) > 15*time.Second {
				t.Logf("%d cycles in %v", i, time.Since(began))
				return
			}
			module := good
			switch {
			case i%2 == 1:
				module = bad
			case i%20 == 0:
				module = wide // with all that the host offers
			}
			m, err := Open(context.Background(), module, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Call(context.Background(), abi.Trace, nil); (err != nil) != (i%2 == 1) {
				t.Fatal(err)
			}
			m.Close()
		}
	}
	cycle(100)
	files, before, mapped := descriptors(), heap(), mappings()
	cycle(cycles)
	if got := descriptors(); got > files {
		t.Errorf("%d descriptors, %d before", got, files)
	}
	if got := heap(); got > before+1<<20 {
		t.Errorf("%d bytes of heap, %d before", got, before)
	}
	if got := mappings(); got > mapped+50 {
		t.Errorf("%d mappings, %d before", got, mapped)
	}
}

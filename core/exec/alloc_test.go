package exec

import (
	"testing"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/optest"
	"github.com/fwlab/fw/core/pool"
)

// A run allocates nothing, so that training makes no garbage.
func TestRunsAllocateNothing(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	for i := range optest.Cases {
		c := &optest.Cases[i]
		if c.Name == "symmetric_eigen" { // of phases between epochs, not of steps
			continue
		}
		f, err := c.Func()
		if err != nil {
			t.Fatal(err)
		}
		if f, err = compile.Func(f); err != nil {
			t.Fatal(err)
		}
		ex, err := New(f, Options{Pool: workers})
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(5, func() { _ = ex.Run() }); n != 0 {
			t.Errorf("%s: %v allocations a run", c.Name, n)
		}
	}
}

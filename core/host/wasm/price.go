package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/fwlab/fw/core/host/wasm/fuel"
)

// callPrice is what any call of the host costs in fuel: it takes about as long as so
// many iterations of a loop.
const callPrice = 64

// lengths says which argument of a host's function its work grows with, and how many
// bytes or items of it a unit of fuel pays for.
var lengths = map[string]struct{ argument, unit int }{
	"random_get":  {1, 2},
	"fd_write":    {2, 1},
	"fd_read":     {2, 1},
	"fd_pwrite":   {2, 1},
	"fd_pread":    {2, 1},
	"poll_oneoff": {2, 1},
}

// prices charges a guest for what the host does for it. A guest that cannot pay traps
// at its next function or loop.
type prices struct{}

// NewFunctionListener is asked for every function of the host, once.
func (prices) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	l, ok := lengths[f.ExportNames()[0]]
	return experimental.FunctionListenerFunc(func(_ context.Context, guest api.Module, _ api.FunctionDefinition, params []uint64, _ experimental.StackIterator) {
		price := uint64(callPrice)
		if ok {
			price += uint64(uint32(params[l.argument])) / uint64(l.unit)
		}
		if counter, ok := guest.ExportedGlobal(fuel.Global).(api.MutableGlobal); ok {
			counter.Set(counter.Get() - price)
		}
	})
}

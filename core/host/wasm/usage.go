package wasm

import (
	"maps"

	"github.com/fwlab/fw/core/abi"
)

// Fuel is how much work a call may do.
func Fuel(m abi.Method) int64 {
	if m == abi.Crop {
		return abi.FuelCrop
	}
	return abi.FuelDefault
}

// interpretedShare leaves the interpreter two million units of a trace, which take it about as
// long as a module of Go takes to compile.
const interpretedShare = 50

func (m *Module) fuel(method abi.Method) int64 { return Fuel(method) / m.share }

// Usage is the most that one call of a method has needed, and one instance.
type Usage struct {
	Fuel   map[abi.Method]int64 // units of work
	Memory int                  // bytes
}

// Usage is that of all calls since the start or ResetUsage.
func (m *Module) Usage() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Usage{maps.Clone(m.usage.Fuel), m.usage.Memory}
}

// ResetUsage forgets it. Instances keep the memory that they have.
func (m *Module) ResetUsage() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage = Usage{}
}

// note counts what a call has needed, whatever became of it.
func (m *Module) note(method abi.Method, in *instance) {
	used, size := m.fuel(method)-int64(in.fuel.Get()), int(in.mod.Memory().Size())
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.usage.Fuel == nil {
		m.usage.Fuel = map[abi.Method]int64{}
	}
	m.usage.Fuel[method] = max(m.usage.Fuel[method], used)
	m.usage.Memory = max(m.usage.Memory, size)
}

// Package abi owns the numbers and names that hosts and plugins agree on below
// the messages. docs/abi.md is its specification. Start from [Method].
package abi

// Version of the byte-level interface.
const Version = 1

// Method is what a call asks for.
type Method uint32

const (
	Describe Method = iota + 1
	Trace
	Crop
	Eval
)

var names = [...]string{"", "Describe", "Trace", "Crop", "Eval"}

// String is the method's name, which is also that of its gRPC method.
func (m Method) String() string {
	if int(m) < len(names) {
		return names[m]
	}
	return "unknown"
}

// Service is the gRPC service of process plugins.
const Service = "fw.plugin.v1.Plugin"

// The handshake of hashicorp/go-plugin.
const (
	CookieKey   = "FW_PLUGIN"
	CookieValue = "3f0a6c1e-fw-plugin"
)

// Names of a WASM module's exports and of the one import beside WASI's.
const (
	ExportMarker = "fw_abi_v1"
	ExportAlloc  = "fw_alloc" // (n i32) i32: memory for a request, valid until the next call; 0 refuses
	ExportCall   = "fw_call"  // (method, ptr, len i32) i64: reply as ptr<<32 | len
	ImportModule = "fw"
	ImportLog    = "log" // (level, ptr, len i32)
)

// First byte of a WASM reply: the payload follows, or the error's text.
const (
	StatusOK    = 0
	StatusError = 1
)

// Limits that a host starts from.
const (
	MaxMemory   = 64 << 20
	MaxReply    = 16 << 20
	MaxEval     = 256 << 20
	FuelDefault = 100_000_000
	FuelCrop    = 50_000_000
)

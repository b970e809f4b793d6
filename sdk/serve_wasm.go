//go:build wasip1

package sdk

import (
	"runtime"
	"unsafe"

	"github.com/fwlab/fw/core/abi"
)

// A reactor module's main does not run by itself; the first call runs it, and
// its Serve leaves the plugins here.
var handler func(abi.Method, []byte) ([]byte, error)

// Serve answers the host. A plugin's main calls it last.
func (p *Plugin) Serve() { Serve(p) }

// Serve serves several plugins from one module.
func Serve(plugins ...*Plugin) { handler = Handler(plugins...) }

//go:linkname mainMain main.main
func mainMain()

// request and reply are reused by every call, so that a call leaves no garbage of its size.
var request, reply []byte

//go:wasmexport fw_abi_v1
func marker() {}

//go:wasmexport fw_alloc
func alloc(n int32) int32 {
	if n < 0 || n > abi.MaxEval {
		return 0
	}
	if int(n) > cap(request) || cap(request) == 0 {
		request = make([]byte, n, max(int(n), 4096))
	}
	request = request[:n]
	return int32(uintptr(unsafe.Pointer(unsafe.SliceData(request))))
}

//go:wasmexport fw_call
func call(method, _, _ int32) int64 {
	if handler == nil {
		mainMain()
	}
	out, err := handler(abi.Method(method), request)
	reply = append(reply[:0], abi.StatusOK)
	if err != nil {
		reply[0], out = abi.StatusError, []byte(err.Error())
	}
	reply = append(reply, out...)
	runtime.Gosched() // lets the collector finish its cycle (golang/go#69584)
	return int64(uintptr(unsafe.Pointer(unsafe.SliceData(reply))))<<32 | int64(len(reply))
}

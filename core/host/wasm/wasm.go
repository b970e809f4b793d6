// Package wasm owns the WASM carrier: plugins in a sandbox without files,
// network, clock or environment, with bounded memory and bounded work. Start
// from [Open].
package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm/fuel"
)

const wasi = wasi_snapshot_preview1.ModuleName

// allowed is the part of WASI that Go's runtime asks for. Nothing is mounted,
// so files are not there; clock and random source are wazero's constant ones.
var allowed = map[string]bool{
	"args_get": true, "args_sizes_get": true, "clock_time_get": true, "environ_get": true, "environ_sizes_get": true,
	"fd_close": true, "fd_fdstat_get": true, "fd_fdstat_set_flags": true, "fd_prestat_dir_name": true, "fd_prestat_get": true,
	"fd_read": true, "fd_seek": true, "fd_write": true, "fd_filestat_get": true, "fd_pread": true, "fd_pwrite": true, "fd_readdir": true,
	"path_filestat_get": true, "path_open": true, "path_create_directory": true, "path_remove_directory": true, "path_unlink_file": true, "path_rename": true, "path_readlink": true, "path_symlink": true, "path_link": true, "path_filestat_set_times": true,
	"fd_filestat_set_size": true, "fd_sync": true, "poll_oneoff": true, "proc_exit": true, "random_get": true, "sched_yield": true,
	"sock_accept": true, "sock_shutdown": true, "sock_recv": true, "sock_send": true,
}

// Module is a compiled plugin. Each call that runs at the same time has an
// instance of its own; after a trap the instance is thrown away.
type Module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	share    int64 // of the fuel of a call, as a divisor
	mu       sync.Mutex
	idle     []*instance
	usage    Usage
}

type instance struct {
	mod    api.Module
	alloc  api.Function
	call   api.Function
	fuel   api.MutableGlobal
	stderr *bounded
}

// Open compiles a module; cacheDir, if not "", keeps compiled code between runs.
func Open(ctx context.Context, module []byte, cacheDir string) (*Module, error) {
	cfg := wazero.NewRuntimeConfig()
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("wasm: cache: %w", err)
		}
		cfg = cfg.WithCompilationCache(cache)
	}
	return open(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), module, cfg)
}

// Interpret makes a module callable without compiling it: the first answer comes sooner,
// each later one takes longer. A call may do a fiftieth of the work, and nest less deep.
func Interpret(ctx context.Context, module []byte) (*Module, error) {
	m, err := open(ctx, module, wazero.NewRuntimeConfigInterpreter())
	if err == nil {
		m.share = interpretedShare
	}
	return m, err
}

func open(ctx context.Context, module []byte, cfg wazero.RuntimeConfig) (*Module, error) {
	rewritten, err := fuel.Instrument(module)
	if err != nil {
		return nil, err
	}
	m := &Module{share: 1, runtime: wazero.NewRuntimeWithConfig(ctx, cfg.WithMemoryLimitPages(abi.MaxMemory>>16))}
	if err := m.prepare(ctx, rewritten); err != nil {
		m.runtime.Close(ctx)
		return nil, err
	}
	return m, nil
}

func (m *Module) prepare(ctx context.Context, module []byte) (err error) {
	if m.compiled, err = m.runtime.CompileModule(ctx, module); err != nil {
		return fmt.Errorf("wasm: %w", err)
	}
	var unknown []string
	asked := map[string]bool{} // modules of the host
	for _, f := range m.compiled.ImportedFunctions() {
		mod, name, _ := f.Import()
		asked[mod] = true
		if !(mod == wasi && allowed[name] || mod == abi.ImportModule && name == abi.ImportLog) {
			unknown = append(unknown, mod+"."+name)
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("wasm: imports that no plugin gets: %s", strings.Join(unknown, ", "))
	}
	exports := m.compiled.ExportedFunctions()
	if exports[abi.ExportMarker] == nil {
		return fmt.Errorf("wasm: no export %s: built for another ABI, or no fw plugin; this host speaks ABI %d", abi.ExportMarker, abi.Version)
	}
	if exports[abi.ExportAlloc] == nil || exports[abi.ExportCall] == nil || len(m.compiled.ExportedMemories()) == 0 {
		return fmt.Errorf("wasm: expected exports memory, %s and %s", abi.ExportAlloc, abi.ExportCall)
	}
	ctx = experimental.WithFunctionListenerFactory(ctx, prices{})
	if asked[wasi] {
		if _, err := wasi_snapshot_preview1.Instantiate(ctx, m.runtime); err != nil {
			return fmt.Errorf("wasm: %w", err)
		}
	}
	if !asked[abi.ImportModule] {
		return nil
	}
	_, err = m.runtime.NewHostModuleBuilder(abi.ImportModule).NewFunctionBuilder().WithFunc(logged).Export(abi.ImportLog).Instantiate(ctx)
	return err
}

// words is the key of a call's context under which its instance's last words are kept.
type words struct{}

// logged adds a line to the last words of the guest. What is outside of its memory is
// not said.
func logged(ctx context.Context, mod api.Module, _, ptr, n uint32) {
	if last, ok := ctx.Value(words{}).(*bounded); ok {
		text, _ := mod.Memory().Read(ptr, n)
		last.Write(append(bytes.Clone(text[max(0, len(text)-lastWords):]), '\n'))
	}
}

func (m *Module) instance(ctx context.Context) (*instance, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		in := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return in, nil
	}
	m.mu.Unlock()
	in := &instance{stderr: &bounded{}}
	mod, err := m.runtime.InstantiateModule(ctx, m.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(io.Discard).WithStderr(in.stderr))
	if err != nil {
		return nil, &host.Error{Kind: host.NotLoaded, Err: fmt.Errorf("wasm: %w", err)}
	}
	in.mod, in.alloc, in.call = mod, mod.ExportedFunction(abi.ExportAlloc), mod.ExportedFunction(abi.ExportCall)
	global, ok := mod.ExportedGlobal(fuel.Global).(api.MutableGlobal)
	if !ok {
		mod.Close(ctx)
		return nil, &host.Error{Kind: host.NotLoaded, Err: errors.New("wasm: the fuel counter is not there")}
	}
	in.fuel = global
	in.fuel.Set(abi.FuelDefault)
	if start := mod.ExportedFunction("_initialize"); start != nil {
		if _, err := start.Call(context.WithValue(ctx, words{}, in.stderr)); err != nil {
			err = in.failed(err)
			mod.Close(ctx)
			return nil, err
		}
	}
	return in, nil
}

// Call runs one request in an instance of its own.
func (m *Module) Call(ctx context.Context, method abi.Method, request []byte) ([]byte, error) {
	in, err := m.instance(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := in.run(ctx, m.fuel(method), method, request)
	m.note(method, in)
	var e *host.Error
	if errors.As(err, &e) && e.Kind != host.Refused {
		in.mod.Close(ctx)
		return nil, err
	}
	m.mu.Lock()
	m.idle = append(m.idle, in)
	m.mu.Unlock()
	return reply, err
}

func (in *instance) run(ctx context.Context, limit int64, method abi.Method, request []byte) ([]byte, error) {
	most := abi.MaxReply
	if method == abi.Eval {
		most = abi.MaxEval
	}
	in.fuel.Set(uint64(limit))
	in.stderr.Reset()
	ctx = context.WithValue(ctx, words{}, in.stderr)
	got, err := in.alloc.Call(ctx, uint64(len(request)))
	if err != nil {
		return nil, in.failed(err)
	}
	mem := in.mod.Memory()
	if got[0] == 0 || !mem.Write(uint32(got[0]), request) {
		return nil, &host.Error{Kind: host.BadReply, Err: fmt.Errorf("no room for a request of %d bytes", len(request))}
	}
	packed, err := in.call.Call(ctx, uint64(method), got[0], uint64(len(request)))
	if err != nil {
		return nil, in.failed(err)
	}
	ptr, n := uint32(packed[0]>>32), uint32(packed[0])
	if n == 0 || int(n) > most {
		return nil, &host.Error{Kind: host.BadReply, Err: fmt.Errorf("expected 1 to %d bytes, found %d", most, n)}
	}
	view, ok := mem.Read(ptr, n)
	if !ok {
		return nil, &host.Error{Kind: host.BadReply, Err: fmt.Errorf("reply of %d bytes at %#x is outside of the memory", n, ptr)}
	}
	switch view[0] {
	case abi.StatusOK:
		return bytes.Clone(view[1:]), nil
	case abi.StatusError:
		return nil, &host.Error{Kind: host.Refused, Err: host.Text(view[1:])}
	}
	return nil, &host.Error{Kind: host.BadReply, Err: fmt.Errorf("unknown status %d", view[0])}
}

func (in *instance) failed(err error) error {
	e := &host.Error{Kind: host.Trapped, Err: fmt.Errorf("wasm: %s", firstLines(err.Error(), 6)), Stderr: in.stderr.String()}
	if int64(in.fuel.Get()) < 0 {
		e.Kind, e.Err = host.OutOfFuel, fmt.Errorf("wasm: the call did more work than it is allowed%s; does it loop for ever?", within(err.Error()))
	}
	return e
}

// frame is a line of wazero's trace: a function's name, if the module has it, and its type.
var frame = regexp.MustCompile(`(?m)^\t\.?(\S.*?)\([^()]*\)[^()]*$`)

// within is the innermost function of the author's in a trace, in words; "" where
// names are missing.
func within(trace string) string {
	for _, m := range frame.FindAllStringSubmatch(trace, -1) {
		if name := m[1]; !strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "github.com/fwlab/fw/") && !strings.HasPrefix(name, "$") {
			return ", in " + name
		}
	}
	return ""
}

func firstLines(s string, n int) string {
	lines := strings.SplitN(s, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// Close frees the module and its instances.
func (m *Module) Close() error { return m.runtime.Close(context.Background()) }

// lastWords is how many bytes of what a guest says are kept.
const lastWords = 4096

// bounded keeps the last words of a guest.
type bounded struct{ b []byte }

func (t *bounded) Write(p []byte) (int, error) {
	t.b = append(t.b, p[max(0, len(p)-lastWords):]...)
	if n := len(t.b) - lastWords; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

func (t *bounded) Reset()         { t.b = t.b[:0] }
func (t *bounded) String() string { return strings.ToValidUTF8(string(t.b), "?") }

var _ host.Caller = (*Module)(nil)

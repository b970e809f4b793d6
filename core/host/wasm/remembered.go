package wasm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
)

// Remembered is a module that is not compiled before it has to be. What it says of itself
// and what it traces follow from its bytes and the request alone, since it has no clock,
// file or chance: answers are kept, and where there is none an interpreter gives it, which
// needs no compiled code. Crops and evaluation are compiled.
type Remembered struct {
	kept                 answers
	interpreted, compile func() (*Module, error) // once each

	mu     sync.Mutex
	open   []*Module
	closed bool
}

// Remember makes a module callable, whose sha256 is sum. Below cacheDir lie answers and
// compiled code. Nothing of it runs yet.
func Remember(module []byte, sum, cacheDir string) *Remembered {
	r := &Remembered{kept: answers{filepath.Join(cacheDir, "answers", fmt.Sprintf("%s-%d", sum, abi.Version))}}
	r.interpreted = r.once(func(ctx context.Context) (*Module, error) { return Interpret(ctx, module) })
	r.compile = r.once(func(ctx context.Context) (*Module, error) { return Open(ctx, module, cacheDir) })
	return r
}

func (r *Remembered) once(open func(context.Context) (*Module, error)) func() (*Module, error) {
	return sync.OnceValues(func() (*Module, error) {
		m, err := open(context.Background())
		if err != nil {
			return nil, &host.Error{Kind: host.NotLoaded, Err: err}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed {
			m.Close()
			return nil, &host.Error{Kind: host.NotLoaded, Err: errors.New("wasm: closed")}
		}
		r.open = append(r.open, m)
		return m, nil
	})
}

// Ready compiles the module, before the first call that needs it.
func (r *Remembered) Ready() error {
	_, err := r.compile()
	return err
}

// Call answers from memory, or runs the request.
func (r *Remembered) Call(ctx context.Context, method abi.Method, request []byte) ([]byte, error) {
	if method != abi.Describe && method != abi.Trace {
		return run(ctx, r.compile, method, request)
	}
	if reply, ok := r.kept.find(method, request); ok {
		return reply, nil
	}
	reply, err := run(ctx, r.interpreted, method, request)
	var e *host.Error
	if errors.As(err, &e) && (e.Kind == host.Trapped || e.Kind == host.OutOfFuel) { // perhaps at the interpreter's own bounds
		reply, err = run(ctx, r.compile, method, request)
	}
	if err != nil {
		return nil, err
	}
	return reply, r.kept.add(method, request, reply)
}

func run(ctx context.Context, open func() (*Module, error), method abi.Method, request []byte) ([]byte, error) {
	m, err := open()
	if err != nil {
		return nil, err
	}
	return m.Call(ctx, method, request)
}

// Close frees what was opened, and what is being opened as soon as it is.
func (r *Remembered) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var errs []error
	for _, m := range r.open {
		errs = append(errs, m.Close())
	}
	r.open = nil
	return errors.Join(errs...)
}

var _ host.Caller = (*Remembered)(nil)

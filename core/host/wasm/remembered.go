package wasm

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
)

// Remembered is a module that is not compiled before it has to be. What it says of itself
// and what it traces follow from its bytes and the request alone, since it has no clock,
// file or chance: answers are kept, and where there is none an interpreter gives it, which
// needs no compiled code. Crops and evaluation are compiled.
type Remembered struct {
	module []byte
	kept   answers
	// The interpreter takes one question at a time, and is let go when none came for a while.
	asking      sync.Mutex
	interpreter *Module // nil: let go, or not needed yet
	idle        time.Duration
	rest        *time.Timer

	compile  func() (*Module, error) // once
	mu       sync.Mutex
	compiled *Module
	closed   bool
}

// idle is how long an interpreter waits for a question. It takes 60 MB for a module of Go.
const idle = 10 * time.Second

var errClosed = &host.Error{Kind: host.NotLoaded, Err: errors.New("wasm: closed")}

// Remember makes a module callable, whose sha256 is sum. Below cacheDir, if it is not "",
// lie answers and compiled code. Nothing of it runs yet.
func Remember(module []byte, sum, cacheDir string) *Remembered {
	r := &Remembered{module: module, idle: idle}
	if cacheDir != "" {
		r.kept.dir = filepath.Join(cacheDir, "answers", fmt.Sprintf("%s-%d", sum, abi.Version))
	}
	r.compile = sync.OnceValues(func() (*Module, error) {
		m, err := Open(context.Background(), module, cacheDir)
		if err != nil {
			return nil, &host.Error{Kind: host.NotLoaded, Err: err}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed {
			m.Close()
			return nil, errClosed
		}
		r.compiled = m
		return m, nil
	})
	return r
}

// Ready compiles the module, before the first call that needs it.
func (r *Remembered) Ready() error {
	_, err := r.compile()
	return err
}

// Call answers from memory, or runs the request.
func (r *Remembered) Call(ctx context.Context, method abi.Method, request []byte) ([]byte, error) {
	if method != abi.Describe && method != abi.Trace {
		return r.run(ctx, method, request)
	}
	if reply, ok := r.kept.find(method, request); ok {
		return reply, nil
	}
	reply, err := r.interpret(ctx, method, request)
	var e *host.Error
	if errors.As(err, &e) && (e.Kind == host.Trapped || e.Kind == host.OutOfFuel) { // perhaps at the interpreter's own bounds
		reply, err = r.run(ctx, method, request)
	}
	if err != nil {
		return nil, err
	}
	return reply, r.kept.add(method, request, reply)
}

func (r *Remembered) run(ctx context.Context, method abi.Method, request []byte) ([]byte, error) {
	m, err := r.compile()
	if err != nil {
		return nil, err
	}
	return m.Call(ctx, method, request)
}

func (r *Remembered) interpret(ctx context.Context, method abi.Method, request []byte) ([]byte, error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.isClosed() {
		return nil, errClosed
	}
	if r.interpreter == nil {
		m, err := Interpret(ctx, r.module)
		if err != nil {
			return nil, &host.Error{Kind: host.NotLoaded, Err: err}
		}
		r.interpreter, r.rest = m, time.AfterFunc(r.idle, r.letGo)
	}
	defer r.rest.Reset(r.idle)
	return r.interpreter.Call(ctx, method, request)
}

func (r *Remembered) letGo() {
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.interpreter != nil {
		r.rest.Stop()
		r.interpreter.Close()
		r.interpreter = nil
	}
}

func (r *Remembered) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close frees what was opened, and what is being opened as soon as it is.
func (r *Remembered) Close() error {
	r.mu.Lock()
	m := r.compiled
	r.compiled, r.closed = nil, true
	r.mu.Unlock()
	r.letGo()
	if m == nil {
		return nil
	}
	return m.Close()
}

var _ host.Caller = (*Remembered)(nil)

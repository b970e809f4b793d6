// Package host owns the byte-level plugin boundary: one interface, carriers
// below it (wasm, process, Func), restarts and statistics above. What the bytes
// mean is core/wire's business. Start from [Caller].
package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fwlab/fw/core/abi"
)

// Caller is a started plugin artifact. Calls may come from several goroutines.
type Caller interface {
	Call(ctx context.Context, m abi.Method, request []byte) (reply []byte, err error)
	Close() error
}

// Func is the in-process carrier, for tests and the author's debugger.
type Func func(m abi.Method, request []byte) ([]byte, error)

// Call runs f.
func (f Func) Call(_ context.Context, m abi.Method, request []byte) ([]byte, error) {
	reply, err := f(m, request)
	if err != nil {
		return nil, &Error{Kind: Refused, Method: m, Err: err}
	}
	return reply, nil
}

// Close does nothing.
func (Func) Close() error { return nil }

// Kind says what went wrong with a call.
type Kind string

const (
	Refused   Kind = "refused"     // the plugin answered with an error
	Trapped   Kind = "trapped"     // a WASM trap: panic, bad memory access
	OutOfFuel Kind = "out of fuel" // too much work in one call
	BadReply  Kind = "bad reply"   // pointers, lengths or text out of order
	Crashed   Kind = "crashed"     // the process is gone
	TimedOut  Kind = "timed out"
	NotLoaded Kind = "not loaded" // the artifact cannot be started
)

// Error is a failed call. Its text has one line for what the plugin died of, with the
// place in its author's source where the last words tell it.
type Error struct {
	Plugin string
	Method abi.Method
	Kind   Kind
	Err    error
	Stderr string // the guest's last words
}

func (e *Error) Error() string {
	s := "plugin"
	if e.Plugin != "" {
		s += fmt.Sprintf(" %q", e.Plugin)
	}
	if e.Method != 0 {
		s += ": " + e.Method.String()
	}
	if e.Kind != Refused {
		s += ": " + string(e.Kind)
	}
	what, where, words, blamed := "", "", e.Stderr, false
	if e.Kind == Trapped || e.Kind == Crashed || e.Kind == NotLoaded { // it died
		what, where, words, blamed = blame(e.Stderr)
	}
	switch {
	case blamed && where != "":
		s += ": " + printable(what+" ("+where+")")
	case blamed:
		s += ": " + printable(what)
	case e.Err != nil:
		s += ": " + printable(e.Err.Error())
	}
	if words = strings.TrimSpace(printable(words)); words != "" {
		s += "\n  " + strings.ReplaceAll(words, "\n", "\n  ")
	}
	return s
}

// printable keeps a plugin's words from driving the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, s)
}

func (e *Error) Unwrap() error { return e.Err }

// Text makes an error of a plugin's own words, which must be UTF-8.
func Text(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("an error text that is not UTF-8")
	}
	return errors.New(string(b))
}

// Plugin is a Caller that starts on first use, starts afresh after a trap or a
// crash and tries the call once more, and counts calls. After a call that timed out
// it starts afresh too, for the next call.
type Plugin struct {
	Name string
	// Watch, unless nil, is told of each call when it is over; of several at once.
	Watch func(m abi.Method, began time.Time, took time.Duration)
	start func(ctx context.Context) (Caller, error)

	mu      sync.Mutex
	current Caller
	calls   atomic.Int64
	nanos   atomic.Int64
}

// New makes a Plugin of a way to start it.
func New(name string, start func(ctx context.Context) (Caller, error)) *Plugin {
	return &Plugin{Name: name, start: start}
}

// Call passes the request on.
func (p *Plugin) Call(ctx context.Context, m abi.Method, request []byte) ([]byte, error) {
	began := time.Now()
	defer func() {
		took := time.Since(began)
		p.calls.Add(1)
		p.nanos.Add(int64(took))
		if p.Watch != nil {
			p.Watch(m, began, took)
		}
	}()
	for try := 0; ; try++ {
		c, err := p.running(ctx)
		if err != nil {
			return nil, p.named(err, m, NotLoaded)
		}
		reply, err := c.Call(ctx, m, request)
		if err == nil {
			return reply, nil
		}
		var e *Error
		lost := errors.As(err, &e) && (e.Kind == Trapped || e.Kind == Crashed || e.Kind == TimedOut)
		if lost {
			p.drop(c)
		}
		if !lost || try > 0 || e.Kind == TimedOut {
			return nil, p.named(err, m, Refused)
		}
	}
}

func (p *Plugin) named(err error, m abi.Method, kind Kind) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Kind: kind, Err: err}
	}
	named := *e
	named.Plugin, named.Method = p.Name, m
	return &named
}

func (p *Plugin) running(ctx context.Context) (Caller, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		c, err := p.start(ctx)
		if err != nil {
			return nil, err
		}
		p.current = c
	}
	return p.current, nil
}

// Ready has what was started prepare for calls, if it is a carrier that can. What fails
// is said by the first call.
func (p *Plugin) Ready() {
	p.mu.Lock()
	c := p.current
	p.mu.Unlock()
	if r, ok := c.(interface{ Ready() error }); ok {
		_ = r.Ready()
	}
}

// drop closes a carrier that failed, unless another call has replaced it already.
func (p *Plugin) drop(c Caller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == c {
		c.Close()
		p.current = nil
	}
}

// Close stops the plugin.
func (p *Plugin) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return nil
	}
	err := p.current.Close()
	p.current = nil
	return err
}

// Stats is the number of calls so far and the time they took, starts included.
func (p *Plugin) Stats() (calls int64, spent time.Duration) {
	return p.calls.Load(), time.Duration(p.nanos.Load())
}

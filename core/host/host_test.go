package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
)

// scripted fails its calls as told, in order, then answers.
type scripted struct {
	fail   *[]error
	closed *int
}

func (s scripted) Call(context.Context, abi.Method, []byte) ([]byte, error) {
	if len(*s.fail) == 0 {
		return []byte("reply"), nil
	}
	err := (*s.fail)[0]
	*s.fail = (*s.fail)[1:]
	return nil, err
}

func (s scripted) Close() error { *s.closed++; return nil }

// What is lost starts afresh; a trap or a crash is tried once more, a call that took
// too long is not.
func TestRestarts(t *testing.T) {
	lost := func(k Kind) error { return &Error{Kind: k, Err: errors.New("\x1b[2Jwords")} }
	for _, c := range []struct {
		name   string
		fail   []error
		starts int
		kind   Kind // "" when the call succeeds
	}{
		{"no failure", nil, 1, ""},
		{"one trap", []error{lost(Trapped)}, 2, ""},
		{"one crash", []error{lost(Crashed)}, 2, ""},
		{"two crashes", []error{lost(Crashed), lost(Crashed)}, 2, Crashed},
		{"timed out", []error{lost(TimedOut)}, 1, TimedOut},
		{"refused", []error{lost(Refused)}, 1, Refused},
		{"bad reply", []error{lost(BadReply)}, 1, BadReply},
		{"the caller gave up", []error{context.Canceled}, 1, Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			starts, closed := 0, 0
			p := New("x", func(context.Context) (Caller, error) { starts++; return scripted{&c.fail, &closed}, nil })
			gone := c.kind == Crashed || c.kind == TimedOut
			canceled := len(c.fail) > 0 && errors.Is(c.fail[0], context.Canceled)
			reply, err := p.Call(context.Background(), abi.Trace, nil)
			var e *Error
			switch {
			case c.kind == "":
				if err != nil || string(reply) != "reply" {
					t.Errorf("got %q, %v", reply, err)
				}
			case !errors.As(err, &e) || e.Kind != c.kind || e.Plugin != "x" || e.Method != abi.Trace:
				t.Errorf("expected %s, found %v", c.kind, err)
			case strings.Contains(err.Error(), "\x1b"):
				t.Errorf("the plugin's words reach the terminal as they are: %q", err)
			case canceled && !errors.Is(err, context.Canceled):
				t.Errorf("%v is no context.Canceled", err)
			}
			if starts != c.starts {
				t.Errorf("%d starts, expected %d", starts, c.starts)
			}
			if gone != (closed == starts) {
				t.Errorf("%d of %d closed", closed, starts)
			}
			if _, err := p.Call(context.Background(), abi.Trace, nil); err != nil {
				t.Errorf("the next call: %v", err)
			}
			if calls, _ := p.Stats(); calls != 2 {
				t.Errorf("%d calls counted", calls)
			}
		})
	}
}

// prepares counts how often it was told to get ready.
type prepares struct {
	scripted
	ready *int
}

func (p prepares) Ready() error { *p.ready++; return nil }

// Getting ready starts nothing: a plugin that was closed stays so.
func TestReady(t *testing.T) {
	var fail []error
	starts, ready, closed := 0, 0, 0
	p := New("x", func(context.Context) (Caller, error) {
		starts++
		return prepares{scripted{&fail, &closed}, &ready}, nil
	})
	p.Ready()
	if starts != 0 || ready != 0 {
		t.Errorf("%d starts, %d times ready before the first call", starts, ready)
	}
	if _, err := p.Call(context.Background(), abi.Describe, nil); err != nil {
		t.Fatal(err)
	}
	p.Ready()
	p.Close()
	p.Ready()
	if starts != 1 || ready != 1 {
		t.Errorf("%d starts, %d times ready", starts, ready)
	}
}

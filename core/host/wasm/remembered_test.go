package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
)

// echo answers with the request's first byte.
var echo = plugin([]byte{0x41, 0, 0x41, 0, 0x3a, 0, 0, 0x41, 1, 0x20, 1, 0x2d, 0, 0, 0x3a, 0, 0, 0x42, 2})

// nested calls itself as often as the request is long, then answers nothing.
var nested = plugin([]byte{0x20, 2, 0x45, 0x04, 0x40, 0x42, 1, 0x0f, 0x0b, 0x20, 0, 0x20, 1, 0x20, 2, 0x41, 1, 0x6b, 0x10, 2})

func remembered(t *testing.T, module []byte, cache string) *Remembered {
	t.Helper()
	r := Remember(module, "sum", cache)
	t.Cleanup(func() { r.Close() })
	return r
}

// What was asked before is answered though the module is not there any more, and nothing
// else is: other requests, other methods, crops.
func TestAnswersAreKept(t *testing.T) {
	cache := t.TempDir()
	first := remembered(t, echo, cache)
	for _, request := range []string{"a", "b"} {
		for range 2 {
			got, err := first.Call(context.Background(), abi.Trace, []byte(request))
			if err != nil || string(got) != request {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
	gone := remembered(t, []byte("no module"), cache)
	for _, request := range []string{"a", "b"} {
		got, err := gone.Call(context.Background(), abi.Trace, []byte(request))
		if err != nil || string(got) != request {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := first.Call(context.Background(), abi.Crop, []byte("a")); err != nil {
		t.Error(err)
	}
	for name, ask := range map[string]func() ([]byte, error){
		"another request": func() ([]byte, error) { return gone.Call(context.Background(), abi.Trace, []byte("c")) },
		"another method":  func() ([]byte, error) { return gone.Call(context.Background(), abi.Describe, []byte("a")) },
		"a crop":          func() ([]byte, error) { return gone.Call(context.Background(), abi.Crop, []byte("a")) },
		"another module": func() ([]byte, error) {
			return Remember([]byte("no module"), "other", cache).Call(context.Background(), abi.Trace, []byte("a"))
		},
	} {
		var e *host.Error
		if got, err := ask(); !errors.As(err, &e) || e.Kind != host.NotLoaded {
			t.Errorf("%s is answered: %q, %v", name, got, err)
		}
	}
}

// Without a folder each question is asked anew.
func TestNothingIsKeptWithoutAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for range 2 {
		if got, err := remembered(t, echo, "").Call(context.Background(), abi.Trace, []byte("a")); err != nil || string(got) != "a" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("%v are kept, %v", files, err)
	}
	if _, err := remembered(t, []byte("no module"), "").Call(context.Background(), abi.Trace, []byte("a")); err == nil {
		t.Error("a module that is none answers")
	}
}

// A file that is cut or changed is no answer: the module is asked again, and the file mended.
func TestDamagedAnswersAreAskedAnew(t *testing.T) {
	cache := t.TempDir()
	ask := func(module []byte) ([]byte, error) {
		return remembered(t, module, cache).Call(context.Background(), abi.Trace, []byte("a"))
	}
	if _, err := ask(echo); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cache, "answers", "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		for _, damaged := range [][]byte{whole[:n], changed} {
			if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := ask([]byte("no module")); err == nil {
				t.Errorf("%x is taken for %q", damaged, got)
			}
			if got, err := ask(echo); err != nil || string(got) != "a" {
				t.Errorf("%q, %v", got, err)
			}
			if now, _ := os.ReadFile(files[0]); !bytes.Equal(now, whole) {
				t.Errorf("%x is kept", now)
			}
		}
	}
}

// Failures are not kept, and a question that nests too deep for the interpreter is
// answered by the compiled module.
func TestWhatTheInterpreterCannotDo(t *testing.T) {
	cache := t.TempDir()
	r := remembered(t, nested, cache)
	if _, err := r.Call(context.Background(), abi.Trace, make([]byte, 3000)); err != nil {
		t.Error(err)
	}
	if _, err := r.interpret(context.Background(), abi.Trace, make([]byte, 3000)); err == nil {
		t.Error("the interpreter nests 3000 calls: the test shows nothing")
	}
	for name, c := range map[string]struct {
		module []byte
		kind   host.Kind
	}{"trap": {plugin([]byte{0}), host.Trapped}, "refusal": {plugin(stored(1, 'n', 'o')), host.Refused}, "no fuel": {plugin(forever()), host.OutOfFuel}} {
		cache := t.TempDir()
		var e *host.Error
		if _, err := remembered(t, c.module, cache).Call(context.Background(), abi.Trace, []byte("a")); !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if files, _ := filepath.Glob(filepath.Join(cache, "answers", "*", "*")); files != nil {
			t.Errorf("%s: %v are kept", name, files)
		}
	}
}

// An interpreter that nobody asks is let go, and is there again for the next question.
func TestAnIdleInterpreterIsLetGo(t *testing.T) {
	r := remembered(t, echo, t.TempDir())
	r.idle = time.Millisecond
	for i := range 3 {
		if _, err := r.Call(context.Background(), abi.Trace, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		gone := func() bool {
			r.asking.Lock()
			defer r.asking.Unlock()
			return r.interpreter == nil
		}
		for deadline := time.Now().Add(time.Minute); !gone(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it is there after a minute")
			}
		}
	}
}

// A module's answers are bounded in number; the newest stay.
func TestOldAnswersGo(t *testing.T) {
	a := answers{t.TempDir()}
	for i := range mostAnswers + 1 {
		if err := a.add(abi.Trace, fmt.Append(nil, i), []byte("reply")); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(a.dir)
	if err != nil || len(files) != mostAnswers/2 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if _, ok := a.find(abi.Trace, fmt.Append(nil, mostAnswers)); !ok {
		t.Error("the newest is gone")
	}
	if _, ok := a.find(abi.Trace, fmt.Append(nil, 0)); ok {
		t.Error("the oldest is there")
	}
}

// A plugin may be closed while it gets ready, and compiles nothing afterwards.
func TestClosedWhileGettingReady(t *testing.T) {
	for range 20 {
		r := Remember(echo, "sum", t.TempDir())
		done := make(chan error)
		go func() { done <- r.Ready() }()
		r.Close()
		<-done
		r.Close()
		if r.compiled != nil {
			t.Error("the module is open")
		}
		for _, m := range []abi.Method{abi.Crop, abi.Trace} {
			if _, err := r.Call(context.Background(), m, []byte("a")); err == nil {
				t.Errorf("a closed plugin answers %s", m)
			}
		}
	}
}

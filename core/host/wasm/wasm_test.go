package wasm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
)

// vec is a counted list of the binary format.
func vec(items ...[]byte) []byte {
	out := []byte{byte(len(items))}
	for _, i := range items {
		out = append(out, i...)
	}
	return out
}

func named(name string, rest ...byte) []byte {
	return append(append([]byte{byte(len(name))}, name...), rest...)
}

func sized(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// plugin is a module whose fw_call has the given instructions.
func plugin(call []byte, imports ...[]byte) []byte {
	sec := func(id byte, body []byte) []byte { return append([]byte{id}, sized(body)...) }
	n := byte(len(imports))
	m := []byte("\x00asm\x01\x00\x00\x00")
	m = append(m, sec(1, vec([]byte{0x60, 0, 0}, []byte{0x60, 1, 0x7f, 1, 0x7f}, []byte{0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7e}, // what a plugin exports
		[]byte{0x60, 0, 1, 0x7f}, []byte{0x60, 2, 0x7f, 0x7f, 1, 0x7f}, []byte{0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f}, []byte{0x60, 1, 0x7f, 0}, []byte{0x60, 3, 0x7f, 0x7f, 0x7f, 0}))...)
	if n > 0 {
		m = append(m, sec(2, vec(imports...))...)
	}
	m = append(m, sec(3, []byte{3, 0, 1, 2})...)
	m = append(m, sec(5, []byte{1, 0, 1})...)
	m = append(m, sec(7, vec(named("memory", 2, 0), named(abi.ExportMarker, 0, n), named(abi.ExportAlloc, 0, n+1), named(abi.ExportCall, 0, n+2)))...)
	body := func(code ...byte) []byte { return sized(append(append([]byte{0}, code...), 0x0b)) }
	return append(m, sec(10, vec(body(), body(0x41, 0x80, 0x08), body(call...)))...)
}

// reply makes fw_call return n bytes at ptr 0.
func reply(n byte) []byte { return []byte{0x42, n} }

// What a guest logs before it traps is in the error; a text outside of its memory is not.
func TestLogIsInTheError(t *testing.T) {
	text := []byte{0x41, 0, 0x41, 0xe8, 0xd2, 0xb9, 0x01, 0x36, 2, 0} // i32.store "hi." and a zero at 0
	log := func(ptr ...byte) []byte {
		return append(append([]byte{0x41, 2, 0x41}, ptr...), 0x41, 3, 0x10, 0) // fw.log(2, ptr, 3)
	}
	call := append(append(append(text, log(0)...), log(0x7f)...), 0x00)
	m, err := Open(context.Background(), plugin(call, append(named(abi.ImportModule), named(abi.ImportLog, 0, 7)...)), "")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	_, err = m.Call(context.Background(), abi.Trace, nil)
	var e *host.Error
	if !errors.As(err, &e) || e.Kind != host.Trapped || e.Stderr != "hi.\n\n" {
		t.Errorf("expected a trap and what was logged, found %v", err)
	}
}

func TestReplyWithStatusZeroIsEmpty(t *testing.T) {
	m, err := Open(context.Background(), plugin(reply(1)), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Call(context.Background(), abi.Trace, nil)
	if err != nil || len(got) != 0 {
		t.Errorf("expected an empty reply, found %q, %v", got, err)
	}
}

func TestUnknownImportsAreListed(t *testing.T) {
	_, err := Open(context.Background(), plugin(reply(1), append(named("env"), named("steal", 0, 0)...), append(named("wasi_snapshot_preview1"), named("sock_open", 0, 0)...)), "")
	if err == nil || !strings.Contains(err.Error(), "env.steal") || !strings.Contains(err.Error(), "sock_open") {
		t.Errorf("expected both imports named, found %v", err)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	good := plugin(reply(1))
	for n := range len(good) {
		if m, err := Open(context.Background(), good[:n], ""); err == nil {
			m.Close()
			t.Errorf("a module cut to %d of %d bytes is accepted", n, len(good))
		}
	}
}

// The work that is allowed is the same in every run.
func TestFuelIsDeterministic(t *testing.T) {
	var spent []uint64
	for range 2 {
		m, err := Open(context.Background(), plugin([]byte{0x03, 0x40, 0x20, 1, 0x41, 1, 0x6b, 0x22, 1, 0x0d, 0, 0x0b, 0x42, 1}), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Call(context.Background(), abi.Trace, []byte("x")); err != nil {
			t.Fatal(err)
		}
		spent = append(spent, abi.FuelDefault-m.idle[0].fuel.Get())
		m.Close()
	}
	if spent[0] != spent[1] || spent[0] != 1024+2 {
		t.Errorf("fuel spent %v, expected 1024 iterations, the call and the loop's end", spent)
	}
}

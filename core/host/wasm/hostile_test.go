package wasm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm/fuel"
)

// long is a signed or unsigned LEB128 number below 2^34 in five bytes.
func long(x uint64) []byte {
	return []byte{byte(x) | 0x80, byte(x>>7) | 0x80, byte(x>>14) | 0x80, byte(x>>21) | 0x80, byte(x >> 28)}
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// forever repeats instructions.
func forever(body ...byte) []byte {
	return join([]byte{0x03, 0x40}, body, []byte{0x0c, 0, 0x0b, 0x42, 1})
}

const grown = 60 << 20 // all but the last of a guest's memory

// grows is a guest that takes the memory it may have, and goes on.
func grows(body []byte) []byte { return append([]byte{0x41, 0xc0, 7, 0x40, 0, 0x1a}, body...) }

// hostileCalls are the guests that load and misbehave in a call.
var hostileCalls = []struct {
	name    string
	call    []byte
	imports [][]byte
	kind    host.Kind
	want    string
}{
	{"infinite loop", forever(), nil, host.OutOfFuel, "loop for ever"},
	{"exponential recursion", []byte{0x20, 2, 0x45, 0x04, 0x40, 0x42, 1, 0x0f, 0x0b,
		0x20, 0, 0x20, 1, 0x20, 2, 0x41, 1, 0x6b, 0x10, 2, 0x1a, 0x20, 0, 0x20, 1, 0x20, 2, 0x41, 1, 0x6b, 0x10, 2}, nil, host.OutOfFuel, ""},
	{"endless recursion", []byte{0x20, 0, 0x20, 1, 0x20, 2, 0x10, 2}, nil, host.Trapped, "stack overflow"},
	{"memory bomb", forever(0x41, 1, 0x40, 0, 0x1a), nil, host.OutOfFuel, ""},
	{"fills memory for ever", grows(forever(join([]byte{0x41, 0, 0x41, 7, 0x41}, long(grown), []byte{0xfc, 11, 0})...)), nil, host.OutOfFuel, ""},
	{"copies memory for ever", grows(forever(join([]byte{0x41, 1, 0x41, 0, 0x41}, long(grown), []byte{0xfc, 10, 0, 0})...)), nil, host.OutOfFuel, ""},
	{"calls the host for ever", forever(0x10, 0, 0x1a), [][]byte{wasiOf("sched_yield", 3)}, host.OutOfFuel, ""},
	{"asks for endless noise", grows(forever(join([]byte{0x41, 0, 0x41}, long(grown), []byte{0x10, 0, 0x1a})...)), [][]byte{wasiOf("random_get", 4)}, host.OutOfFuel, ""},
	{"writes for ever", grows(forever(join([]byte{0x41, 2, 0x41, 16, 0x41}, long(grown/8), []byte{0x41, 8, 0x10, 0, 0x1a})...)), [][]byte{wasiOf("fd_write", 5)}, host.OutOfFuel, ""},
	{"trap", []byte{0x00}, nil, host.Trapped, "unreachable"},
	{"out-of-bounds read", []byte{0x41, 0x7f, 0x28, 0, 0, 0x1a, 0x42, 1}, nil, host.Trapped, "out of bounds"},
	{"empty reply", reply(0), nil, host.BadReply, "found 0"},
	{"reply outside of memory", []byte{0x42, 0x80, 0x80, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x7f}, nil, host.BadReply, ""},
	{"pointer outside of memory", []byte{0x42, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, nil, host.BadReply, "outside of the memory"},
	{"reply too long", []byte{0x42, 0xff, 0xff, 0xff, 0xff, 0x07}, nil, host.BadReply, "expected 1 to 16777216 bytes, found 2147483647"},
	{"reply of no status", stored(0x07), nil, host.BadReply, "unknown status 7"},
	{"error text that is not UTF-8", stored(0x01, 0xff, 0xfe), nil, host.Refused, "not UTF-8"},
	{"exits", []byte{0x41, 3, 0x10, 0, 0x42, 1}, [][]byte{wasiOf("proc_exit", 6)}, host.Trapped, "exit_code(3)"},
}

// wasiOf is an import of a function of one of the assembler's types.
func wasiOf(name string, t byte) []byte { return append(named(wasi), named(name, 0, t)...) }

// stored is a reply of the given bytes, at 0.
func stored(b ...byte) (code []byte) {
	for i, x := range b {
		code = append(code, join([]byte{0x41, byte(i), 0x41}, []byte{x | 0x80, 0x00 | x>>7}, []byte{0x3a, 0, 0})...)
	}
	return append(code, 0x42, byte(len(b)))
}

// A guest may do to itself what it likes: the call ends within its fuel and memory,
// says how, and the next call has a fresh instance.
func TestHostileCalls(t *testing.T) {
	t.Run("compiled", func(t *testing.T) {
		hostile(t, func(module []byte) (*Module, error) { return Open(context.Background(), module, "") })
	})
	t.Run("interpreted", func(t *testing.T) {
		hostile(t, func(module []byte) (*Module, error) { return Interpret(context.Background(), module) })
	})
}

func hostile(t *testing.T, open func(module []byte) (*Module, error)) {
	for _, c := range hostileCalls {
		t.Run(c.name, func(t *testing.T) {
			m, err := open(plugin(c.call, c.imports...))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for range 2 {
				_, err = m.Call(context.Background(), abi.Trace, []byte(strings.Repeat("request ", 8)))
				var e *host.Error
				if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
					t.Errorf("expected %s, %q, found %v", c.kind, c.want, err)
				}
			}
			if c.kind != host.Refused && c.kind != host.BadReply && len(m.idle) != 0 {
				t.Errorf("%d instances are kept", len(m.idle))
			}
		})
	}
}

// sections is a module of the given sections.
func sections(list ...[]byte) []byte { return join([]byte("\x00asm\x01\x00\x00\x00"), join(list...)) }

func sectionOf(id byte, body ...byte) []byte { return append([]byte{id}, sized(body)...) }

// A module that would make the host do or hold more than its size before it runs, or
// that would reach the counter of its fuel, is refused.
func TestHostileModules(t *testing.T) {
	many := long(0xffffffff)
	hidden := []byte{0x02, 0x40, 0x20, 0, 0x0d, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xfd, 0x80, 0x00, 0x0b, 0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 1}
	for _, c := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"four thousand million types", sections(sectionOf(1, many...)), "4294967295 items"},
		{"four thousand million parameters", sections(sectionOf(1, join([]byte{1, 0x60}, many)...)), "4294967295 items"},
		{"four thousand million imports", sections(sectionOf(2, many...)), "truncated"},
		{"four thousand million functions", sections(sectionOf(3, many...)), "4294967295 items"},
		{"four thousand million exports", sections(sectionOf(7, many...)), "4294967295 items"},
		{"four thousand million elements", sections(sectionOf(9, join([]byte{1, 1, 0}, many)...)), "4294967295 items"},
		{"four thousand million bytes of data", sections(sectionOf(11, join([]byte{1, 1}, many)...)), "truncated"},
		{"four thousand million names", sections(sectionOf(0, join(named("name"), []byte{1, 5}, many)...)), "4294967295 items"},
		{"four thousand million locals", sections(sectionOf(10, append([]byte{1}, sized(join([]byte{1}, many, []byte{0x7f, 0x0b}))...)...), sectionOf(7, 0)), "4294967295 locals"},
		{"a table of four thousand million", sections(sectionOf(4, join([]byte{1, 0x70, 0}, many)...)), "a table of 4294967295 elements"},
		{"a memory of four gigabytes", sections(sectionOf(5, join([]byte{1, 0}, long(1<<16))...), sectionOf(7, 0)), "over limit of 1024"},
		{"grows a table", plugin([]byte{0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a, 0x42, 1}), "table.grow is refused"},
		{"pours itself fuel", plugin(forever(0x42, 1, 0x24, 0)), "global 0 of 0"},
		{"reads its fuel", plugin([]byte{0x23, 0, 0x1a, 0x42, 1}), "global 0 of 0"},
		{"hides a loop behind an opcode", plugin(hidden), "longer than it has to be"},
		{"exports a counter of its own", sections(sectionOf(1, 0), sectionOf(6, 1, 0x7e, 1, 0x42, 1, 0x0b), sectionOf(7, append([]byte{1}, named(fuel.Global, 3, 0)...)...)), "duplicates"},
		{"runs when it is loaded", sections(sectionOf(8, 0)), "start section"},
		{"another ABI", sections(sectionOf(7, 0)), "this host speaks ABI 1"},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00"), "not a core WebAssembly module"},
		{"no module", []byte("#!/bin/sh\n"), "not a core WebAssembly module"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Open(context.Background(), c.module, "")
			if err == nil {
				m.Close()
				t.Fatal("it is accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected %q, found %v", c.want, err)
			}
		})
	}
}

// FuzzOpen: no bytes make the rewriter or the engine below it panic, or hold more
// than they are.
func FuzzOpen(f *testing.F) {
	f.Add(plugin(reply(1)))
	for _, c := range hostileCalls {
		f.Add(plugin(c.call, c.imports...))
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		m, err := Open(context.Background(), module, "")
		if err == nil {
			m.Close()
		}
	})
}

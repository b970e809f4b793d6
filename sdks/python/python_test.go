package python

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
)

// interpreter is the Python that has modules; without one the test is skipped by name.
func interpreter(t testing.TB, modules ...string) string {
	t.Helper()
	path, err := Find(modules...)
	if err != nil {
		t.Skip(err)
	}
	return path
}

// folder is a fresh copy of the SDK and its examples, beside what a test adds.
func folder(t testing.TB, extra ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, Files); err != nil {
		t.Fatal(err)
	}
	for _, name := range extra {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// build makes a plugin's folder of a file beside the SDK.
func build(t testing.TB, python, dir, file string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "plugin")
	if err := Build(t.Context(), python, dir, file, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// started is a built plugin, running.
func started(t testing.TB, dir string) (host.Caller, registry.Manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, registry.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	m, err := registry.ParseManifest(registry.ManifestName, text)
	if err != nil {
		t.Fatal(err)
	}
	a := m.Artifacts[0]
	p, err := process.Start(context.Background(), process.Config{Path: filepath.Join(dir, a.Path), SHA256: a.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, m
}

func example(t testing.TB, file string) host.Caller {
	t.Helper()
	p, _ := started(t, build(t, interpreter(t), folder(t, filter(file)...), file))
	return p
}

// filter is the files of testdata among names.
func filter(names ...string) (list []string) {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join("testdata", name)); err == nil {
			list = append(list, name)
		}
	}
	return list
}

// same calls both and compares replies, or that both refuse with the same words.
func same(t *testing.T, guest, twin host.Caller, m abi.Method, request []byte) {
	t.Helper()
	got, err := guest.Call(context.Background(), m, request)
	want, errWant := twin.Call(context.Background(), m, request)
	if errWant != nil {
		var e, w *host.Error
		if !errors.As(err, &e) || !errors.As(errWant, &w) || e.Kind != host.Refused || unplaced(e.Err.Error()) != unplaced(w.Err.Error()) {
			t.Fatalf("expected the error %v, found %v", errWant, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if m == abi.Trace {
		got, want = placeless(t, got), placeless(t, want)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the replies differ:\n%s\nexpected:\n%s", shown(m, got), shown(m, want))
	}
}

// placeless is a trace's reply without the author's places, once it was seen to be
// written as the Go SDK writes it.
func placeless(t *testing.T, b []byte) []byte {
	t.Helper()
	var reply wire.TraceReply
	if err := wire.Unmarshal(b, &reply); err != nil {
		t.Fatal(err)
	}
	if again := wire.Marshal(nil, &reply); !bytes.Equal(again, b) {
		t.Fatalf("the reply is not written as docs/abi.md says:\n%x\nexpected\n%x", b, again)
	}
	if reply.Program != nil {
		for _, f := range reply.Program.Funcs {
			for i := range f.Instrs {
				if loc := f.Instrs[i].Loc; loc.File == "" || loc.Line == 0 {
					t.Fatalf("instruction %d has no place", i)
				}
				f.Instrs[i].Loc = ir.Loc{}
			}
		}
	}
	return wire.Marshal(nil, &reply)
}

func shown(m abi.Method, b []byte) string {
	var reply wire.TraceReply
	if m == abi.Trace && wire.Unmarshal(b, &reply) == nil && reply.Program != nil {
		return reply.Program.String()
	}
	return string(b)
}

// unplaced cuts "file.go:12: " off an error.
func unplaced(s string) string {
	head, rest, ok := bytes.Cut([]byte(s), []byte(": "))
	if i := bytes.LastIndexByte(head, ':'); ok && i > 0 && i < len(head)-1 && head[i+1] >= '0' && head[i+1] <= '9' {
		return string(rest)
	}
	return s
}

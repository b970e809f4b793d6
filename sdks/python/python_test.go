package python

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/hosttest"
	"github.com/fwlab/fw/core/host/process"
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

func same(t *testing.T, guest, twin host.Caller, m abi.Method, request []byte) {
	t.Helper()
	hosttest.Same(t, guest, twin, m, request, true)
}

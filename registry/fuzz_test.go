package registry

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// golden adds the inputs of golden files to a fuzz corpus.
func golden(f *testing.F, pattern, part string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("no %s: %v", pattern, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, text, _ := strings.Cut(string(b), "-- "+part+" --\n")
		text, _, _ = strings.Cut(text, "-- want --\n")
		f.Add([]byte(text))
	}
}

// FuzzManifest: no bytes panic; what is accepted is written so that it reads the same.
func FuzzManifest(f *testing.F) {
	golden(f, "testdata/manifest/*.txt", "plugin.toml")
	f.Fuzz(func(t *testing.T, src []byte) {
		m, err := ParseManifest("plugin.toml", src)
		if err != nil {
			return
		}
		again, err := ParseManifest("again", m.Encode())
		if err != nil {
			t.Fatalf("%v in\n%s", err, m.Encode())
		}
		if string(m.Encode()) != string(again.Encode()) || m.Info.ID != again.Info.ID || len(m.Info.Params) != len(again.Info.Params) {
			t.Fatalf("wrote\n%s\nread\n%s", m.Encode(), again.Encode())
		}
		for _, a := range m.Artifacts {
			if !filepath.IsLocal(filepath.FromSlash(a.Path)) {
				t.Fatalf("artifact %q leaves its folder", a.Path)
			}
		}
	})
}

// FuzzLock: no bytes panic; what is accepted reads back equal.
func FuzzLock(f *testing.F) {
	golden(f, "testdata/lock/*.txt", "fw.lock")
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := ParseLock("fw.lock", src)
		if err != nil {
			return
		}
		again, err := ParseLock("again", l.Encode())
		if err != nil {
			t.Fatalf("%v in\n%s", err, l.Encode())
		}
		if !reflect.DeepEqual(l, again) {
			t.Fatalf("wrote\n%s\nread\n%s", l.Encode(), again.Encode())
		}
	})
}

// FuzzRegistry: no bytes panic, whatever they list.
func FuzzRegistry(f *testing.F) {
	golden(f, "testdata/registry/*.txt", "registry.toml")
	f.Add([]byte("[[plugin]]\nmanifest = \"x\"\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, src []byte) {
		if strings.Contains(string(src), "/") || strings.Contains(string(src), "\\") || strings.Contains(string(src), "..") {
			return // read no files but in the empty folder
		}
		entries, err := parseEntries(filepath.Join(dir, FileName), src, 1, "linux/amd64")
		if err != nil {
			return
		}
		r := &Registry{o: Options{ABI: 1, IR: 1, Carriers: []string{WASM, Process}}, entries: entries}
		if got := len(r.List()); got != len(entries) {
			t.Fatalf("%d rows for %d entries", got, len(entries))
		}
	})
}

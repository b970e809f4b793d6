package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteReplacesOrKeeps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := Write(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<17)); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) || read(t, path) != "old" {
		t.Errorf("%v; the file holds %q", err, read(t, path))
	}
	if err := WriteBytes(path, []byte("new")); err != nil || read(t, path) != "new" {
		t.Errorf("%v; the file holds %q", err, read(t, path))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestWriteWithoutFolder(t *testing.T) {
	if err := WriteBytes(filepath.Join(t.TempDir(), "no", "a"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestCleanRemovesOnlyUnfinishedFiles(t *testing.T) {
	dir := t.TempDir()
	f, err := create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	kept := filepath.Join(dir, ".hidden")
	if err := WriteBytes(kept, nil); err != nil {
		t.Fatal(err)
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 || entries[0].Name() != ".hidden" {
		t.Errorf("left: %v", entries)
	}
}

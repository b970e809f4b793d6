package process

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// placed writes a program to a path of its own and opens it, verified.
func placed(t *testing.T, program []byte) *verified {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	v, err := openVerified(path, hex.EncodeToString(sum[:]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func self(t *testing.T) []byte {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A file that takes the place of the one whose hash was checked is not what runs.
func TestWhatWasHashedIsWhatRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Linux starts a file that is open")
	}
	v := placed(t, self(t))
	other := v.path + ".new"
	if err := os.WriteFile(other, []byte("#!/bin/sh\necho swapped\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, v.path); err != nil {
		t.Fatal(err)
	}
	out, err := v.command("-test.run=^$").CombinedOutput()
	if err != nil || strings.Contains(string(out), "swapped") || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v: %s", err, out)
	}
	if err := v.again(); err != nil {
		t.Errorf("the open file is the same: %v", err)
	}
}

// Bytes that change under the open file are seen once it runs, and a script that was
// replaced as well.
func TestTheHashIsCheckedAgain(t *testing.T) {
	for name, program := range map[string][]byte{"binary": self(t), "script": []byte("#!/bin/sh\n")} {
		v := placed(t, program)
		if err := v.again(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(v.path, append([]byte("#!"), program...), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := v.again(); err == nil || !strings.Contains(err.Error(), "expected sha256 "+v.sha256) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

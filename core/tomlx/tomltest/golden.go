// Package tomltest runs readable golden files: a sentence that says what the
// file tests, its inputs, and the whole output that they must give. It is for
// tests of what reads TOML; start from [Golden].
package tomltest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// Golden runs every file that pattern matches. A file is a sentence, then parts,
// each after a line "-- name --"; the last part is "want". run gets the other
// parts by name and returns what "want" must be.
func Golden(t *testing.T, pattern string, run func(t *testing.T, parts map[string]string) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files %s: %v", pattern, err)
	}
	for _, file := range files {
		file, err := filepath.Abs(file) // run may change the working directory
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			golden(t, file, run)
		})
	}
}

const wantHeader = "-- want --\n"

func golden(t *testing.T, file string, run func(*testing.T, map[string]string) string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	input, want, _ := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), wantHeader)
	comment, parts := split(input)
	if strings.TrimSpace(comment) == "" {
		t.Errorf("%s: the first line should say what the file tests", file)
	}
	got := strings.TrimRight(run(t, parts), "\n") + "\n"
	if got == want {
		return
	}
	if !*rewrite {
		t.Errorf("%s: got\n%s\nwant\n%s\n(go test -rewrite writes it anew)", file, got, want)
		return
	}
	if err := os.WriteFile(file, []byte(input+wantHeader+got), 0o644); err != nil {
		t.Fatal(err)
	}
}

// split takes a file apart at its "-- name --" lines.
func split(input string) (comment string, parts map[string]string) {
	parts = map[string]string{}
	name := ""
	var text strings.Builder
	end := func() {
		if name == "" {
			comment = text.String()
		} else {
			parts[name] = text.String()
		}
		text.Reset()
	}
	for line := range strings.Lines(input) {
		if s := strings.TrimSpace(line); strings.HasPrefix(s, "-- ") && strings.HasSuffix(s, " --") && len(s) > 6 {
			end()
			name = s[3 : len(s)-3]
			continue
		}
		text.WriteString(line)
	}
	end()
	return comment, parts
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every experiment that is shipped is sound; images made by the program stand in
// for files that a clone does not have.
func TestShippedExperiments(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "experiments", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments: %v", err)
	}
	bench, _ := filepath.Glob(filepath.Join("..", "..", "experiments", "bench", "*.toml"))
	stored := regexp.MustCompile(`(?m)^dataset = "(cifar10|folder)"\npath = .*(\nimage_size = .*)?$`)
	for _, file := range append(files, bench...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(t.TempDir(), filepath.Base(file))
			put(t, copied, stored.ReplaceAll(text, []byte("dataset = \"synthetic\"\nimage_size = 32")), 0o644)
			if code, out := fw(t, "check", copied); code != 0 {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
}

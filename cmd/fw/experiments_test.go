package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Every experiment that is shipped is sound; images made by the program stand in
// for files that a clone does not have, and a run of one step for a run that another
// experiment takes a network from.
func TestShippedExperiments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "experiments", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments: %v", err)
	}
	bench, _ := filepath.Glob(filepath.Join("..", "..", "experiments", "bench", "*.toml"))
	study, _ := filepath.Glob(filepath.Join("..", "..", "experiments", "study", "*.toml"))
	stored := regexp.MustCompile(`(?m)^dataset = "(cifar10|folder|tar)"\npath = .*\n(image_size = .*\n)?`)
	borrowed := regexp.MustCompile(`(?m)^\[(modules\.\w+)\]\nfrom = "runs/(.*)"$`)
	standIn := func(t *testing.T, file string) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), filepath.Base(file))
		put(t, copied, stored.ReplaceAll(text, []byte("dataset = \"synthetic\"\nimage_size = 32\n")), 0o644)
		return copied
	}
	for _, file := range slices.Concat(files, bench, study) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			copied := standIn(t, file)
			args := []string{"check", copied}
			text, err := os.ReadFile(copied)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range borrowed.FindAllSubmatch(text, -1) {
				source := standIn(t, filepath.Join(filepath.Dir(file), string(m[2])+".toml"))
				dir := filepath.Join(t.TempDir(), "run")
				if code, out := fw(t, "run", source, "--out", dir, "--set", "train.steps=1", "--set", "data.limit=256", "--set", "eval=[]"); code != 0 {
					t.Fatal(out)
				}
				args = append(args, "--set", string(m[1])+".from="+dir)
			}
			if code, out := fw(t, args...); code != 0 {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
}

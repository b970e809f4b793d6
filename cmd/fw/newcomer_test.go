package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/crop-strategy.md leads from an empty folder to a trained run, with a strategy
// of less than forty lines.
func TestANewcomersCropStrategy(t *testing.T) {
	needsGo(t)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "crop-strategy.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	small := []string{"--set", "data.count=200", "--set", "train.batch_size=16", "--set", "backbone.width=8"}
	ran := 0
	for _, m := range regexp.MustCompile("(?s)```(go|sh|toml)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		switch kind, block := m[1], m[2]; kind {
		case "go":
			if n := strings.Count(block, "\n"); n >= 40 {
				t.Errorf("the strategy has %d lines", n)
			}
			if there := text(t, "main.go"); there != block {
				t.Errorf("the folder starts with another strategy than the page has:\n%s", there)
			}
		case "toml":
			if there := text(t, "experiment.toml"); !strings.Contains(there, block) {
				t.Errorf("the page's part is not in the experiment:\n%s", there)
			}
		case "sh":
			for line := range strings.Lines(block) {
				args := strings.Fields(line)
				if args[0] == "cd" {
					t.Chdir(args[1])
					continue
				}
				if args[1] != "plugin" {
					args = append(args, small...)
				}
				if code, out := fw(t, args[1:]...); args[0] != "fw" || code != 0 {
					t.Fatalf("%s: %s", line, out)
				}
				ran++
			}
		}
	}
	if _, err := os.Stat(filepath.Join("run", "encoder.safetensors")); ran != 6 || err != nil {
		t.Errorf("%d commands: %v", ran, err)
	}
	code, out := fw(t, "check", "experiment.toml", "--set", "crop.share=1.5")
	if want := "crop.share: expected a number in (0, 1], found 1.5"; code == 0 || !strings.Contains(out, want) {
		t.Errorf("a bad share: %s", out)
	}
}

// needsGo skips a test that builds plugins where it cannot or shall not.
func needsGo(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped with -short: builds plugins with the go command")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("skipped: no go command, which builds the plugin")
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

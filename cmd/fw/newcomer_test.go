package main

import (
	"encoding/json"
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
	if testing.Short() {
		t.Skip("skipped with -short: builds a plugin with the go command")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("skipped: no go command, which builds the plugin")
	}
	repo, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(repo, "docs", "crop-strategy.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```(go|sh|toml)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[2])
	}
	if len(blocks) != 5 {
		t.Fatalf("%d blocks, expected a source, a build, a registry, an experiment and commands", len(blocks))
	}
	if n := strings.Count(blocks[0], "\n"); n >= 40 {
		t.Errorf("the strategy has %d lines", n)
	}

	mine := filepath.Join(t.TempDir(), "mine")
	source, module := filepath.Join(mine, "halves", "main.go"), filepath.Join(mine, "halves.wasm")
	put(t, source, []byte(blocks[0]), 0o644)
	// The folder is in the checkout for the go command alone.
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(repo, "mine", "halves", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(mine, "overlay.json"), overlay, 0o644)
	build := exec.Command("go", "build", "-overlay", filepath.Join(mine, "overlay.json"), "-buildvcs=false", "-buildmode=c-shared", "-o", module, "./mine/halves")
	build.Dir = repo
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	if !strings.Contains(blocks[1], "-buildmode=c-shared") || !strings.Contains(blocks[2], `sha256 = "SUM"`) {
		t.Error("the page no longer says what this test does")
	}
	put(t, filepath.Join(mine, "registry.toml"), []byte(strings.Replace(blocks[2], "SUM", sum(t, module), 1)), 0o644)
	put(t, filepath.Join(mine, "halves.toml"), []byte(blocks[3]), 0o644)

	ran := 0
	for line := range strings.Lines(blocks[4]) {
		args := strings.Fields(strings.ReplaceAll(line, "mine/", mine+string(filepath.Separator)))
		if len(args) == 0 || args[0] != "fw" {
			t.Fatalf("no command: %q", line)
		}
		args = append(args[1:], "--set", "data.count=200", "--set", "train.batch_size=16", "--set", "backbone.width=8")
		if code, out := fw(t, args...); code != 0 {
			t.Fatalf("%s: %s", line, out)
		}
		ran++
	}
	if _, err := os.Stat(filepath.Join(mine, "run", "encoder.safetensors")); ran != 3 || err != nil {
		t.Errorf("%d commands: %v", ran, err)
	}
	code, out := fw(t, "check", filepath.Join(mine, "halves.toml"), "--registry", filepath.Join(mine, "registry.toml"), "--set", "crop.share=1.5")
	if want := "crop.share: expected a number in (0, 1], found 1.5"; code == 0 || !strings.Contains(out, want) {
		t.Errorf("a bad share: %s", out)
	}
}

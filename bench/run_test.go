package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// program writes a shell script that stands for one side.
func program(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A whole run with canned sides: PyTorch's best of each setting is paired with fw,
// what fails or is missing is named, and the documentation has the ratio.
func TestRunOnCannedSides(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the sides are shell scripts")
	}
	t.Chdir("..")
	fw := program(t, "fw", `case "$*" in
check*bf16) echo "train.precision: no bf16 here" >&2; exit 1;;
check*) exit 0;;
bench*--views*) echo '{"images_per_second": 1, "images_per_cpu_second": 600, "peak_rss_bytes": 1000000}';;
bench*reuse-batch*) echo '{"ms_per_step": 100, "min_ms_per_step": 90, "views_per_second": 10, "peak_rss_bytes": 100000000, "plugins_peak_rss_bytes": 20000000, "first_step_seconds": 0.25, "parameters": 7}';;
*) exit 1;;
esac`)
	python := program(t, "python", `case "$*" in
*__version__*) echo 9.9;;
-c*) exit 0;;
*photos.py*) exit 0;;
*views.py*) echo '{"images_per_second": 1, "images_per_cpu_second": 20, "peak_rss_bytes": 7000000, "versions": {"torchvision": "0.9", "pillow": "8"}}'; exit 0;;
*compile*) echo "no compiler" >&2; exit 1;;
*channels_last*) ms=150;;
*) ms=300;;
esac
case "$*" in -c*) exit 0;; esac
echo '{"ms_per_step": '$ms', "min_ms_per_step": 1, "views_per_second": 5, "peak_rss_bytes": 240000000, "first_step_seconds": 3, "parameters": 7}'`)
	dir := t.TempDir()
	docs := filepath.Join(dir, "x.md")
	if err := os.WriteFile(docs, []byte("before\n"+blockBegin+"\n"+blockEnd+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := cli{Python: python, FW: fw, Parts: []string{"rows", "views"}, CIFAR: dir, PhotoSource: dir, Rows: []string{"simclr-resnet18-w64"}, Precisions: []string{"f32", "bf16"}, Threads: []int{1, 2},
		Modes: []string{"eager", "compile"}, Rounds: 2, Seconds: 1, SearchSeconds: 1, Out: filepath.Join(dir, "r.json"), Docs: docs}
	var log strings.Builder
	if err := c.run(t.Context(), &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	data, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n", "\nafter\n", "PyTorch 9.9", "| 150 (eager, channels_last, ", "**1.50** (1.50, 1.50)", "| 120 / 240 | 0.50 | 0.25 / 3.00 |",
		"| compile, contiguous, ", "fails: ", "without fw: train.precision: no bf16 here",
		"torchvision 0.9 on Pillow 8", "| 600 | 20 | **30.0** (30.0, 30.0) | 1 / 7 |",
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%q is not in\n%s", want, data)
		}
	}
	c.Python, c.Out = filepath.Join(dir, "none"), filepath.Join(dir, "alone.json")
	if err := c.run(t.Context(), &log); err != nil {
		t.Fatal(err)
	}
	r, err := load(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	p := r.find("simclr-resnet18-w64", "f32", 2)
	if p == nil || p.FW == nil || p.Peer != nil || !strings.Contains(p.Lacks["PyTorch"], "FW_PYTHON") {
		t.Errorf("without PyTorch: %+v", p)
	}
}

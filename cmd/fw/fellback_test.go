package main

import (
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/rundir"
)

// Where no draw can fit, every crop falls back, and the record says so; elsewhere none.
func TestCropsThatFellBackAreCounted(t *testing.T) {
	t.Parallel()
	for crop, want := range map[string]float64{
		"\n[crop]\nuse = \"fw/random-resized-crop\"\nmin_scale = 0.9\nmin_ratio = 3.0\nmax_ratio = 4.0\n": 1, // of a square at most a third
		"": 0,
	} {
		dir := filepath.Join(t.TempDir(), "r")
		if code, out := fw(t, "run", experimentFile(t, tiny+crop), "--set", "train.steps=2", "--out", dir); code != 0 {
			t.Fatal(out)
		}
		h, err := rundir.Dir(dir).ReadHistory()
		if err != nil || len(h[rundir.CropsFellBack]) == 0 {
			t.Fatalf("%v: %v", err, h)
		}
		for _, p := range h[rundir.CropsFellBack] {
			if p.Value != want {
				t.Errorf("%q: a share of %g fell back at step %d, expected %g", crop, p.Value, p.Step, want)
			}
		}
	}
}

package main

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/rundir"
)

// losses are those of a run of fw, by step.
func losses(t *testing.T, dir, file string, sets ...string) (list []float64) {
	t.Helper()
	args := []string{"run", file, "--out", dir}
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	if code, out := fw(t, args...); code != 0 {
		t.Fatal(out)
	}
	h, err := rundir.Dir(dir).ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range h["train/loss"] {
		list = append(list, p.Value)
	}
	return list
}

func mean(v []float64) (m float64) {
	for _, x := range v {
		m += x / float64(len(v))
	}
	return m
}

// SimCLR learns in bfloat16 what it learns in float32: the losses differ less
// between the two than between two seeds, and end as low.
func TestBF16LearnsAsFloat32(t *testing.T) {
	t.Parallel()
	file, root := experimentFile(t, tiny), t.TempDir()
	sets := []string{"train.epochs=25", "train.log_every_steps=1", "train.checkpoint_every_epochs=0", "pretext.out=16", "data.image_size=16", "loss.temperature=0.2"}
	f32 := losses(t, filepath.Join(root, "f32"), file, sets...)
	half := losses(t, filepath.Join(root, "bf16"), file, append(sets, "train.precision=bf16")...)
	other := losses(t, filepath.Join(root, "seed"), file, append(sets, "experiment.seed=1")...)
	if len(f32) != 75 || len(half) != len(f32) || len(other) != len(f32) {
		t.Fatalf("%d, %d and %d steps", len(f32), len(half), len(other))
	}
	var apart, noise float64
	for i := range f32 {
		apart += math.Abs(half[i] - f32[i])
		noise += math.Abs(other[i] - f32[i])
	}
	last := func(v []float64) float64 { return mean(v[len(v)-15:]) }
	t.Logf("loss from %.3f to %.3f, bf16 from %.3f to %.3f; %.3f apart, two seeds %.3f", f32[0], last(f32), half[0], last(half), apart/75, noise/75)
	learnt := f32[0] - last(f32)
	if !(learnt > 0.1) || !(math.Abs(last(half)-last(f32)) < 0.05*learnt) || !(apart < noise) {
		t.Error("bf16 does not learn what f32 does")
	}
	if bytes.Equal(encoder(t, filepath.Join(root, "f32")), encoder(t, filepath.Join(root, "bf16"))) {
		t.Error("the precision changes nothing")
	}
}

func TestResumeKeepsThePrecision(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", experimentFile(t, bf16), "--set", "train.steps=1", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	code, out := fw(t, "run", "--resume", dir, "--set", "train.steps=0", "--set", "train.precision=f32")
	if code == 0 || !strings.Contains(out, `train.precision: "bf16", now "f32"`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Convolutions in tiles of 4x4 pixels give other bits, and the same losses but for rounding.
func TestF4LearnsAsF2(t *testing.T) {
	t.Parallel()
	file, root := experimentFile(t, tiny), t.TempDir()
	sets := []string{"train.epochs=3", "train.log_every_steps=1", "train.checkpoint_every_epochs=0", "data.image_size=16", "backbone.width=16"}
	f2 := losses(t, filepath.Join(root, "f2"), file, sets...)
	f4 := losses(t, filepath.Join(root, "f4"), file, append(sets, "train.winograd=f4")...)
	if slices.Equal(f2, f4) {
		t.Error("train.winograd = \"f4\" changed nothing")
	}
	for i := range f2 {
		if d := math.Abs(f4[i] - f2[i]); d > 0.02*f2[i] {
			t.Errorf("step %d: loss %.5f by f2, %.5f by f4", i+1, f2[i], f4[i])
		}
	}
	t.Logf("%.6f, at the end %.6f and %.6f", f2[0], f2[len(f2)-1], f4[len(f4)-1])
}

package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/sdks/python"
)

// pythonPlugin is the folder of an example of the Python SDK, built and trusted.
func pythonPlugin(t *testing.T, example string, modules ...string) string {
	t.Helper()
	interpreter, err := python.Find(modules...)
	if err != nil {
		t.Skip(err)
	}
	source, out := t.TempDir(), filepath.Join(t.TempDir(), "plugin")
	if err := os.CopyFS(source, python.Files); err != nil {
		t.Fatal(err)
	}
	if err := python.Build(t.Context(), interpreter, source, example+".py", out); err != nil {
		t.Fatal(err)
	}
	trust(t, filepath.Join(out, example+".pyz"))
	return out
}

func withLoss(use string) string {
	return strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 8", 1) + "\n[loss]\nuse = \"" + filepath.ToSlash(use) + "\"\ntemperature = 0.2\n"
}

// lightly's NTXentLoss, a PyTorch module that is evaluated at each step, trains as the
// traced fw/ntxent does, to what float32 allows over the steps; and it gives the same
// bytes with any number of workers.
func TestALossOfLightlyTrainsAsOurs(t *testing.T) {
	t.Parallel()
	theirs, root := pythonPlugin(t, "lightly_ntxent", "torch", "lightly"), t.TempDir()
	run := func(name, use, workers string) []float64 {
		return losses(t, filepath.Join(root, name), experimentFile(t, withLoss(use)), "train.log_every_steps=1", "train.workers="+workers)
	}
	want, got := run("ours", "fw/ntxent", "1"), run("theirs", theirs, "1")
	if len(got) != 8 || len(want) != 8 {
		t.Fatalf("expected 8 losses each, found %d and %d", len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(got[i]-want[i]) / want[i]; d > 1e-5 {
			t.Errorf("step %d: loss %.7f, expected %.7f", i+1, got[i], want[i])
		}
	}
	if first, last := want[0], want[len(want)-1]; math.Abs(first-last) < 0.01 {
		t.Errorf("the loss stays at %v: nothing was learnt that could differ", first)
	}
	run("again", theirs, "2")
	if !bytes.Equal(encoder(t, filepath.Join(root, "theirs")), encoder(t, filepath.Join(root, "again"))) {
		t.Error("the encoder of 2 workers differs")
	}
}

// Traced plugins in Python train the same weights as the built-in ones, bit for bit.
func TestPluginsInPythonTrainTheSameWeights(t *testing.T) {
	t.Parallel()
	theirs, root := pythonPlugin(t, "ntxent"), t.TempDir()
	for _, use := range []string{"fw/ntxent", theirs} {
		if code, out := fw(t, "run", "--out", filepath.Join(root, filepath.Base(use)), experimentFile(t, withLoss(use))); code != 0 {
			t.Fatal(out)
		}
	}
	if !bytes.Equal(encoder(t, filepath.Join(root, "ntxent")), encoder(t, filepath.Join(root, filepath.Base(theirs)))) {
		t.Error("the encoders differ")
	}
}

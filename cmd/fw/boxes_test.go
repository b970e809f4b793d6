package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/rundir"
)

// Boxes are kept with the checkpoint and told of in the metrics; a run that stops
// at every epoch goes on with them to the same encoder.
func TestBoxesAreResumed(t *testing.T) {
	file := experimentFile(t, boxes)
	want := whole(t, file)
	dir := filepath.Join(t.TempDir(), "r")
	args := []string{"run", file, "--out", dir}
	for _, steps := range []string{"3", "6", "7", "0"} { // of 3 an epoch
		if code, out := fw(t, append(args, "--set", "train.steps="+steps)...); code != 0 {
			t.Fatal(out)
		}
		args = []string{"run", "--resume", dir}
	}
	if !bytes.Equal(want, encoder(t, dir)) {
		t.Error("the encoder differs")
	}
	c, err := checkpoint.At(rundir.Dir(dir).Checkpoints()).Last()
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for i, x := range c.Tensors["sample/boxes"].F32() {
		if x != float32(i%4/2) {
			own++
		}
	}
	if own < 50 {
		t.Errorf("%d edges of boxes are not the image's: too few to show anything", own)
	}
	h, err := rundir.Dir(dir).ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{rundir.BoxesArea, rundir.BoxesWhole, rundir.BoxesEmpty} {
		if len(h[name]) != 3 { // after epochs 1, 2 and 3 of 4
			t.Errorf("%s: %v", name, h[name])
		}
	}
}

// With a warm-up as long as the training the same file is its baseline: plain
// random crops, to the last bit of the encoder.
func TestTheBaselineIsOneNumberAway(t *testing.T) {
	file := experimentFile(t, boxes)
	run := func(sets ...string) []byte {
		dir := filepath.Join(t.TempDir(), "r")
		args := []string{"run", file, "--out", dir}
		for _, s := range sets {
			args = append(args, "--set", s)
		}
		if code, out := fw(t, args...); code != 0 {
			t.Fatal(out)
		}
		return encoder(t, dir)
	}
	baseline := run("localization.warmup_epochs=4")
	if bytes.Equal(baseline, run()) {
		t.Error("boxes change nothing")
	}
	file = experimentFile(t, strings.Replace(tiny, "[optim]", "[crop]\nmin_scale = 0.2\n\n[optim]", 1))
	if !bytes.Equal(baseline, run()) {
		t.Error("the baseline is not what random-resized-crop gives")
	}
}

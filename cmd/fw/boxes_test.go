package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

// Boxes are kept with the checkpoint and told of in the metrics; a run that stops
// at every epoch goes on with them to the same encoder.
func TestBoxesAreResumed(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// A picture of views shows on the original what was cropped, and by which box.
func TestViewsShowCropsAndBoxes(t *testing.T) {
	t.Parallel()
	a := fileArgs{File: experimentFile(t, boxes), settings: settings{Set: []string{"localization.init_box=[0.25, 0.5, 0.75, 1]"}}}
	session, s, err := a.open(&console{ctx: context.Background()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	defer session.Trainer.Close()
	for epoch, want := range []string{"crop 1, crop 2", "the box that crops go by, crop 1, crop 2"} {
		sheet, err := session.Views(epoch, 3)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, k := range sheet.Legend {
			names = append(names, k.Text)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("epoch %d: %s, expected %s", epoch, got, want)
		}
		for _, row := range sheet.Rows {
			drawn := row.Cells[0].Boxes
			if len(drawn) != len(names) {
				t.Fatalf("epoch %d: %d rectangles", epoch, len(drawn))
			}
			if box := (report.Box{X: 6, Y: 3, W: 6, H: 6, Dashed: true}); epoch > 0 && drawn[0] != box { // of 12 x 12 pixels
				t.Errorf("epoch %d: box %+v, expected %+v", epoch, drawn[0], box)
			}
			for _, b := range drawn {
				if b.X < 0 || b.Y < 0 || b.W <= 0 || b.H <= 0 || b.X+b.W > 12.001 || b.Y+b.H > 12.001 {
					t.Errorf("epoch %d: %+v is not inside", epoch, b)
				}
			}
		}
	}
}

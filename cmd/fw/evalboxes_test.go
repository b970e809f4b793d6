package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report"
)

// scenes is the experiment by boxes on images whose objects are known.
var scenes = strings.NewReplacer("dataset = \"synthetic\"\ncount = 64\nclasses = 4\nimage_size = 12", "dataset = \"shapes\"\ncount = 64\nimage_size = 20", "threshold = 0.5", "threshold = 0.4").Replace(boxes)

// Boxes of a run are held against the objects': what is known beforehand comes out, the
// report takes each measurement once, and workers change no number.
func TestEvalOfBoxes(t *testing.T) {
	t.Parallel()
	file, dir := experimentFile(t, scenes), filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--set", "train.keep_checkpoints=2", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	measured := func(args ...string) []report.Localization {
		t.Helper()
		code, out := fw(t, append([]string{"eval", dir, "--protocol", "boxes", "--json"}, args...)...)
		if code != 0 {
			t.Fatal(out)
		}
		return decode[[]report.Localization](t, strings.NewReader(out))
	}
	list := measured("--workers", "1", "--threshold", "0.3,0.7")
	if len(list) != 2 || list[0].Threshold != 0.3 || list[1].Threshold != 0.7 {
		t.Fatalf("%+v", list)
	}
	for _, l := range list {
		if l.Epoch != 4 || l.Choice != report.Last || l.Images != 51 || len(l.Boxes) != 4 || len(l.Crops) != 5 {
			t.Errorf("%+v", l)
		}
		whole, _ := l.Box(report.WholeImage) // the union is the image, what is shared the object
		if math.Abs(whole.IoU-l.ObjectArea) > 1e-6 || whole.Area != 1 || whole.Whole != 1 {
			t.Errorf("the whole image %+v, objects of %g", whole, l.ObjectArea)
		}
		trained, _ := l.Box(report.Trained)
		centre, _ := l.Box(report.CentreBox)
		if math.Abs(centre.Area-trained.Area) > 1e-6 {
			t.Errorf("boxes in the middle have %g of the area, those of the encoder %g", centre.Area, trained.Area)
		}
		none, _ := l.Cropped(report.NoBox)
		within, _ := l.Cropped(report.ObjectBox)
		if none.Pairs != 48 || within.Centres <= none.Centres {
			t.Errorf("crops by the object's box %+v, by none %+v", within, none)
		}
	}
	low, _ := list[0].Box(report.Trained)
	high, _ := list[1].Box(report.Trained)
	if low.Area <= high.Area {
		t.Errorf("threshold 0.3 gives boxes of %g of the image, 0.7 of %g", low.Area, high.Area)
	}
	again := measured("--workers", "3", "--threshold", "0.7")
	if !slices.Equal(again[0].Boxes, list[1].Boxes) || !slices.Equal(again[0].Crops, list[1].Crops) {
		t.Errorf("%+v, before %+v", again[0], list[1])
	}
	for i, c := range measured("--threshold", "0.7", "--draws", "3")[0].Crops {
		if once := list[1].Crops[i]; c.Boxes != once.Boxes || c.Pairs != 3*once.Pairs || c.IoU == once.IoU || math.Abs(c.IoU-once.IoU) > 0.1 {
			t.Errorf("three draws %+v, one %+v", c, once)
		}
	}
	measured()                    // by the experiment's own threshold
	measured("--checkpoint", "3") // an earlier encoder
	r, err := report.Read(filepath.Join(dir, "report.json"))
	if err != nil || len(r.Localization) != 4 || r.Localization[2].Threshold != 0.4 || r.Localization[3].Choice != report.Epoch {
		t.Errorf("%v: %+v", err, r.Localization)
	}
	if code, out := fw(t, "views", dir, "--compare", file, "--epoch", "3", "--samples", "2", "--out", filepath.Join(t.TempDir(), "x.png")); code != 0 || strings.Count(out, ", both in the object ") != 2 {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, out := fw(t, "eval", dir, "--protocol", "boxes", "--draws", "0"); code == 0 || !strings.Contains(out, "--draws: expected 1 or more, found 0") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, out := fw(t, "eval", dir, "--protocol", "boxes", "--threshold", "1"); code == 0 || !strings.Contains(out, "--threshold: expected numbers of [0,1), found 1") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestEvalOfBoxesNeedsThem(t *testing.T) {
	t.Parallel()
	for want, text := range map[string]string{
		"synthetic has none":                        boxes,
		"boxes: the crop strategy goes by no boxes": tiny,
	} {
		dir := filepath.Join(t.TempDir(), "r")
		if code, out := fw(t, "run", experimentFile(t, text), "--set", "train.steps=1", "--out", dir); code != 0 {
			t.Fatal(out)
		}
		if code, out := fw(t, "eval", dir, "--protocol", "boxes"); code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q: %s", code, want, out)
		}
	}
}

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sheet(t *testing.T, path string) (b []byte, width int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return b, img.Bounds().Dx()
}

// Sheets of the same draws are the same bytes, another epoch or seed makes others;
// two strategies beside one another are wider, and leave charts of how their crops lie.
func TestSheetsOfViews(t *testing.T) {
	t.Parallel()
	file, by := experimentFile(t, tiny), experimentFile(t, boxes)
	dir := t.TempDir()
	views := func(args ...string) (b []byte, width int, out string) {
		t.Helper()
		path := filepath.Join(dir, "sheet.png")
		code, out := fw(t, append([]string{"views", "--samples", "3", "--out", path}, args...)...)
		if code != 0 {
			t.Fatal(out)
		}
		b, width = sheet(t, path)
		return b, width, out
	}
	plain, width, _ := views(file)
	if again, _, _ := views(file, "--workers", "3"); !bytes.Equal(plain, again) {
		t.Error("the same draws give another sheet")
	}
	for _, other := range [][]string{{"--epoch", "1"}, {"--seed", "7"}} {
		if b, _, _ := views(append([]string{file}, other...)...); bytes.Equal(plain, b) {
			t.Errorf("%v changes nothing", other)
		}
	}
	if _, wider, out := views(by, "--compare", file, "--crops", "60"); wider <= width || strings.Count(out, "48 pairs of crops, mean IoU 0.") != 2 {
		t.Errorf("%d pixels wide, alone %d: %s", wider, width, out)
	}
	for _, name := range []string{"iou", "centres"} {
		b, err := os.ReadFile(filepath.Join(dir, "sheet-"+name+".svg"))
		if err != nil || !bytes.Contains(b, []byte("<svg")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	code, out := fw(t, "views", by, "--compare", file, "--set", "train.batch_size=8", "--samples", "2", "--out", filepath.Join(dir, "x.png"))
	if code != 0 {
		t.Errorf("overrides hold for both: %s", out)
	}
	if code, out := fw(t, "views", experimentFile(t, strings.Replace(tiny, "count = 64", "count = 32", 1)), "--compare", file, "--out", filepath.Join(dir, "x.png")); code == 0 || !strings.Contains(out, "is not the same: they differ in data or seed") {
		t.Errorf("other images: %s", out)
	}
}

// A run's folder is shown with its own encoder and boxes, which are not those that
// its experiment begins with.
func TestSheetOfARun(t *testing.T) {
	t.Parallel()
	file := experimentFile(t, boxes)
	dir := filepath.Join(t.TempDir(), "run")
	if code, out := fw(t, "run", file, "--out", dir); code != 0 {
		t.Fatal(out)
	}
	first, trained := filepath.Join(t.TempDir(), "a.png"), filepath.Join(t.TempDir(), "b.png")
	for _, args := range [][]string{{"views", file, "--epoch", "3", "--out", first}, {"views", dir, "--epoch", "3", "--out", trained}} {
		if code, out := fw(t, args...); code != 0 {
			t.Fatal(out)
		}
	}
	a, _ := sheet(t, first)
	b, _ := sheet(t, trained)
	if bytes.Equal(a, b) {
		t.Error("the sheet of the run is that of its beginning")
	}
	if code, out := fw(t, "views", dir, "--seed", "8", "--out", first); code == 0 || !strings.Contains(out, "is of another experiment") {
		t.Errorf("another seed: %s", out)
	}
}

// Bad numbers of crops and recipes are refused by fw check, at the key.
func TestChecksOfViews(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"[crop]\nuse = \"fw/random-resized-crop\"\nmin_scale = 0\n", "x.toml:36:13: crop.min_scale: expected a number in (0, 1], found 0"},
		{"[crop]\nuse = \"fw/random-resized-crop\"\nmin_ratio = 2\n", "x.toml:36:1: crop.min_ratio: plugin \"fw/random-resized-crop\": expected at most max_ratio"},
		{"[crop]\nuse = \"fw/center-crop\"\nshare = 1.1\n", "x.toml:36:9: crop.share: expected a number in (0, 1], found 1.1"},
		{"[crop]\nuse = \"fw/multi-crop\"\nviews = [2]\n", "crop.min_scale: plugin \"fw/multi-crop\": expected a number for each of 1 groups of views, found 2"},
		{"[crop]\nuse = \"fw/multi-crop\"\nviews = [2, 0]\n", "x.toml:36:9: crop.views: expected a list of integers of at least 1"},
		{"[augment]\nuse = \"fw/byol-augment\"\nblur = [1.0, 1.5]\n", "x.toml:36:8: augment.blur: expected a list of numbers in [0, 1]"},
		{"[augment]\nuse = \"fw/byol-augment\"\nsolarize = []\n", "x.toml:36:1: augment.solarize: plugin \"fw/byol-augment\": expected a probability for each view, found none"},
		{"[augment]\nuse = \"fw/byol-augment\"\nhue = 0.6\n", "x.toml:36:7: augment.hue: expected a number in [0, 0.5], found 0.6"},
		{"[augment]\nuse = \"fw/moco-augment\"\nmin_sigma = 3\n", "x.toml:36:1: augment.min_sigma: plugin \"fw/moco-augment\": expected at most max_sigma"},
	} {
		code, out := fw(t, "check", experimentFile(t, tiny+"\n"+c.text))
		if code == 0 || !strings.Contains(out, c.want) {
			t.Errorf("expected %q, found %s", c.want, out)
		}
	}
}

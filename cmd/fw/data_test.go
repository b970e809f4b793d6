package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/data/fetch"
	"github.com/fwlab/fw/core/experiment"
)

// photos makes a folder of 40 images in two classes, and the given number of
// truncated JPEGs and of texts named as PNGs.
func photos(t *testing.T, truncated, texts int) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, b []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	picture := func(i int) image.Image {
		m := image.NewNRGBA(image.Rect(0, 0, 12, 12))
		for p := range 144 {
			m.SetNRGBA(p%12, p/12, color.NRGBA{uint8(i * p), uint8(7 * i), uint8(p), 255})
		}
		return m
	}
	for i := range 40 {
		var b bytes.Buffer
		if err := png.Encode(&b, picture(i)); err != nil {
			t.Fatal(err)
		}
		put(fmt.Sprintf("%c/%02d.png", 'a'+i%2, i), b.Bytes())
	}
	for i := range truncated {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture(i), nil); err != nil {
			t.Fatal(err)
		}
		put(fmt.Sprintf("a/cut%d.jpg", i), b.Bytes()[:b.Len()-200])
	}
	for i := range texts {
		put(fmt.Sprintf("b/text%d.png", i), []byte("no image"))
	}
	return dir
}

func withPhotos(dir string) string {
	return strings.Replace(tiny, "dataset = \"synthetic\"\ncount = 64\nclasses = 4", fmt.Sprintf("dataset = \"folder\"\npath = %q\nholdout = 0.0\nmax_corrupt = 2", filepath.ToSlash(dir)), 1)
}

// An unreadable image is skipped, named and counted once, however often it is
// met; one more than max_corrupt ends the run.
func TestCorruptImagesAreSkippedUpToALimit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", experimentFile(t, withPhotos(photos(t, 1, 1))), "--out", dir); code != 0 {
		t.Fatal(out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Data struct {
			Train        int
			SkippedCount int `json:"skipped_count"`
			Skipped      []struct{ Image, Reason string }
		}
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if r.Data.Train != 42 || r.Data.SkippedCount != 2 || len(r.Data.Skipped) != 2 {
		t.Errorf("%+v", r.Data)
	}
	for _, name := range []string{"a/cut0.jpg", "b/text0.png"} {
		if !bytes.Contains(b, []byte(name)) {
			t.Errorf("report.json does not name %s", name)
		}
	}
	code, out := fw(t, "run", experimentFile(t, withPhotos(photos(t, 2, 1))), "--out", filepath.Join(t.TempDir(), "r"))
	if code == 0 || !strings.Contains(out, "max_corrupt") && !strings.Contains(out, "the limit is 2") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestDataKeysReachTheDatasets(t *testing.T) {
	for _, c := range []struct {
		sets []string
		want string
	}{
		{nil, "8000 training images, 2000 for testing"},
		{[]string{"data.holdout=0.5"}, "5000 training images, 5000 for testing"},
		{[]string{"data.train_split=test", "data.test_split=train"}, "2000 training images, 8000 for testing"},
		{[]string{"data.limit=100"}, "100 training images, 2000 for testing"},
		{[]string{"data.path=nowhere"}, "nowhere"},
	} {
		args := []string{"check", experimentFile(t, strings.Replace(tiny, "dataset = \"synthetic\"\ncount = 64\nclasses = 4", `dataset = "fashion-mnist"`, 1))}
		for _, s := range c.sets {
			args = append(args, "--set", s)
		}
		if _, out := fw(t, args...); !strings.Contains(out, c.want) {
			t.Errorf("%v: expected %q in\n%s", c.sets, c.want, out)
		}
	}
}

func TestDataInfo(t *testing.T) {
	dir := photos(t, 1, 0)
	code, out := fw(t, "data", "info", dir)
	for _, want := range []string{"format", "folder", "a: ", "12 high, 12 wide", "unreadable", "a/cut0.jpg", "[data]", `dataset = "folder"`, "image_size = 12"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q in\n%s", code, want, out)
		}
	}
	code, out = fw(t, "data", "info", dir, "--json")
	var info data.Info
	if err := json.Unmarshal([]byte(out), &info); code != 0 || err != nil || info.Splits[0].Images+info.Splits[1].Images != 41 || len(info.Unreadable) != 1 {
		t.Errorf("exit code %d, %v: %+v", code, err, info)
	}
	if code, out = fw(t, "data", "info", filepath.Join(dir, "nowhere")); code == 0 || !strings.Contains(out, "nowhere") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestDataList(t *testing.T) {
	code, out := fw(t, "data", "list")
	for _, s := range fetch.Sets() {
		if code != 0 || !strings.Contains(out, s.Name) || !strings.Contains(out, s.Files[0].SHA256) {
			t.Errorf("exit code %d, %s is not in\n%s", code, s.Name, out)
		}
	}
	code, out = fw(t, "data", "list", "--json")
	var sets []fetch.Set
	if err := json.Unmarshal([]byte(out), &sets); code != 0 || err != nil || len(sets) != len(fetch.Sets()) {
		t.Errorf("exit code %d, %v", code, err)
	}
}

func TestDataGetSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	if code, out := fw(t, "data", "get", "cifar-10"); code == 0 || !strings.Contains(out, `did you mean "cifar10"?`) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "cifar-10-binary.tar.gz"), []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := fw(t, "data", "get", "cifar10", "--from", dir, "--dir", filepath.Join(dir, "d")); code == 0 || !strings.Contains(out, "expected a file of 170052171 bytes, found 5") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// The names of [data] dataset in the language and in core/data are one list.
func TestDatasetNamesAgree(t *testing.T) {
	for _, s := range experiment.Sections() {
		for _, r := range s.Rows {
			if s.Name == "data" && r.Name == "dataset" && strings.Join(r.Choices, " ") != strings.Join(data.Names(), " ") {
				t.Errorf("%v, expected %v", r.Choices, data.Names())
			}
		}
	}
}

package main

import (
	"context"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/report"
)

const masked = `[experiment]
name = "masked"

[data]
dataset = "synthetic"
image_size = 16
count = 64
classes = 4

[backbone]
use = "fw/vit"
patch = 4
dim = 16
heads = 2
depth = 2
weights = "xavier"
positions = "fixed"

[pretext]
use = "fw/mae"
dim = 8
depth = 1
heads = 2

[optim]
name = "adamw"
base_lr = 0.01

[train]
epochs = 4
batch_size = 16

[[eval]]
protocol = "knn"
k = 5
`

// sheets is an experiment made ready, and what its views look like now.
func sheets(t *testing.T, file string) (*core.Session, func() report.Sheet) {
	t.Helper()
	con := &console{out: io.Discard, errout: io.Discard, ctx: context.Background()}
	session, s, err := (&fileArgs{File: file}).open(con)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Trainer.Close()
		s.close()
	})
	return session, func() report.Sheet {
		sheet, err := session.Views(0, 3)
		if err != nil {
			t.Fatal(err)
		}
		return sheet
	}
}

// Pictures that the pretext task names stand beside the views: the images are those of
// the batch, and what is painted depends on the parameters.
func TestPretextTasksShowPictures(t *testing.T) {
	t.Parallel()
	session, sheet := sheets(t, experimentFile(t, masked))
	before := sheet()
	if want := []string{"original", "view 1", "seen", "painted", "painted around seen"}; !slices.Equal(before.Columns, want) {
		t.Fatalf("columns %q, expected %q", before.Columns, want)
	}
	for r, row := range before.Rows {
		view, seen, painted, around := row.Cells[1].Image, row.Cells[2].Image, row.Cells[3].Image, row.Cells[4].Image
		if n := same(view, seen); n != 4 {
			t.Errorf("row %d: %d of 16 patches are seen, expected 4", r, n)
		}
		if n := same(view, around); n != 4 {
			t.Errorf("row %d: %d of 16 patches are the view's, expected 4", r, n)
		}
		if n := same(painted, around); n != 12 {
			t.Errorf("row %d: %d of 16 patches are painted, expected 12", r, n)
		}
	}
	if _, _, err := session.Trainer.Run(); err != nil {
		t.Fatal(err)
	}
	if after := sheet(); same(before.Rows[0].Cells[2].Image, after.Rows[0].Cells[2].Image) != 16 || same(before.Rows[0].Cells[3].Image, after.Rows[0].Cells[3].Image) == 16 {
		t.Error("after an update the same patches should be seen, and others painted")
	}
}

// same counts the 4 x 4 patches that two images share.
func same(a, b image.Image) (n int) {
	for p := range 16 {
		equal := true
		for q := range 16 {
			x, y := p%4*4+q%4, p/4*4+q/4
			equal = equal && a.At(x, y) == b.At(x, y)
		}
		if equal {
			n++
		}
	}
	return n
}

// A run of the masked autoencoder is evaluated and exported, the same for any number
// of workers, and leaves pictures.
func TestMaskedRun(t *testing.T) {
	t.Parallel()
	isDeterministic(t, masked)
	dir := filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", experimentFile(t, masked), "--out", dir); code != 0 || !strings.Contains(out, "kNN ") {
		t.Fatalf("exit code %d: %s", code, out)
	}
	for _, name := range []string{"plots/views.png", "encoder.safetensors", "report.html"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMasksThatLeaveNothingAreRefused(t *testing.T) {
	text := strings.Replace(masked, `use = "fw/mae"`, "use = \"fw/mae\"\nmask_ratio = 0.95", 1)
	code, out := fw(t, "check", experimentFile(t, text))
	want := `:21:1: pretext.mask_ratio: plugin "fw/mae": expected to leave some of the image's 16 patches and hide others; it leaves 0`
	if code == 0 || !strings.Contains(out, want) {
		t.Errorf("exit code %d, expected %q:\n%s", code, want, out)
	}
}

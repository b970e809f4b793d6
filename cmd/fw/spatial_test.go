package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
)

// spatial is an experiment whose pretext section is to be filled in.
const spatial = `[experiment]
name = "spatial"

[data]
dataset = "synthetic"
image_size = 24
count = 64
classes = 4

[backbone]
use = "fw/resnet"
depth = 10
width = 8
stages = 2
stem = "cifar"

[pretext]
PRETEXT

[optim]
base_lr = 0.01

[train]
epochs = 2
batch_size = 16

[[eval]]
protocol = "knn"
k = 5
`

var spatialTasks = map[string]string{
	"relative position": "use = \"fw/relative-position\"\nhidden = 16",
	"jigsaw":            "use = \"fw/jigsaw\"\npermutations = 10\nwidth = 8",
	"colorization":      "use = \"fw/colorization\"\nstride = 2\nhidden = 8",
}

// transformer is the same experiment with a ViT, whose views and images have patches
// in different numbers.
func transformer(text string) string {
	before, rest, _ := strings.Cut(text, "use = \"fw/resnet\"")
	_, after, _ := strings.Cut(rest, "\n\n")
	return before + "use = \"fw/vit\"\npatch = 4\ndim = 16\nheads = 2\ndepth = 2\n\n" + after
}

// Runs of the spatial tasks are the same for any number of workers, with either
// kind of network, and evaluate it on whole images.
func TestSpatialRuns(t *testing.T) {
	t.Parallel()
	for name, pretext := range spatialTasks {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(spatial, "PRETEXT", pretext, 1)
			isDeterministic(t, text)
			if name != "colorization" {
				text = strings.Replace(text, pretext, pretext+"\ntile = 4", 1)
			}
			dir := t.TempDir() + "/r"
			if code, out := fw(t, "run", experimentFile(t, transformer(text)), "--out", dir); code != 0 || !strings.Contains(out, "kNN ") {
				t.Errorf("with a ViT: exit code %d: %s", code, out)
			}
		})
	}
}

// Sheets show what the tasks see and what they make of it: boards as they are and as
// predicted, lightness with predicted and true colours.
func TestSpatialTasksShowPictures(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"relative position": {"original", "view 1", "as predicted"},
		"jigsaw":            {"original", "view 1", "as predicted"},
		"colorization":      {"original", "view 1", "predicted", "true"},
	}
	notes := map[string]string{"relative position": "channels ", "jigsaw": "permutation ", "colorization": "lab"}
	for name, pretext := range spatialTasks {
		con := &console{out: io.Discard, errout: io.Discard, ctx: context.Background()}
		session, s, err := (&fileArgs{File: experimentFile(t, strings.Replace(spatial, "PRETEXT", pretext, 1))}).open(con)
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := session.Views(0, 2)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sheet.Columns, want[name]) {
			t.Errorf("%s: columns %q, expected %q", name, sheet.Columns, want[name])
		}
		for _, row := range sheet.Rows {
			if !slices.ContainsFunc(row.Cells[1].Notes, func(n string) bool { return strings.HasPrefix(n, notes[name]) }) {
				t.Errorf("%s: notes %q", name, row.Cells[1].Notes)
			}
			if name == "colorization" { // without jitter, the true colours are the original's
				original, shown := row.Cells[0].Image, row.Cells[3].Image
				flipped := 0
				for y := range 24 {
					for x := range 24 {
						r, g, b, _ := original.At(x, y).RGBA()
						near := func(x int) bool {
							p, q, s, _ := shown.At(x, y).RGBA()
							return max(apart(r, p), apart(g, q), apart(b, s)) <= 2<<8
						}
						if !near(x) {
							flipped++
						}
						if !near(x) && !near(23-x) {
							t.Fatalf("pixel %d, %d is not as in the original", x, y)
						}
					}
				}
			}
		}
		session.Trainer.Close()
		s.close()
	}
}

func apart(a, b uint32) uint32 { return max(a, b) - min(a, b) }

// What a task cannot use is refused by fw check, at the key, with the reason.
func TestSpatialTasksRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pretext, data, want string }{
		{spatialTasks["jigsaw"], "image_size = 8", `x.toml:17:2: pretext.tile: plugin "fw/jigsaw": expected cells of 4 pixels or more, which show something; found 1, a third of 4 pixels`},
		{spatialTasks["relative position"], "image_size = 11", `x.toml:17:2: pretext.tile: plugin "fw/relative-position": expected cells of 4 pixels or more, which show something; found 3, a third of 11 pixels`},
		{"use = \"fw/jigsaw\"\ntile = 30", "", `x.toml:19:1: pretext.tile: plugin "fw/jigsaw": expected 4 pixels to the 6 of a cell, a third of 20 pixels; found 30`},
		{"use = \"fw/jigsaw\"\ntile = 3", "", `x.toml:19:1: pretext.tile: plugin "fw/jigsaw": expected 4 pixels to the 6 of a cell, a third of 20 pixels; found 3`},
		{"use = \"fw/relative-position\"\ntile = 7\njitter = 2", "", `x.toml:20:1: pretext.jitter: plugin "fw/relative-position": expected at most 1, which tiles of 7 pixels leave of cells of 8, a third of 24 pixels; found 2`},
		{"use = \"fw/jigsaw\"\npermutations = 5000", "", `x.toml:19:16: pretext.permutations: expected an integer in [2, 2000], found 5000`},
		{"use = \"fw/relative-position\"\nchroma = \"keeep\"", "", `x.toml:19:10: pretext.chroma: expected one of drop, project, keep, found "keeep"`},
		{spatialTasks["colorization"], "channels = 1", `x.toml:19:1: pretext.use: plugin "fw/colorization": expected images in colour, as there is nothing to predict of grey ones; data.channels is 1`},
		{"use = \"fw/colorization\"\nstride = 5", "", `x.toml:19:1: pretext.stride: plugin "fw/colorization": expected a divisor of the image's 24 pixels, found 5`},
		{"use = \"fw/colorization\"\nstride = 4", "", `x.toml:19:1: pretext.stride: plugin "fw/colorization": expected as many places along a side as the network's map has, 12, or twice, four times ... as many; 4 gives 6`},
		{spatialTasks["colorization"] + "\n\n[loss]\nuse = \"fw/cross-entropy\"", "", `link: pretext "fw/colorization" needs a loss of signature match, "fw/cross-entropy" is one of signature classify`},
	} {
		text := strings.Replace(spatial, "PRETEXT", c.pretext, 1)
		if strings.HasPrefix(c.data, "image_size") {
			text = strings.Replace(text, "image_size = 24", c.data, 1)
		} else if c.data != "" {
			text = strings.Replace(text, "image_size = 24", "image_size = 24\n"+c.data, 1)
		}
		code, out := fw(t, "check", experimentFile(t, text))
		if code == 0 || !strings.Contains(out, c.want) {
			t.Errorf("%q: exit code %d, expected %q in:\n%s", c.pretext, code, c.want, out)
		}
	}
}

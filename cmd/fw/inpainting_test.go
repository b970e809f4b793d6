package main

import (
	"image"
	"slices"
	"strings"
	"testing"
)

// inpainting is an experiment of 16-pixel images, whose network and pretext task follow.
const inpainting = `[experiment]
name = "inpainting"

[data]
dataset = "synthetic"
image_size = 16
count = 64
classes = 4

[optim]
name = "adamw"
base_lr = 0.05

[train]
epochs = 4
batch_size = 16

[[eval]]
protocol = "knn"
k = 5

[backbone]
`

const (
	convolutions = "use = \"fw/resnet\"\ndepth = 10\nwidth = 4\nstages = 3\nstem = \"cifar\"\n"
	tokens       = "use = \"fw/vit\"\npatch = 4\ndim = 16\nheads = 2\ndepth = 2\n"
)

// inpaint is the experiment with a network and a pretext task.
func inpaint(backbone, pretext string) string {
	return inpainting + backbone + "\n[pretext]\n" + pretext + "\n"
}

var inpainters = map[string]string{
	"denoising":   inpaint(convolutions, "use = \"fw/denoising-autoencoder\"\nwidth = 8"),
	"context":     inpaint(convolutions, "use = \"fw/context-encoder\"\noverlap = 1"),
	"adversarial": inpaint(convolutions, "use = \"fw/context-encoder\"\nregion = \"blocks\"\nadversarial = 0.1\ndiscriminator_width = 4\noverlap = 1\nwidth = 8"),
	"simmim":      inpaint(tokens, "use = \"fw/simmim\"\nmask_patch = 4"),
}

// Sheets show what was seen, what is painted and what was there; the first two agree
// where nothing is hidden, and what is painted depends on the parameters.
func TestInpaintersShowPictures(t *testing.T) {
	t.Parallel()
	patches := []string{"original", "view 1", "seen", "painted", "painted around seen"}
	holes := []string{"original", "view 1", "painted", "painted around seen", "truth"}
	for name, c := range map[string]struct {
		columns                      []string
		seen, painted, around, truth int // columns
		shared                       int // patches of 4 x 4 pixels of 16 that are seen
	}{
		"denoising": {[]string{"original", "view 1", "painted", "truth"}, 1, 2, 1, 3, 0},
		"context":   {holes, 1, 2, 3, 4, 12},  // the hole is 6 x 6 pixels in the middle
		"simmim":    {patches, 2, 3, 4, 1, 6}, // ceil(0.6 * 16) are hidden
	} {
		t.Run(name, func(t *testing.T) {
			session, sheet := sheets(t, experimentFile(t, inpainters[name]))
			before := sheet()
			if !slices.Equal(before.Columns, c.columns) {
				t.Fatalf("columns %q, expected %q", before.Columns, c.columns)
			}
			for r, row := range before.Rows {
				at := func(column int) image.Image { return row.Cells[column].Image }
				if n := same(at(c.seen), at(c.truth)); n != c.shared {
					t.Errorf("row %d: %d of 16 patches are seen, expected %d", r, n, c.shared)
				}
				if n := same(at(c.around), at(c.truth)); n != c.shared {
					t.Errorf("row %d: %d of 16 patches are as they were, expected %d", r, n, c.shared)
				}
			}
			if _, _, err := session.Trainer.Run(); err != nil {
				t.Fatal(err)
			}
			row, after := before.Rows[0], sheet().Rows[0]
			if same(row.Cells[c.seen].Image, after.Cells[c.seen].Image) != 16 || same(row.Cells[c.painted].Image, after.Cells[c.painted].Image) == 16 {
				t.Error("after training the same should be seen, and something else painted")
			}
		})
	}
}

// A run with a discriminator gives the same bytes for any number of workers and after
// kill and resume; the others are evaluated and exported.
func TestInpaintingRuns(t *testing.T) {
	t.Parallel()
	t.Run("adversarial", func(t *testing.T) { isDeterministic(t, inpainters["adversarial"]) })
	for _, name := range []string{"denoising", "simmim"} {
		t.Run(name, func(t *testing.T) { whole(t, experimentFile(t, inpainters[name])) })
	}
}

// What does not fit the images or the network is refused with its place.
func TestInpaintingRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ backbone, pretext, want string }{
		{tokens, "use = \"fw/simmim\"", `:29:2: pretext.mask_patch: plugin "fw/simmim": images of 16 pixels do not divide into cells of 32`},
		{tokens, "use = \"fw/simmim\"\nmask_patch = 2", `:31:1: pretext.mask_patch: plugin "fw/simmim": expected a multiple of the encoder's patches of 4 pixels, found 2`},
		{tokens, "use = \"fw/simmim\"\nmask_patch = 8\nmask_ratio = 0.9", `:32:1: pretext.mask_ratio: plugin "fw/simmim": expected to leave some of the image's 4 cells; it hides all`},
		{strings.Replace(tokens, "patch = 4", "patch = 5", 1), "use = \"fw/simmim\"\nmask_patch = 4", `:24:1: backbone.patch: plugin "fw/vit": images of 16 x 16 pixels do not divide into patches of 5`},
		{convolutions, "use = \"fw/simmim\"\nmask_patch = 4", `:23:1: backbone.use: plugin "fw/resnet": the pretext task needs a network with the stage "patch_embed"; this one has map, pooled`},
		{convolutions, "use = \"fw/context-encoder\"\nhole = 20", `:31:1: pretext.hole: plugin "fw/context-encoder": expected less than the image's 16 pixels, found 20`},
		{convolutions, "use = \"fw/context-encoder\"\nhole = 7", `:31:1: pretext.hole: plugin "fw/context-encoder": a square of 7 pixels has no place in the middle of 16`},
		{convolutions, "use = \"fw/context-encoder\"\nhole = 12\noverlap = 1", `:31:1: pretext.hole: plugin "fw/context-encoder": the decoder doubles the feature map's 4 pixels until they are the 12 to be painted, which they never are`},
		{convolutions, "use = \"fw/context-encoder\"", `pretext.overlap: plugin "fw/context-encoder": expected less than half of the 8 pixels that are painted, found 4`},
		{convolutions, "use = \"fw/context-encoder\"\nregion = \"random\"\nhole = 8", `:32:1: pretext.hole: plugin "fw/context-encoder": expected none where region is "random", found 8`},
		{tokens, "use = \"fw/context-encoder\"\nregion = \"blocks\"\nblocks = 64", `all is well`},
		{strings.Replace(convolutions, "stages = 3", "stages = 4", 1), "use = \"fw/context-encoder\"\nhole = 4\noverlap = 1\nadversarial = 0.001", `:33:1: pretext.adversarial: plugin "fw/context-encoder": the discriminator halves the 4 pixels that are painted until they are 4, which they never are`},
		{strings.Replace(convolutions, "stages = 3", "stages = 1", 1), "use = \"fw/denoising-autoencoder\"", `:30:1: pretext.use: plugin "fw/denoising-autoencoder": the decoder doubles the feature map's 16 pixels until they are the image's 16, which they never are`},
		{convolutions, "use = \"fw/denoising-autoencoder\"\n\n[loss]\nuse = \"fw/cosine-distance\"", `pretext "fw/denoising-autoencoder" needs a loss of signature reconstruct, "fw/cosine-distance" is one of signature predict`},
	} {
		if _, out := fw(t, "check", experimentFile(t, inpaint(c.backbone, c.pretext))); !strings.Contains(out, c.want) {
			t.Errorf("expected %q in:\n%s", c.want, out)
		}
	}
}

package view

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/data"
)

// Files of every kind that ImageFolder meets are read as PIL's convert("RGB")
// reads them, but for the colour of pixels that nobody can see. The JPEG decoders
// of CMYK files round their transforms apart by a few levels.
func TestFilesAreReadAsPILReadsThem(t *testing.T) {
	f := openFixtures(t)
	for _, name := range f.Files {
		t.Run(name, func(t *testing.T) {
			b, err := f.Read("file." + name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := data.Decode(b.U8(), false)
			if err != nil {
				t.Fatal(err)
			}
			want := f.image(t, "rgb."+name)
			if got.H != want.H || got.W != want.W || got.C != want.C {
				t.Fatalf("%d x %d x %d, want %d x %d x %d", got.H, got.W, got.C, want.H, want.W, want.C)
			}
			bound, hidden := 0, func(int) bool { return false }
			if name == "cmyk.jpg" {
				bound = 3
			}
			if strings.HasSuffix(name, ".png") {
				img, err := png.Decode(bytes.NewReader(b.U8()))
				if err != nil {
					t.Fatal(err)
				}
				hidden = func(pixel int) bool {
					_, _, _, alpha := img.At(pixel%want.W, pixel/want.W).RGBA()
					return alpha == 0
				}
			}
			most, differ := 0, 0
			for i, w := range want.Pix {
				if d := int(got.Pix[i]) - int(w); d != 0 && !hidden(i/3) {
					differ++
					most = max(most, d, -d)
				}
			}
			if most > bound {
				t.Errorf("expected at most %d levels", bound)
			}
			t.Logf("at most %d levels, %d of %d values differ", most, differ, len(want.Pix))
		})
	}
}

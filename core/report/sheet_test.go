package report

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

// gradient is a small picture of which every pixel differs.
func gradient(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * x / w), uint8(255 * y / h), 128, 255})
		}
	}
	return img
}

func exampleSheet() Sheet {
	boxes := []Box{{X: 2, Y: 3, W: 14, H: 12, Color: 0, Label: "1"}, {X: 8, Y: 8, W: 30, H: 15, Color: 1}, {X: 6, Y: 6, W: 10, H: 10, Color: 3, Dashed: true}}
	return Sheet{
		Title:   "Views",
		Caption: "A caption that is long enough to be broken into more than one line of this small sheet.",
		Legend:  []Key{{Text: "view 1"}, {Text: "view 2", Color: 1}, {Text: "object", Color: 3, Dashed: true}, {Text: "same class", Frame: Same}},
		Columns: []string{"image", "heat", "wide"},
		Rows: []Row{
			{Title: "sample 0", Cells: []Cell{{Image: gradient(28, 28), Boxes: boxes, Label: "28 x 28"}, {Image: gradient(28, 28), Heat: &Heat{2, 2, []float32{0, 0.5, 0.5, 1}}, Frame: Same}, {Image: gradient(40, 20), Frame: Other, Label: "a label longer than its column is cut"}}},
			{Title: "a title that is too long for its place", Cells: []Cell{{}, {Image: gradient(14, 28), Frame: Plain}}},
		},
		CellSize: 56, Scale: 1,
	}
}

func samePixels(t *testing.T) func(got, want []byte) bool {
	return func(got, want []byte) bool {
		a, err := png.Decode(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		b, err := png.Decode(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if a.Bounds() != b.Bounds() {
			return false
		}
		for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
			for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
				if a.At(x, y) != b.At(x, y) {
					return false
				}
			}
		}
		return true
	}
}

func TestSheetGolden(t *testing.T) {
	got, err := exampleSheet().PNG()
	if err != nil {
		t.Fatal(err)
	}
	again, err := exampleSheet().PNG()
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("drawn twice, the bytes differ: %v", err)
	}
	golden(t, "sheet.png", got, samePixels(t))
}

func TestSmallImagesAreEnlargedByWholeFactors(t *testing.T) {
	for _, c := range []struct{ w, h, px, wantW, wantH int }{
		{28, 28, 1, 112, 112}, {32, 32, 1, 96, 96}, {28, 28, 2, 224, 224}, {64, 32, 1, 64, 32}, {224, 112, 1, 112, 56}, {4000, 2, 1, 112, 1},
	} {
		l := &layout{Sheet: Sheet{CellSize: 112}, px: c.px}
		if got := l.shown(image.NewGray(image.Rect(0, 0, c.w, c.h))); got != image.Pt(c.wantW, c.wantH) {
			t.Errorf("%d x %d is shown as %v, expected %d x %d", c.w, c.h, got, c.wantW, c.wantH)
		}
	}
}

func TestSheetRefusesWhatItCannotDraw(t *testing.T) {
	picture := gradient(28, 28)
	many := Sheet{CellSize: 1024, Scale: 4, Rows: []Row{{Cells: make([]Cell, 60)}}}
	many.Rows[0].Cells[0].Image = gradient(1024, 1024)
	for want, s := range map[string]Sheet{
		"too many: show fewer":        many,
		"out of range":                {CellSize: 1 << 20},
		"column 1: an image of 0 x 0": {Rows: []Row{{Cells: []Cell{{Image: image.NewGray(image.Rectangle{})}}}}},
		"a heat map of 3 x 2 with 5":  {Rows: []Row{{Cells: []Cell{{Image: picture, Heat: &Heat{3, 2, make([]float32, 5)}}}}}},
		"a heat map of 0 x 0":         {Rows: []Row{{Cells: []Cell{{Image: picture, Heat: &Heat{}}}}}},
	} {
		if _, err := s.PNG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q, got %v", want, err)
		}
	}
}

func TestSheetDrawsOddBoxes(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	s := Sheet{Rows: []Row{{Cells: []Cell{{Image: gradient(28, 28), Heat: &Heat{1, 1, []float32{float32(nan)}}, Boxes: []Box{
		{X: -9, Y: -9, W: 1e9, H: inf, Color: -7, Label: strings.Repeat("long ", 99)}, {X: nan, Y: 30, W: -5, H: 0, Label: "x"},
	}}}}}}
	if _, err := s.PNG(); err != nil {
		t.Error(err)
	}
	if _, err := (Sheet{}).PNG(); err != nil {
		t.Error(err)
	}
}

func TestPictureOfNormalisedValues(t *testing.T) {
	img, err := PictureF32([]float32{0, 1, -9, 2, -1, float32(math.NaN())}, 1, 2, 3, []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25})
	if err != nil {
		t.Fatal(err)
	}
	if got := img.At(0, 0); got != (color.RGBA{128, 191, 0, 255}) {
		t.Errorf("got %v", got)
	}
	if got := img.At(1, 0); got != (color.RGBA{255, 64, 0, 255}) {
		t.Errorf("got %v", got)
	}
	grey, err := Picture([]uint8{7}, 1, 1, 1)
	if err != nil || grey.At(0, 0) != (color.RGBA{7, 7, 7, 255}) {
		t.Errorf("%v", err)
	}
	for _, channels := range []int{0, 2, 4} {
		if _, err := Picture(make([]uint8, 4*channels), 2, 2, channels); err == nil {
			t.Errorf("%d channels were taken", channels)
		}
	}
	if _, err := PictureF32(make([]float32, 3), 1, 1, 3, []float32{1}, nil); err == nil {
		t.Error("one mean for three channels was taken")
	}
}

func TestNeighbourFrames(t *testing.T) {
	img := gradient(4, 4)
	s := NeighbourSheet("n", []Neighbours{{img, "cat", []Neighbour{{img, "cat", 0.9}, {img, "dog", 0.8}, {img, "", 0.7}}}, {img, "", []Neighbour{{img, "dog", 0.5}}}})
	for _, c := range []struct {
		row, col int
		frame    Frame
		label    string
	}{{0, 0, Plain, "cat"}, {0, 1, Same, "0.90  cat"}, {0, 2, Other, "0.80  dog"}, {0, 3, NoFrame, "0.70"}, {1, 1, NoFrame, "0.50  dog"}} {
		if got := s.Rows[c.row].Cells[c.col]; got.Frame != c.frame || got.Label != c.label {
			t.Errorf("row %d, column %d: frame %d, label %q", c.row, c.col, got.Frame, got.Label)
		}
	}
	if len(s.Columns) != 4 {
		t.Errorf("columns %v", s.Columns)
	}
}

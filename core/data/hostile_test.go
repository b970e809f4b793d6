package data

import (
	"bytes"
	"image"
	"image/color"
	"math/rand"
	"testing"
)

// busy is a picture whose every part differs from the others.
func busy(h, w int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewSource(4))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x*5 + r.Intn(60)), uint8(y*5 + r.Intn(60)), uint8(r.Intn(256)), 255})
		}
	}
	return img
}

// However a file is cut off, it is refused, or nothing of its picture is lost: never
// a picture that is grey from some row on.
func TestFilesCutAnywhere(t *testing.T) {
	for name, file := range map[string][]byte{"jpeg": jpegOf(t, busy(40, 40)), "png": pngOf(t, busy(40, 40)), "one pixel": pngOf(t, busy(1, 1)), "one pixel jpeg": jpegOf(t, busy(1, 1))} {
		whole, err := Decode(file, false)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for n := range file {
			got, err := Decode(file[:n], false)
			switch {
			case err != nil:
				refused++
			case !bytes.Equal(got.Pix, whole.Pix):
				t.Errorf("%s: %d of %d bytes give another picture", name, n, len(file))
			}
		}
		if refused < len(file)*9/10 {
			t.Errorf("%s: only %d of %d are refused", name, refused, len(file))
		}
	}
}

// A JPEG whose data end early, but in order, with the marker of its end, is refused
// too, wherever it ends before its last sixteenth.
func TestJPEGsThatEndEarly(t *testing.T) {
	file := jpegOf(t, busy(64, 64))
	scan := bytes.Index(file, []byte{0xff, 0xda}) + 14
	for n := scan; n < scan+(len(file)-scan)*15/16; n++ {
		if file[n-1] == 0xff {
			continue
		}
		early := append(append([]byte(nil), file[:n]...), 0xff, 0xd9)
		if m, err := Decode(early, false); err == nil {
			t.Fatalf("%d of %d bytes give %d x %d pixels", n, len(file), m.H, m.W)
		}
	}
}

// Any byte may be wrong: an error or a picture of the header's size, no panic.
func TestBrokenBytes(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for _, file := range [][]byte{jpegOf(t, busy(24, 24)), pngOf(t, busy(24, 24))} {
		for range 2000 {
			b := append([]byte(nil), file...)
			for range 1 + r.Intn(4) {
				b[r.Intn(len(b))] = byte(r.Intn(256))
			}
			if m, err := Decode(b, true); err == nil && len(m.Pix) != m.H*m.W*m.C {
				t.Fatalf("%d bytes for %d x %d x %d", len(m.Pix), m.H, m.W, m.C)
			}
		}
	}
}

// A photograph with an orientation is turned upright, as each of the eight says.
func TestOrientedJPEGs(t *testing.T) {
	plain := jpegOf(t, busy(16, 24))
	whole, err := Decode(plain, true)
	if err != nil {
		t.Fatal(err)
	}
	for o := 1; o <= 8; o++ {
		exif := append([]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"), 0, byte(o), 0, 0, 0, 0, 0, 0)
		segment := append([]byte{0xff, 0xe1, byte((len(exif) + 2) >> 8), byte(len(exif) + 2)}, exif...)
		file := append(append([]byte{0xff, 0xd8}, segment...), plain[2:]...)
		got, err := Decode(file, true)
		if err != nil {
			t.Fatal(err)
		}
		want := whole.upright(o)
		if got.H != want.H || got.W != want.W || !bytes.Equal(got.Pix, want.Pix) || (o >= 5) != (got.H == 24) {
			t.Errorf("orientation %d: %d x %d", o, got.H, got.W)
		}
		if as, err := Decode(file, false); err != nil || !bytes.Equal(as.Pix, whole.Pix) {
			t.Errorf("orientation %d is not left alone: %v", o, err)
		}
	}
}

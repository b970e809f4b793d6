package data

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/rng"
)

func TestFashionIsWhole(t *testing.T) {
	s, err := Open("fashion-mnist", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Train.Len() != 8000 || s.Test.Len() != 2000 {
		t.Fatalf("%d train and %d test images", s.Train.Len(), s.Test.Len())
	}
	count := map[int]int{}
	for _, d := range []Dataset{s.Train, s.Test} {
		for i := range d.Len() {
			l, _ := d.Label(i)
			count[l]++
		}
	}
	for c := range s.Classes {
		if count[c] != 1000 {
			t.Errorf("class %d has %d images, Fashion-MNIST's test file has 1000 of each", c, count[c])
		}
	}
}

// EXIF orientations: a picture stored turned comes back as it was taken.
func TestUpright(t *testing.T) {
	// 2 rows, 3 columns; the value is the place in the upright picture.
	want := Image{[]uint8{0, 1, 2, 3, 4, 5}, 2, 3, 1}
	stored := map[int]Image{
		1: want,
		2: {[]uint8{2, 1, 0, 5, 4, 3}, 2, 3, 1},
		3: {[]uint8{5, 4, 3, 2, 1, 0}, 2, 3, 1},
		4: {[]uint8{3, 4, 5, 0, 1, 2}, 2, 3, 1},
		5: {[]uint8{0, 3, 1, 4, 2, 5}, 3, 2, 1},
		6: {[]uint8{2, 5, 1, 4, 0, 3}, 3, 2, 1},
		7: {[]uint8{5, 2, 4, 1, 3, 0}, 3, 2, 1},
		8: {[]uint8{3, 0, 4, 1, 5, 2}, 3, 2, 1},
	}
	for o, m := range stored {
		if got := m.upright(o); got.H != 2 || got.W != 3 || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("orientation %d gives %+v", o, got)
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	img := image.NewGray(image.Rect(0, 0, 5, 4))
	img.SetGray(0, 0, color.Gray{Y: 200})
	var p, j bytes.Buffer
	if err := png.Encode(&p, img); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, img, nil); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "train", "cat", "1.png"), p.Bytes())
	write(t, filepath.Join(dir, "train", "dog", "2.jpg"), j.Bytes())
	write(t, filepath.Join(dir, "test", "dog", "3.png"), p.Bytes()[:20])
	s, err := Open("folder", Options{Path: dir, EXIF: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Train.Len() != 2 || s.Test.Len() != 1 || strings.Join(s.Classes, " ") != "cat dog" {
		t.Fatalf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
	}
	m, err := s.Train.Decode(0)
	if err != nil || m.H != 4 || m.W != 5 || m.C != 3 || m.Pix[0] != 200 || m.Pix[2] != 200 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := s.Test.Decode(0); err == nil || !strings.Contains(err.Error(), "test/dog/3.png") {
		t.Errorf("a truncated image: %v", err)
	}
}

func TestCIFARSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		bytes int
		want  string
	}{{cifarRecord + 5, "multiple of 3073"}, {cifarRecord, "expected 10000 records"}} {
		write(t, filepath.Join(dir, "data_batch_1.bin"), make([]byte, c.bytes))
		if _, err := Open("cifar10", Options{Path: dir}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v", c.bytes, err)
		}
	}
}

// The real set of the shared folder, where it is.
func TestCIFARJPEG(t *testing.T) {
	path := "../../../shared/data/cifar10-jpeg.tar.gz"
	if _, err := os.Stat(path); err != nil {
		t.Skip("skipped: cifar10-jpeg.tar.gz is not here")
	}
	s, err := Open("tar", Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if s.Train.Len() != 50000 || s.Test.Len() != 10000 || len(s.Classes) != 10 {
		t.Errorf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
	}
	if m, err := s.Train.Decode(49999); err != nil || m.H != 32 || m.W != 32 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestOrderIsAPermutationOfItsEpoch(t *testing.T) {
	k := rng.New(4)
	a, b := Order(k, 0, 100), Order(k, 1, 100)
	same := 0
	seen := map[int]bool{}
	for i := range a {
		seen[a[i]] = true
		if a[i] == b[i] {
			same++
		}
	}
	if len(seen) != 100 || same > 20 {
		t.Errorf("%d distinct positions, %d alike in the next epoch", len(seen), same)
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

package data

import (
	"bytes"
	"testing"
)

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

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x20Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

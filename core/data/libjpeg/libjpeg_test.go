package libjpeg

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

const most = 1 << 24

// plainly runs f without assembly.
func plainly(f func()) {
	defer func(was bool) { useAVX2 = was }(useAVX2)
	useAVX2 = false
	f()
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Pillow's bytes, with assembly and without (testdata/make_fixtures.py).
func TestFilesAreReadAsPillowReadsThem(t *testing.T) {
	var want struct {
		Files map[string]struct {
			H, W   int
			SHA256 string
		}
	}
	b, err := os.ReadFile(filepath.Join("testdata", "sums.json"))
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil || len(want.Files) == 0 {
		t.Fatal(err)
	}
	for name, f := range want.Files {
		t.Run(name, func(t *testing.T) {
			check := func() {
				pix, h, w, err := Decode(fixture(t, name), most)
				if err != nil {
					t.Fatal(err)
				}
				if sum := sha256.Sum256(pix); h != f.H || w != f.W || hex.EncodeToString(sum[:]) != f.SHA256 {
					t.Errorf("%d x %d pixels, want %d x %d; their bytes differ from Pillow's", h, w, f.H, f.W)
				}
			}
			check()
			plainly(check)
		})
	}
}

// The transform in assembly is the plain one for any coefficients, those of no
// picture too, and both are within rounding of the cosine sums (T.81 A.3.3).
func TestTransformEqualsItsTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		var b [64]int16
		limit := 1 + r.IntN(1<<(1+i%15))
		for range 1 + r.IntN(64) {
			b[r.IntN(64)] = int16(r.IntN(2*limit) - limit)
		}
		const stride = 11
		got, want := make([]uint8, 8*stride), make([]uint8, 8*stride)
		transform(got, stride, &b)
		plainly(func() { transform(want, stride, &b) })
		if !bytes.Equal(got, want) {
			t.Fatalf("block %v differs", b)
		}
		only, flat := [64]int16{b[0]}, make([]uint8, 8*stride)
		transform(flat, stride, &only)
		fill(got, stride, b[0])
		if !bytes.Equal(got, flat) {
			t.Fatalf("a flat block of %d differs", b[0])
		}
		if limit > 500 {
			continue
		}
		for y := range 8 {
			for x := range 8 {
				sum := 0.0
				for v := range 8 {
					for u := range 8 {
						c := 0.25
						if u == 0 {
							c *= math.Sqrt2 / 2
						}
						if v == 0 {
							c *= math.Sqrt2 / 2
						}
						sum += c * float64(b[8*v+u]) * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*y+1)*float64(v)*math.Pi/16)
					}
				}
				if d := float64(want[y*stride+x]) - max(0, min(255, sum+128)); d < -1 || d > 1 {
					t.Fatalf("sample %d, %d is %d, the sum %v", y, x, want[y*stride+x], sum+128)
				}
			}
		}
	}
}

// Everything cut short is refused, and never read as something.
func TestTruncatedFilesAreRefused(t *testing.T) {
	for _, name := range []string{"420", "420-restart", "gray", "444-coarse", "progressive", "progressive-restart"} {
		b := fixture(t, name)
		for n := range b {
			if _, _, _, err := Decode(b[:n], most); err == nil {
				t.Fatalf("%s: %d of %d bytes are enough", name, n, len(b))
			}
		}
	}
}

// Other files are left to others, and so are images that are too large, before
// memory is asked for.
func TestOtherFilesAreLeftToOthers(t *testing.T) {
	arithmetic := bytes.Clone(fixture(t, "444"))
	at := bytes.Index(arithmetic, []byte{0xff, sof0})
	arithmetic[at+1] = 0xc9
	var gray bytes.Buffer
	if err := jpeg.Encode(&gray, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"arithmetic": arithmetic, "png": []byte("\x89PNG\r\n\x1a\n"), "nothing": nil} {
		if _, _, _, err := Decode(b, most); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, _, err := Decode(gray.Bytes(), 63); err == nil {
		t.Error("64 pixels are 63")
	}
	large := bytes.Clone(fixture(t, "gray"))
	at = bytes.Index(large, []byte{0xff, sof0})
	binary.BigEndian.PutUint16(large[at+5:], 60000)
	binary.BigEndian.PutUint16(large[at+7:], 60000)
	if n := testing.AllocsPerRun(5, func() {
		if _, _, _, err := Decode(large, math.MaxInt); err == nil {
			t.Error("a file of some hundred bytes has 3.6 G pixels")
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// A decoder that met a faulty file reads the next as ever.
func TestFaultsLeaveNothingBehind(t *testing.T) {
	b := fixture(t, "noise")
	want, _, _, err := Decode(b, most)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		bad := bytes.Clone([][]byte{b, fixture(t, "progressive")}[i%2])
		for range 1 + r.IntN(5) {
			bad[r.IntN(len(bad))] = uint8(r.IntN(256))
		}
		Decode(bad, most)
		if got, _, _, err := Decode(b, most); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, or other bytes, after a faulty file", err)
		}
	}
}

// No bytes make it panic, and what it reads has the size that the header says and
// is the same without assembly.
func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.jpg"))
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pix, h, w, err := Decode(b, 1<<20)
		if err != nil {
			return
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); len(pix) != 3*h*w || err == nil && (c.Height != h || c.Width != w) {
			t.Fatalf("%d bytes for %d x %d pixels; the header says %d x %d", len(pix), h, w, c.Height, c.Width)
		}
		plainly(func() {
			if again, _, _, err := Decode(b, 1<<20); err != nil || !bytes.Equal(again, pix) {
				t.Fatalf("without assembly: %v, or other bytes", err)
			}
		})
	})
}

package data

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// sparseFile makes a file of that size without writing it.
func sparseFile(t testing.TB, path string, size int64) {
	t.Helper()
	write(t, path, nil)
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func TestCIFARDecodesPlanes(t *testing.T) {
	for _, c := range []*cifar{&cifar10, &cifar100} {
		rec := make([]byte, c.labels+cifarPixels)
		rec[c.labels-1] = 7
		rec[c.labels+33], rec[c.labels+1024+33], rec[c.labels+2048+33] = 10, 20, 30 // row 1, column 1
		out := &records{labels: []uint8{}, h: 32, w: 32, c: 3}
		if err := c.decode(out, append(rec, rec...)); err != nil {
			t.Fatal(err)
		}
		m, _ := out.Decode(1)
		if l, ok := out.Label(1); !ok || l != 7 || out.Len() != 2 || !bytes.Equal(m.Pix[(32+1)*3:][:3], []byte{10, 20, 30}) {
			t.Errorf("%s: label %d, %d images, pixel %v", c.name, l, out.Len(), m.Pix[(32+1)*3:][:3])
		}
		rec[c.labels-1] = uint8(len(c.classes))
		if err := c.decode(out, rec); err == nil {
			t.Errorf("%s: a label out of range is taken", c.name)
		}
	}
}

func TestCIFARSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data_batch_1.bin")
	for _, c := range []struct {
		size  int64
		words []string
	}{
		{0, []string{"30730000", "empty", "fw data get cifar10"}},
		{1 + cifarPixels, []string{"30730000", "found 3073", "cut short", "allow_partial"}},
		{30730001, []string{"30730000", "found 30730001", "not that file"}},
		{1 << 40, []string{"found 1099511627776"}},
	} {
		sparseFile(t, file, c.size)
		refused(t, CIFAR10, Options{Path: dir}, append(c.words, "data_batch_1.bin")...)
	}
	refused(t, CIFAR10, Options{Path: filepath.Join(dir, "nowhere")}, "nowhere", "data_batch_1.bin", "fw data get cifar10")
	refused(t, CIFAR100, Options{Path: dir}, "train.bin", "153700000", "fw data get cifar100")
	refused(t, CIFAR10, Options{Path: filepath.Dir(dir)}, "it lies deeper", filepath.ToSlash(dir))

	python := t.TempDir()
	write(t, filepath.Join(python, "data_batch_1"), []byte("pickle"))
	refused(t, CIFAR10, Options{Path: python}, "Python's version")
}

func TestCIFARPartial(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), make([]byte, 3*(2+cifarPixels)+5))
	write(t, filepath.Join(dir, "test.bin"), make([]byte, 2+cifarPixels))
	s := opened(t, CIFAR100, Options{Path: dir, AllowPartial: true})
	if s.Train.Len() != 3 || s.Test.Len() != 1 || len(s.Classes) != 100 || s.Probe != s.Train {
		t.Errorf("%d train, %d test, %d classes", s.Train.Len(), s.Test.Len(), len(s.Classes))
	}
	s = opened(t, CIFAR100, Options{Path: dir, AllowPartial: true, TrainSplit: "test", TestSplit: "train"})
	if s.Train.Len() != 1 || s.Test.Len() != 3 {
		t.Errorf("exchanged: %d train, %d test", s.Train.Len(), s.Test.Len())
	}
	refused(t, CIFAR100, Options{Path: dir, AllowPartial: true, TrainSplit: "test"}, "test_split")
	refused(t, CIFAR100, Options{Path: dir, AllowPartial: true, TrainSplit: "unlabeled"}, `"unlabeled"`)
}

func TestCIFARClasses(t *testing.T) {
	for _, c := range []*cifar{&cifar10, &cifar100} {
		seen := map[string]bool{}
		for _, name := range c.classes {
			seen[name] = true
		}
		if len(seen) != len(c.classes) {
			t.Errorf("%s: a class is there twice", c.name)
		}
	}
}

func FuzzCIFAR(f *testing.F) {
	f.Add(make([]byte, 1+cifarPixels), true)
	f.Add(bytes.Repeat([]byte{99}, 2*(2+cifarPixels)), false)
	f.Add([]byte("short"), false)
	f.Fuzz(func(t *testing.T, b []byte, ten bool) {
		c := &cifar100
		if ten {
			c = &cifar10
		}
		out := &records{labels: []uint8{}, h: 32, w: 32, c: 3}
		if err := c.decode(out, b); err != nil {
			return
		}
		if out.Len() != len(out.labels) || out.Len() != len(b)/(c.labels+cifarPixels) {
			t.Errorf("%d images and %d labels of %d bytes", out.Len(), len(out.labels), len(b))
		}
	})
}

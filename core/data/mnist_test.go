package data

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"testing"
)

func TestFashionIsWhole(t *testing.T) {
	s := opened(t, FashionMNIST, Options{Holdout: 0.2})
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

func TestFashionSplits(t *testing.T) {
	for _, c := range []struct {
		o           Options
		train, test int
	}{
		{Options{Holdout: 0.3}, 7000, 3000},
		{Options{Holdout: 0}, 10000, 0},
		{Options{Holdout: 0.2, TrainSplit: "test", TestSplit: "train"}, 2000, 8000},
		{Options{Holdout: 0.2, TrainSplit: "train", TestSplit: "train"}, 6400, 1600},
		{Options{Holdout: 0.2, Limit: 500}, 500, 2000},
	} {
		if s := opened(t, FashionMNIST, c.o); s.Train.Len() != c.train || s.Test.Len() != c.test || s.Probe.Len() != c.train {
			t.Errorf("%+v: %d train, %d for probes, %d test", c.o, s.Train.Len(), s.Probe.Len(), s.Test.Len())
		}
	}
}

// idxFolder makes a set of 6 training and 2 test images of 3 x 2 pixels.
func idxFolder(t testing.TB, prefix, test string) string {
	dir := t.TempDir()
	pix := make([]byte, 36)
	for i := range pix {
		pix[i] = byte(i)
	}
	write(t, filepath.Join(dir, prefix+"train-images-idx3-ubyte"), idxOf(pix, 6, 3, 2))
	write(t, filepath.Join(dir, prefix+"train-labels-idx1-ubyte.gz"), gzipped(t, idxOf([]byte{0, 1, 2, 0, 1, 2}, 6)))
	write(t, filepath.Join(dir, prefix+test+"-images-idx3-ubyte.gz"), gzipped(t, idxOf(pix[:12], 2, 3, 2)))
	write(t, filepath.Join(dir, prefix+test+"-labels-idx1-ubyte"), idxOf([]byte{3, 1}, 2))
	return dir
}

func TestIDX(t *testing.T) {
	for _, dir := range []string{idxFolder(t, "", "t10k"), idxFolder(t, "emnist-letters-", "test")} {
		s := opened(t, IDX, Options{Path: dir, Holdout: 0.2})
		if s.Train.Len() != 6 || s.Test.Len() != 2 || len(s.Classes) != 4 || s.Channels != 1 {
			t.Fatalf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
		}
		m, _ := s.Train.Decode(1)
		if l, _ := s.Train.Label(1); l != 1 || m.H != 3 || m.W != 2 || !bytes.Equal(m.Pix, []byte{6, 7, 8, 9, 10, 11}) {
			t.Errorf("label %d of %+v", l, m)
		}
		if got, want := s.Mean[0], 17.5/255; got < want-1e-12 || got > want+1e-12 { // of 0 to 35
			t.Errorf("mean %v, expected %v", got, want)
		}
		refused(t, FashionMNIST, Options{Path: dir}, "28 x 28", "3 x 2", "idx")
	}
}

func TestIDXWithoutTestImagesHoldsOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train-images.idx3-ubyte"), idxOf(make([]byte, 40), 10, 2, 2))
	refused(t, IDX, Options{Path: dir, Holdout: 0.3}, "no train labels")
	write(t, filepath.Join(dir, "train-labels.idx1-ubyte"), idxOf(make([]byte, 10), 10))
	if s := opened(t, IDX, Options{Path: dir, Holdout: 0.3}); s.Train.Len() != 7 || s.Test.Len() != 3 {
		t.Errorf("%d train, %d test", s.Train.Len(), s.Test.Len())
	}
	refused(t, FashionMNIST, Options{Path: dir}, "t10k-images-idx3-ubyte", "fw data get fashion-mnist")
	write(t, filepath.Join(dir, "x-train-images-idx3-ubyte"), nil)
	refused(t, IDX, Options{Path: dir}, "several sets")
	refused(t, IDX, Options{Path: t.TempDir()}, "train-images-idx3-ubyte")
}

func TestIDXSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  []byte
		words []string
	}{
		{"empty", nil, []string{"header of 16 bytes, found 0"}},
		{"foreign", []byte("\x89PNG\r\n\x1a\n0000000000"), []string{"00 00 08 03", "89 50 4e 47"}},
		{"floats", append([]byte{0, 0, 13, 3}, make([]byte, 20)...), []string{"00 00 0d 03"}},
		{"cut short", idxOf(make([]byte, 30), 6, 3, 2), []string{"expected 36 bytes", "46 in all", "get it again"}},
		{"cut short, gzipped", gzipped(t, idxOf(make([]byte, 30), 6, 3, 2)), []string{"expected 36 bytes", "found 30"}},
		{"longer", idxOf(make([]byte, 37), 6, 3, 2), []string{"found more"}},
		{"no images", idxOf(nil, 0, 3, 2), []string{"[0 3 2]"}},
		{"gzip cut short", gzipped(t, idxOf(make([]byte, 36), 6, 3, 2))[:30], []string{"unexpected EOF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := idxFolder(t, "", "t10k")
			write(t, filepath.Join(dir, "train-images-idx3-ubyte"), c.file)
			refused(t, IDX, Options{Path: dir}, append(c.words, "train-images-idx3-ubyte")...)
		})
	}
	dir := idxFolder(t, "", "t10k")
	write(t, filepath.Join(dir, "train-images-idx3-ubyte"), idxOf(make([]byte, 30), 6, 3, 2))
	if s := opened(t, IDX, Options{Path: dir, AllowPartial: true}); s.Train.Len() != 5 {
		t.Errorf("%d images of a file with 5", s.Train.Len())
	}
	write(t, filepath.Join(dir, "t10k-labels-idx1-ubyte"), idxOf([]byte{3}, 1))
	refused(t, IDX, Options{Path: dir, AllowPartial: false, TrainSplit: "test"}, "train-images")
	write(t, filepath.Join(dir, "train-images-idx3-ubyte"), idxOf(make([]byte, 36), 6, 3, 2))
	refused(t, IDX, Options{Path: dir}, "a label for each of 2 images, found 1")
}

// A header may say anything; memory follows what is there.
func TestIDXHeadersAskForNothing(t *testing.T) {
	huge := idxOf(nil, 0xffffffff, 0xffffffff, 0xffffffff)
	large := idxOf([]byte{1, 2, 3}, 1000, 1000, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, b := range [][]byte{huge, large, gzipped(t, large)} {
		for _, partial := range []bool{false, true} {
			if _, _, err := idx(bytes.NewReader(b), int64(len(b)), 3, partial); err == nil {
				t.Errorf("% x is taken", b)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

func FuzzIDX(f *testing.F) {
	good := idxOf([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)
	f.Add(good, true)
	f.Add(good[:19], true)
	f.Add(gzipped(f, good), false)
	f.Add(idxOf(nil, 1<<31, 1<<31, 4), false)
	f.Fuzz(func(t *testing.T, b []byte, partial bool) {
		dims, data, err := idx(bytes.NewReader(b), int64(len(b)), 3, partial)
		if err != nil {
			return
		}
		if n := dims[0] * dims[1] * dims[2]; n != len(data) || n == 0 {
			t.Errorf("%d bytes for %d", len(data), dims)
		}
		if !partial && b[0] == 0 && int(binary.BigEndian.Uint32(b[4:])) != dims[0] {
			t.Errorf("%d images, the header says otherwise", dims[0])
		}
	})
}

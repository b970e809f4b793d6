package data

import (
	"path/filepath"
	"testing"
)

// stlFolder makes a small STL-10 whose images are dark but for one red pixel at
// row 2, column 5 of the first.
func stlFolder(t testing.TB) string {
	dir := t.TempDir()
	first := make([]byte, stlRecord)
	first[5*stlSide+2] = 200 // column by column
	write(t, filepath.Join(dir, "train_X.bin"), append(first, make([]byte, 2*stlRecord)...))
	write(t, filepath.Join(dir, "train_y.bin"), []byte{1, 10, 3})
	write(t, filepath.Join(dir, "test_X.bin"), make([]byte, 2*stlRecord))
	write(t, filepath.Join(dir, "test_y.bin"), []byte{2, 2})
	write(t, filepath.Join(dir, "unlabeled_X.bin"), make([]byte, 4*stlRecord))
	return dir
}

func TestSTL10(t *testing.T) {
	dir := stlFolder(t)
	for _, c := range []struct {
		split        string
		train, probe int
	}{{"", 7, 3}, {"train+unlabeled", 7, 3}, {"unlabeled", 4, 3}, {"train", 3, 3}} {
		s := opened(t, STL10, Options{Path: dir, AllowPartial: true, TrainSplit: c.split})
		if s.Train.Len() != c.train || s.Probe.Len() != c.probe || s.Test.Len() != 2 {
			t.Errorf("%q: %d train, %d for probes, %d test", c.split, s.Train.Len(), s.Probe.Len(), s.Test.Len())
		}
		if l, ok := s.Probe.Label(1); !ok || l != 9 {
			t.Errorf("%q: label %d, %v", c.split, l, ok)
		}
		if _, ok := s.Train.Label(s.Train.Len() - 1); ok != (c.split == "train") {
			t.Errorf("%q: the last training image has a label: %v", c.split, ok)
		}
	}
	s := opened(t, STL10, Options{Path: dir, AllowPartial: true})
	m, err := s.Train.Decode(0)
	if err != nil || m.H != 96 || m.W != 96 || m.Pix[(2*96+5)*3] != 200 || m.Pix[(5*96+2)*3] != 0 {
		t.Errorf("%v: the red pixel is not at row 2, column 5", err)
	}
	if s.Train.ID(3) != "stl10/unlabeled[0]" {
		t.Error(s.Train.ID(3))
	}
}

func TestSTL10SaysWhatIsWrong(t *testing.T) {
	dir := stlFolder(t)
	refused(t, STL10, Options{Path: dir}, "train_X.bin", "138240000", "82944", "allow_partial")
	refused(t, STL10, Options{Path: dir, AllowPartial: true, TestSplit: "train"}, "test_split")
	write(t, filepath.Join(dir, "test_y.bin"), []byte{2, 0})
	refused(t, STL10, Options{Path: dir, AllowPartial: true}, "test_y.bin", "record 1", "found 0")
	write(t, filepath.Join(dir, "test_y.bin"), []byte{2, 1})

	s := opened(t, STL10, Options{Path: dir, AllowPartial: true, TrainSplit: "train"})
	write(t, filepath.Join(dir, "train_X.bin"), make([]byte, 100)) // cut after it was opened
	if _, err := s.Train.Decode(0); err == nil {
		t.Error("a file that was cut is read")
	}
}

func FuzzSTL10(f *testing.F) {
	f.Add(make([]byte, 2*stlRecord), []byte{1, 10})
	f.Add(make([]byte, stlRecord+1), []byte{3, 3, 3})
	f.Add([]byte{}, []byte{11})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		dir := t.TempDir()
		for _, split := range []string{"train", "test"} {
			write(t, filepath.Join(dir, split+"_X.bin"), x)
			write(t, filepath.Join(dir, split+"_y.bin"), y)
		}
		s, err := Open(STL10, Options{Path: dir, AllowPartial: true, TrainSplit: "train"})
		if err != nil {
			return
		}
		for i := range s.Train.Len() {
			if _, err := s.Train.Decode(i); err != nil {
				t.Error(err)
			}
			if l, ok := s.Train.Label(i); !ok || l < 0 || l > 9 {
				t.Errorf("label %d", l)
			}
		}
	})
}

package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// sample is a folder of two classes whose images can be told apart by their grey.
func sample(t testing.TB) []entry {
	return []entry{
		{"pets/train/cat/1.png", pngOf(t, grey(4, 5, 200))},
		{"pets/train/dog/2.jpg", jpegOf(t, grey(4, 5, 100))},
		{"pets/test/dog/3.png", pngOf(t, grey(6, 6, 50))},
		{"pets/README.txt", []byte("pets")},
	}
}

func folderOf(t testing.TB, entries []entry) string {
	t.Helper()
	dir := t.TempDir()
	for _, e := range entries {
		write(t, filepath.Join(dir, filepath.FromSlash(e.name)), e.data)
	}
	return dir
}

// bothWays opens entries as a folder, as a tar and as a gzipped tar.
func bothWays(t *testing.T, entries []entry, o Options, check func(t *testing.T, s *Set)) {
	t.Helper()
	tar := tarOf(t, entries)
	plain, packed := filepath.Join(t.TempDir(), "x.tar"), filepath.Join(t.TempDir(), "x.tgz")
	write(t, plain, tar)
	write(t, packed, gzipped(t, tar))
	for _, c := range []struct{ name, dataset, path string }{{"folder", Folder, folderOf(t, entries)}, {"tar", Tar, plain}, {"tgz", Tar, packed}} {
		t.Run(c.name, func(t *testing.T) {
			o := o
			o.Path = c.path
			check(t, opened(t, c.dataset, o))
		})
	}
}

func TestFolderAndTar(t *testing.T) {
	bothWays(t, sample(t), Options{EXIF: true}, func(t *testing.T, s *Set) {
		if s.Train.Len() != 2 || s.Test.Len() != 1 || strings.Join(s.Classes, " ") != "cat dog" {
			t.Fatalf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
		}
		for i, want := range []struct {
			d       Dataset
			at      int
			h, w    int
			v       uint8
			label   int
			atMost1 bool
		}{{s.Train, 0, 4, 5, 200, 0, false}, {s.Train, 1, 4, 5, 100, 1, true}, {s.Test, 0, 6, 6, 50, 1, false}} {
			m, err := want.d.Decode(want.at)
			if l, ok := want.d.Label(want.at); err != nil || m.H != want.h || m.W != want.w || m.C != 3 || l != want.label || !ok {
				t.Fatalf("%d: %+v, label %d, %v", i, m, l, err)
			}
			if d := int(m.Pix[0]) - int(want.v); d < -1 || d > 1 || m.Pix[2] != m.Pix[0] {
				t.Errorf("%d: grey %v, expected %d", i, m.Pix[:3], want.v)
			}
		}
	})
}

// One unreadable image among many is an error that names it, for that image alone.
func TestCorruptImages(t *testing.T) {
	entries := []entry{
		{"a/1.png", pngOf(t, grey(4, 4, 1))},
		{"a/2.jpg", jpegOf(t, grey(64, 64, 9))[:300]},
		{"a/3.png", []byte("this is text")},
		{"b/4.jpg", nil},
		{"b/5.jpg", jpegOf(t, grey(4, 4, 7))},
		{"b/6.png", pngOf(t, grey(40, 40, 3))[:60]},
	}
	bothWays(t, entries, Options{}, func(t *testing.T, s *Set) {
		var bad []string
		for i := range s.Train.Len() {
			if _, err := s.Train.Decode(i); err != nil {
				bad = append(bad, s.Train.ID(i))
				if !strings.Contains(err.Error(), s.Train.ID(i)) {
					t.Errorf("%v does not name %s", err, s.Train.ID(i))
				}
			}
		}
		if want := []string{"a/2.jpg", "a/3.png", "b/4.jpg", "b/6.png"}; !slices.Equal(bad, want) {
			t.Errorf("%v, expected %v", bad, want)
		}
	})
}

func TestFolderFollowsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: links need a privilege on Windows")
	}
	real := folderOf(t, []entry{{"cat/1.png", pngOf(t, grey(2, 2, 1))}, {"dog/2.png", pngOf(t, grey(2, 2, 2))}})
	dir := t.TempDir()
	link := func(to, from string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, from)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(real, "cat"), "cat")                // a class
	link(filepath.Join(real, "dog", "2.png"), "dog/a.png") // an image
	link(dir, "dog/up")                                    // back to where it is
	link(filepath.Join(dir, "nowhere"), "dog/lost.png")    // to nothing
	link("/dev/zero", "dog/zero.png")                      // to no file
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Symlink(dir, root); err != nil {
		t.Fatal(err)
	}
	s := opened(t, Folder, Options{Path: root})
	if got := strings.Join(ids(s.Train), " "); got != "cat/1.png dog/a.png dog/lost.png" {
		t.Error(got)
	}
	if _, err := s.Train.Decode(2); err == nil || !strings.Contains(err.Error(), "dog/lost.png") {
		t.Errorf("a link to nothing: %v", err)
	}
}

func TestFolderSaysWhatIsWrong(t *testing.T) {
	refused(t, Folder, Options{Path: t.TempDir()}, "empty", ".jpg")
	refused(t, Folder, Options{Path: filepath.Join(t.TempDir(), "x")}, "x", "expected a folder")
	refused(t, Folder, Options{}, "no path")
	dir := folderOf(t, []entry{{"a.tar.gz", nil}, {"b.txt", nil}})
	refused(t, Folder, Options{Path: dir}, "a.tar.gz", "unpack")
	refused(t, Folder, Options{Path: filepath.Join(dir, "b.txt")}, "found a file of 0 bytes", `"tar"`)
	refused(t, Folder, Options{Path: folderOf(t, []entry{{"b.txt", nil}})}, "among 1 files")
}

func TestSplitsOfFiles(t *testing.T) {
	one := pngOf(t, grey(1, 1, 0))
	var entries []entry
	for _, name := range []string{
		"set/train/a/1.png", "set/train/b/2.png", "set/train/b/deep/3.png",
		"set/val/a/4.png", "set/val/b/5.png",
		"set/test/images/6.png", "set/extra/c/7.png",
	} {
		entries = append(entries, entry{name, one})
	}
	for _, c := range []struct {
		train, test         string
		trainIDs, testIDs   string
		classes             string
		unlabelledTestCount int
	}{
		{"", "", "train/a/1.png train/b/2.png train/b/deep/3.png", "val/a/4.png val/b/5.png", "a b", 0},
		{"train", "test", "train/a/1.png train/b/2.png train/b/deep/3.png", "test/images/6.png", "a b", 1},
		{"val", "train", "val/a/4.png val/b/5.png", "train/a/1.png train/b/2.png train/b/deep/3.png", "a b", 0},
		{"train", "train/b/deep", "train/a/1.png train/b/2.png", "train/b/deep/3.png", "a b", 1},
		{"set/extra", "set/val", "extra/c/7.png", "val/a/4.png val/b/5.png", "c", 2},
		{"extra/", "./val/a", "extra/c/7.png", "val/a/4.png", "c", 1},
	} {
		t.Run(c.train+" "+c.test, func(t *testing.T) {
			bothWays(t, entries, Options{TrainSplit: c.train, TestSplit: c.test}, func(t *testing.T, s *Set) {
				if got := strings.Join(ids(s.Train), " "); got != c.trainIDs {
					t.Errorf("train: %s", got)
				}
				if got := strings.Join(ids(s.Test), " "); got != c.testIDs {
					t.Errorf("test: %s", got)
				}
				if got := strings.Join(s.Classes, " "); got != c.classes {
					t.Errorf("classes: %s", got)
				}
				without := 0
				for i := range s.Test.Len() {
					if _, ok := s.Test.Label(i); !ok {
						without++
					}
				}
				if without != c.unlabelledTestCount {
					t.Errorf("%d test images without a label, expected %d", without, c.unlabelledTestCount)
				}
			})
		})
	}
	refused(t, Folder, Options{Path: folderOf(t, entries), TrainSplit: "trian"}, `train_split "trian"`, "extra, test, train, val")
	refused(t, Folder, Options{Path: folderOf(t, entries), TestSplit: "../../etc"}, `test_split "../../etc"`)
}

// An image is held out by its name alone: other images, other roots and the
// carrier do not matter.
func TestHoldoutIsStable(t *testing.T) {
	one := pngOf(t, grey(1, 1, 0))
	var few, many []entry
	for i := range 400 {
		e := entry{fmt.Sprintf("%c/%d.png", 'a'+i%3, i), one}
		many = append(many, e)
		if i%2 == 0 {
			few = append(few, e)
		}
	}
	held := map[string]bool{}
	s := opened(t, Folder, Options{Path: folderOf(t, many), Holdout: 0.25})
	if n := s.Test.Len(); n < 70 || n > 130 || n+s.Train.Len() != 400 {
		t.Errorf("%d of 400 held out, expected about 100", n)
	}
	for _, id := range ids(s.Test) {
		held[id] = true
	}
	bothWays(t, few, Options{Holdout: 0.25}, func(t *testing.T, s *Set) {
		for _, id := range ids(s.Test) {
			if !held[id] {
				t.Errorf("%s is held out of few images, but not of many", id)
			}
		}
		for _, id := range ids(s.Train) {
			if held[id] {
				t.Errorf("%s is held out of many images, but not of few", id)
			}
		}
	})
	if s := opened(t, Folder, Options{Path: folderOf(t, few)}); s.Test.Len() != 0 {
		t.Errorf("%d held out without a holdout", s.Test.Len())
	}
	s = opened(t, Folder, Options{Path: folderOf(t, many), Limit: 60})
	classes := map[int]int{}
	for i := range s.Train.Len() {
		l, _ := s.Train.Label(i)
		classes[l]++
	}
	if s.Train.Len() != 60 || s.Probe.Len() != 60 || len(classes) != 3 {
		t.Errorf("a limit of 60 gives %d images of the classes %v", s.Train.Len(), classes)
	}
}

func TestTinyImageNetsAnnotations(t *testing.T) {
	one := pngOf(t, grey(1, 1, 0))
	bothWays(t, []entry{
		{"tiny/train/n01/images/n01_0.png", one},
		{"tiny/train/n02/images/n02_0.png", one},
		{"tiny/val/images/val_0.png", one},
		{"tiny/val/images/val_1.png", one},
		{"tiny/val/images/val_2.png", one},
		{"tiny/val/val_annotations.txt", []byte("val_0.png\tn02\t0\t0\t9\t9\nval_1.png\tn01\t0\t0\t9\t9\n\n")},
		{"tiny/test/images/test_0.png", one},
	}, Options{}, func(t *testing.T, s *Set) {
		if strings.Join(s.Classes, " ") != "n01 n02" || s.Train.Len() != 2 || s.Test.Len() != 3 {
			t.Fatalf("%d train, %d test, classes %v", s.Train.Len(), s.Test.Len(), s.Classes)
		}
		for i, want := range []int{1, 0, -1} {
			if l, ok := s.Test.Label(i); ok != (want >= 0) || ok && l != want {
				t.Errorf("%s: label %d, %v", s.Test.ID(i), l, ok)
			}
		}
	})
}

func TestWebDatasetsClasses(t *testing.T) {
	one := pngOf(t, grey(1, 1, 0))
	bothWays(t, []entry{
		{"000.png", one}, {"000.cls", []byte("7\n")},
		{"001.rgb.png", one}, {"001.cls", []byte("12")},
		{"002.png", one},
	}, Options{}, func(t *testing.T, s *Set) {
		if strings.Join(s.Classes, " ") != "12 7" || s.Train.Len() != 3 {
			t.Fatalf("%d train, classes %v", s.Train.Len(), s.Classes)
		}
		for i, want := range []int{1, 0, -1} {
			if l, ok := s.Train.Label(i); ok != (want >= 0) || ok && l != want {
				t.Errorf("%s: label %d, %v", s.Train.ID(i), l, ok)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(pngOf(f, grey(3, 2, 9)), true)
	f.Add(jpegOf(f, grey(3, 2, 9)), true)
	f.Add(jpegOf(f, grey(20, 20, 9))[:200], false)
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\x00\x00\x00"), false)
	f.Fuzz(func(t *testing.T, b []byte, exif bool) {
		m, err := Decode(b, exif)
		if err == nil && (m.C != 3 || len(m.Pix) != m.H*m.W*3 || m.H < 1 || m.W < 1) {
			t.Errorf("%d bytes for %d x %d x %d", len(m.Pix), m.H, m.W, m.C)
		}
	})
}

func TestDecodeRefusesHugePictures(t *testing.T) {
	var b []byte
	for _, p := range []string{"\x89PNG\r\n\x1a\n", "\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00\xf0\x9a\xdc\xd8"} {
		b = append(b, p...)
	}
	if _, err := Decode(b, false); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("65536 x 65536: %v", err)
	}
}

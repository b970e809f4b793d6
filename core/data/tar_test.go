package data

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func tarFile(t testing.TB, b []byte) string {
	path := filepath.Join(t.TempDir(), "x.tar")
	write(t, path, b)
	return path
}

func TestTarsWithOddEntries(t *testing.T) {
	png := pngOf(t, grey(2, 2, 5))
	inner := tarOf(t, []entry{{"a/1.png", png}})
	refused(t, Tar, Options{Path: tarFile(t, tarOf(t, []entry{{"shards/0.tar", inner}, {"shards/1.tar", inner}}))}, "2 archives", "shards/0.tar", "unpack")
	refused(t, Tar, Options{Path: tarFile(t, tarOf(t, nil))}, "empty")

	s := opened(t, Tar, Options{Path: tarFile(t, tarOf(t,
		[]entry{{"../../x/1.png", png}, {"/etc/x/2.png", png}, {`x\3.png`, png}, {"x/inner.tar", inner}, {"x/.4.png", png}, {"x/note.txt", nil}},
		&tar.Header{Name: "y/", Typeflag: tar.TypeDir, Mode: 0o755},
		&tar.Header{Name: "y/dir.png", Typeflag: tar.TypeDir, Mode: 0o755},
		&tar.Header{Name: "y/link.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		&tar.Header{Name: "y/hard.png", Typeflag: tar.TypeLink, Linkname: "../x/1.png"},
		&tar.Header{Name: "y/pipe.png", Typeflag: tar.TypeFifo},
		&tar.Header{Name: "y/zero.png", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5},
	))})
	if got := strings.Join(ids(s.Train), " "); got != "etc/x/2.png x/1.png x/3.png" {
		t.Error(got)
	}
	for i := range s.Train.Len() {
		if m, err := s.Train.Decode(i); err != nil || m.Pix[0] != 5 {
			t.Errorf("%s: %v", s.Train.ID(i), err)
		}
	}
}

func TestTarSaysWhatIsWrong(t *testing.T) {
	png := pngOf(t, grey(2, 2, 5))
	var entries []entry
	for i := range 5 {
		entries = append(entries, entry{fmt.Sprintf("a/%d.png", i), png})
	}
	whole := tarOf(t, entries)
	refused(t, Tar, Options{Path: tarFile(t, nil)}, "x.tar", "empty")
	refused(t, Tar, Options{Path: tarFile(t, []byte("hello, this is no tar"))}, "x.tar", "not a tar", "21 bytes")
	refused(t, Tar, Options{Path: tarFile(t, []byte("PK\x03\x04........"))}, "zip", "unpack")
	refused(t, Tar, Options{Path: t.TempDir()}, "found a folder", `"folder"`)
	refused(t, Tar, Options{Path: "nowhere.tar"}, "nowhere.tar")
	for _, cut := range []int{2*1024 + 540, 2*1024 + 300} { // within a header, within a picture
		for _, b := range [][]byte{whole[:cut], gzipped(t, whole[:cut])} {
			refused(t, Tar, Options{Path: tarFile(t, b)}, "cut short", "get it again")
			if s := opened(t, Tar, Options{Path: tarFile(t, b), AllowPartial: true}); s.Train.Len() != 2 {
				t.Errorf("cut at %d: %d images", cut, s.Train.Len())
			}
		}
	}
	var large bytes.Buffer
	w := tar.NewWriter(&large)
	if err := w.WriteHeader(&tar.Header{Name: "a.png", Typeflag: tar.TypeReg, Size: 1 << 40, Format: tar.FormatPAX}); err != nil {
		t.Fatal(err)
	}
	refused(t, Tar, Options{Path: tarFile(t, large.Bytes())}, "a.png", "67108864", "1099511627776")
}

// A tar that changed since it was listed gives errors, not other images.
func TestTarCutAfterwards(t *testing.T) {
	path := tarFile(t, tarOf(t, []entry{{"a/1.png", pngOf(t, grey(2, 2, 5))}}))
	s := opened(t, Tar, Options{Path: path})
	write(t, path, []byte("cut"))
	if _, err := s.Train.Decode(0); err == nil || !strings.Contains(err.Error(), "1.png") {
		t.Error(err)
	}
}

func FuzzTar(f *testing.F) {
	png := pngOf(f, grey(1, 1, 0))
	whole := tarOf(f, []entry{{"train/a/1.png", png}, {"val/val_annotations.txt", []byte("2.png\ta")}, {"val/images/2.png", png}})
	f.Add(whole, "", "", true)
	f.Add(whole[:700], "train", "val", true)
	f.Add(gzipped(f, whole), "train/a", "..", false)
	f.Fuzz(func(t *testing.T, b []byte, train, test string, partial bool) {
		list, sidecars, err := listTar(bytes.NewReader(b), partial)
		if err != nil {
			return
		}
		for _, e := range list {
			if strings.HasPrefix(e.name, "../") || strings.HasPrefix(e.name, "/") {
				t.Errorf("%q leads outside", e.name)
			}
			if e.data == nil && e.at+e.size > int64(len(b)) {
				t.Errorf("%q ends at %d of %d", e.name, e.at+e.size, len(b))
			}
		}
		n := len(list)
		s, err := layout(list, sidecars, Options{TrainSplit: train, TestSplit: test, Holdout: 0.5})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, d := range []Dataset{s.Train, s.Test} {
			for i := range d.Len() {
				if l, ok := d.Label(i); ok && (l < 0 || l >= len(s.Classes)) {
					t.Errorf("label %d of %d classes", l, len(s.Classes))
				}
				seen[d.ID(i)] = true
			}
		}
		if s.Train.Len()+s.Test.Len() > n {
			t.Errorf("%d and %d of %d images", s.Train.Len(), s.Test.Len(), n)
		}
	})
}

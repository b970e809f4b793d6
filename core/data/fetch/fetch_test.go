package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

type entry struct {
	name string
	data []byte
}

func tgz(t testing.TB, entries []entry, headers ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = f.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise does not pack, so that archives are as long as it.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(1)).Read(b)
	return b
}

func fileOf(url string, b []byte) File {
	h := sha256.Sum256(b)
	return File{url, int64(len(b)), hex.EncodeToString(h[:]), 1 << 20}
}

// server gives out files, a request at a time as its fields say.
type server struct {
	files    map[string][]byte
	cutAfter []int // bytes of the body after which the n-th answer is cut
	noRange  bool
	ranges   []string // that were asked for
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	n := len(s.ranges)
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	from, status := 0, http.StatusOK
	if m := regexp.MustCompile(`^bytes=(\d+)-$`).FindStringSubmatch(r.Header.Get("Range")); m != nil && !s.noRange {
		from, _ = strconv.Atoi(m[1])
		if from >= len(b) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
		status = http.StatusPartialContent
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)-from))
	w.WriteHeader(status)
	if n < len(s.cutAfter) && s.cutAfter[n] >= 0 {
		w.Write(b[from : from+s.cutAfter[n]])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(b[from:])
}

// served is a set of one archive on a server.
func served(t *testing.T, s *server, name string, archive []byte) (*Set, Options) {
	s.files = map[string][]byte{"/" + name: archive}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return &Set{Name: "toy", Folder: "toy-bin", Files: []File{fileOf(h.URL+"/"+name, archive)}},
		Options{Dir: filepath.Join(t.TempDir(), "data"), Wait: time.Millisecond, Client: h.Client()}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// left is the names in a folder.
func left(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestGetUnpacks(t *testing.T) {
	want := noise(5000)
	entries := []entry{{"toy-bin/a/b.bin", want}, {"toy-bin/c.txt", nil}}
	for name, archive := range map[string][]byte{"toy.tar.gz": tgz(t, entries), "toy.tgz": tgz(t, entries), "toy.zip": zipOf(t, entries)} {
		t.Run(name, func(t *testing.T) {
			s, o := served(t, &server{}, name, archive)
			var last int64
			o.Progress = func(file string, done, total int64) {
				if file != name || done < last || total != int64(len(archive)) {
					t.Errorf("%s: %d of %d after %d", file, done, total, last)
				}
				last = done
			}
			r, err := Get(t.Context(), s, o)
			if err != nil || r.Already || r.Path != filepath.Join(o.Dir, "toy-bin") || last != int64(len(archive)) {
				t.Fatalf("%+v, %v, progress %d", r, err, last)
			}
			if !bytes.Equal(content(t, filepath.Join(r.Path, "a", "b.bin")), want) || left(t, o.Dir) != "toy-bin" {
				t.Errorf("other bytes, or %s left", left(t, o.Dir))
			}
			if r, err = Get(t.Context(), s, o); err != nil || !r.Already {
				t.Errorf("again: %+v, %v", r, err)
			}
		})
	}
}

func TestGetOfSingleFiles(t *testing.T) {
	a, b := gz(t, []byte("images")), gz(t, []byte("labels"))
	h := httptest.NewServer(&server{files: map[string][]byte{"/a-idx3-ubyte.gz": a, "/b-idx1-ubyte.gz": b}})
	defer h.Close()
	s := &Set{Name: "toy", Folder: "toy", Files: []File{fileOf(h.URL+"/a-idx3-ubyte.gz", a), fileOf(h.URL+"/b-idx1-ubyte.gz", b)}}
	o := Options{Dir: t.TempDir(), Keep: true}
	r, err := Get(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	if left(t, r.Path) != "a-idx3-ubyte b-idx1-ubyte" || string(content(t, filepath.Join(r.Path, "b-idx1-ubyte"))) != "labels" {
		t.Error(left(t, r.Path))
	}
	if left(t, o.Dir) != "a-idx3-ubyte.gz b-idx1-ubyte.gz toy" {
		t.Errorf("the archives were to be kept: %s", left(t, o.Dir))
	}
}

func TestGetGoesOnAfterACut(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", noise(300000)}})
	srv := &server{cutAfter: []int{1000, 0, 50000, 0, 0}}
	s, o := served(t, srv, "toy.tgz", archive)
	if _, err := Get(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(srv.ranges, ","); got != ",bytes=1000-,bytes=1000-,bytes=51000-,bytes=51000-,bytes=51000-" {
		t.Errorf("asked for %s", got)
	}
}

// A command that was stopped goes on where the next one starts.
func TestGetGoesOnInTheNextCommand(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", noise(300000)}})
	srv := &server{cutAfter: []int{70000, 0, 0, 0, 0}}
	s, o := served(t, srv, "toy.tgz", archive)
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(_ string, done, _ int64) {
		if done == 70000 {
			cancel()
		}
	}
	if _, err := Get(ctx, s, o); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "toy.tgz.part") {
		t.Fatal(err)
	}
	if left(t, o.Dir) != "toy.tgz.part" {
		t.Errorf("left: %s", left(t, o.Dir))
	}
	srv.cutAfter, o.Progress = nil, nil
	if _, err := Get(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	if got := srv.ranges[len(srv.ranges)-1]; got != "bytes=70000-" {
		t.Errorf("asked for %q", got)
	}
}

func TestGetGivesUpAfterSomeTries(t *testing.T) {
	srv := &server{cutAfter: make([]int, 100)}
	s, o := served(t, srv, "toy.tgz", tgz(t, nil))
	if _, err := Get(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), "--from") || len(srv.ranges) != tries {
		t.Errorf("%d tries: %v", len(srv.ranges), err)
	}
}

func TestGetFromAServerWithoutRange(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", noise(300000)}})
	srv := &server{noRange: true, cutAfter: []int{70000}}
	s, o := served(t, srv, "toy.tgz", archive)
	if _, err := Get(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(srv.ranges, ","); got != ",bytes=70000-" {
		t.Errorf("asked for %s", got)
	}
}

func TestGetKeepsNothingOfAnotherFile(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", noise(1000)}})
	other := bytes.Clone(archive)
	other[len(other)/2] ^= 1
	for _, c := range []struct {
		name string
		body []byte
		want string
	}{
		{"wrong hash", other, "expected sha256"},
		{"shorter", archive[:500], "the server has 500"},
		{"a page", []byte("<html>log in</html>"), "another file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := &server{}
			s, o := served(t, srv, "toy.tgz", archive)
			srv.files["/toy.tgz"] = c.body
			if _, err := Get(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if left(t, o.Dir) != "" {
				t.Errorf("left: %s", left(t, o.Dir))
			}
		})
	}
	s, o := served(t, &server{}, "toy.tgz", archive)
	s.Files[0].URL += "x.tgz"
	if _, err := Get(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, s.Files[0].Name()), other, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Get(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("a file of that name is there: %v", err)
	}
}

// A part that is longer than the file, or of another file, is not trusted.
func TestGetWithAForeignPart(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", noise(1000)}})
	s, o := served(t, &server{}, "toy.tgz", archive)
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(o.Dir, "toy.tgz.part")
	if err := os.WriteFile(part, make([]byte, 2*len(archive)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Get(t.Context(), s, o); err != nil {
		t.Errorf("too long: %v", err)
	}
	if err := errors.Join(os.RemoveAll(o.Dir), os.MkdirAll(o.Dir, 0o755), os.WriteFile(part, make([]byte, 100), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Get(t.Context(), s, o); err == nil || left(t, o.Dir) != "" {
		t.Errorf("other bytes: %v, left %s", err, left(t, o.Dir))
	}
}

func TestGetFromAMirror(t *testing.T) {
	archive := tgz(t, []entry{{"toy-bin/a", []byte("x")}})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "toy.tgz"), archive, 0o644); err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(http.StripPrefix("/mirror", http.FileServer(http.Dir(dir))))
	defer h.Close()
	s := &Set{Name: "toy", Folder: "toy-bin", Files: []File{fileOf("http://127.0.0.1:1/never/toy.tgz", archive)}}
	for _, from := range []string{dir, h.URL + "/mirror", h.URL + "/mirror/"} {
		r, err := Get(t.Context(), s, Options{Dir: t.TempDir(), From: from})
		if err != nil || string(content(t, filepath.Join(r.Path, "a"))) != "x" {
			t.Errorf("%s: %v", from, err)
		}
	}
	if left(t, dir) != "toy.tgz" {
		t.Errorf("the mirror was changed: %s", left(t, dir))
	}
	if _, err := Get(t.Context(), s, Options{Dir: t.TempDir(), From: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "toy.tgz") {
		t.Errorf("%v", err)
	}
}

func TestUnpackKeepsInside(t *testing.T) {
	one := []byte("x")
	for _, c := range []struct {
		name, want string
		archive    []byte
	}{
		{"up.tgz", "leads out", tgz(t, []entry{{"../evil", one}})},
		{"deep.tgz", "leads out", tgz(t, []entry{{"toy-bin/../../evil", one}})},
		{"root.tgz", "leads out", tgz(t, []entry{{"/evil", one}})},
		{"windows.tgz", "leads out", tgz(t, []entry{{`..\evil`, one}})},
		{"folder.tgz", "leads out", tgz(t, nil, &tar.Header{Name: "../", Typeflag: tar.TypeDir})},
		{"link.tgz", "expected a file", tgz(t, nil, &tar.Header{Name: "toy-bin", Typeflag: tar.TypeSymlink, Linkname: ".."})},
		{"hard.tgz", "expected a file", tgz(t, nil, &tar.Header{Name: "toy-bin", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"})},
		{"device.tgz", "expected a file", tgz(t, nil, &tar.Header{Name: "toy-bin", Typeflag: tar.TypeChar})},
		{"twice.tgz", "twice", tgz(t, []entry{{"toy-bin/a", one}, {"toy-bin/a", one}})},
		{"bomb.tgz", "more than 1048576", tgz(t, []entry{{"toy-bin/a", make([]byte, 2<<20)}})},
		{"bombs.zip", "more than 1048576", zipOf(t, []entry{{"toy-bin/a", make([]byte, 1<<20)}, {"toy-bin/b", one}})},
		{"bomb.gz", "more than 1048576", gz(t, make([]byte, 2<<20))},
		{"up.zip", "", zipOf(t, []entry{{"../evil", one}})},
		{"other.tgz", "toy-bin", tgz(t, []entry{{"other/a", one}})},
		{"text.tgz", "gzip", []byte("hello")},
		{"text.zip", "zip", []byte("hello")},
		{"what.rar", ".tar.gz", []byte("hello")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, o := served(t, &server{}, c.name, c.archive)
			if _, err := Get(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected an error with %q, found %v", c.want, err)
			}
			if got := left(t, filepath.Dir(o.Dir)); got != "data" {
				t.Errorf("outside: %s", got)
			}
			if got := left(t, o.Dir); got != c.name {
				t.Errorf("the checked archive stays and nothing else: %s", got)
			}
		})
	}
}

func TestUnpackStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	archive := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(archive, zipOf(t, []entry{{"a", nil}}), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unpack(ctx, archive, t.TempDir(), 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add("a.tgz", tgz(f, []entry{{"toy-bin/a", []byte("x")}, {"../b", nil}}))
	f.Add("a.zip", zipOf(f, []entry{{"toy-bin/a", []byte("x")}, {`..\b`, nil}}))
	f.Add("a.gz", gz(f, []byte("x")))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		dir := t.TempDir()
		kind := filepath.Ext(name)
		archive := filepath.Join(dir, "x.zip")
		if kind == ".tgz" || kind == ".gz" {
			archive = filepath.Join(dir, "x"+kind)
		}
		if err := os.WriteFile(archive, b, 0o644); err != nil {
			t.Fatal(err)
		}
		unpack(t.Context(), archive, filepath.Join(dir, "in", "to"), 1000)
		entries, _ := os.ReadDir(dir)
		inside, _ := os.ReadDir(filepath.Join(dir, "in"))
		if len(entries) > 2 || len(inside) > 1 {
			t.Error("something was written outside")
		}
		var total int64
		filepath.Walk(filepath.Join(dir, "in", "to"), func(_ string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				total += info.Size()
			} else if err == nil && !info.IsDir() {
				t.Errorf("%s is no file", info.Name())
			}
			return nil
		})
		if total > 1001 {
			t.Errorf("%d bytes were written", total)
		}
	})
}

func TestSetsAreSound(t *testing.T) {
	names := map[string]bool{}
	for _, s := range Sets() {
		if names[s.Name] || s.Title == "" || s.Page == "" || s.Hashes == "" || s.Folder == "" || s.Images == 0 {
			t.Errorf("%+v", s)
		}
		names[s.Name] = true
		for _, f := range s.Files {
			if b, err := hex.DecodeString(f.SHA256); err != nil || len(b) != sha256.Size || f.Size < 1000 || f.Unpacked < f.Size || !strings.HasPrefix(f.URL, "http") {
				t.Errorf("%s: %+v", s.Name, f)
			}
		}
	}
	if _, err := Find("cifar-10"); err == nil || !strings.Contains(err.Error(), `"cifar10"`) {
		t.Error(err)
	}
	if s, err := Find("stl10"); err != nil || s.Bytes() != 2640397119 {
		t.Error(err)
	}
}

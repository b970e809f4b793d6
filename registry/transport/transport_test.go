package transport

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseRef(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "ghcr.io/lab/corner", nil)
	hash := "sha256:" + strings.Repeat("ab", 32)
	for s, want := range map[string]string{
		"corner.fwplugin":                      "path corner.fwplugin",
		"./corner":                             "path ./corner",
		"ghcr.io/lab/corner":                   "path ghcr.io/lab/corner",
		"x.fwplugin@" + hash:                   "path x.fwplugin@" + hash,
		"https://example.org/x@" + hash:        "url https://example.org/x@" + hash,
		"oci://ghcr.io/lab/corner":             "oci oci://ghcr.io/lab/corner",
		"ghcr.io/lab/corner:0.3.0":             "oci oci://ghcr.io/lab/corner:0.3.0",
		"localhost:5000/corner:0.3.0@" + hash:  "oci oci://localhost:5000/corner:0.3.0@" + hash,
		"oci://ghcr.io/lab/corner@sha256:abcd": "error",
		"oci://ghcr.io":                        "error",
		"ftp://ghcr.io/x":                      "error",
		"mine/corner":                          "error",
		"corner":                               "error",
		"":                                     "error",
	} {
		got := "error"
		if r, err := ParseRef(s); err == nil {
			got = map[bool]string{true: "path ", false: ""}[r.Path != ""] + map[bool]string{true: "url ", false: ""}[r.URL != ""] +
				map[bool]string{true: "oci ", false: ""}[r.Repository != ""] + r.String()
		}
		if got != want {
			t.Errorf("%q is %s, expected %s", s, got, want)
		}
	}
}

// Nothing goes over a network in the open, whoever asks for it.
func TestPlainHTTPIsForThisMachine(t *testing.T) {
	noCredentials(t)
	for ref, want := range map[string]string{
		"oci://registry.example.org/a/b:1.0.0": "plain HTTP is for this machine",
		"http://example.org/x":                 "plain HTTP is for this machine",
	} {
		if _, _, _, err := Get(t.Context(), mustRef(t, ref), options(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	o := options(t)
	o.PlainHTTP = false
	if _, _, _, err := Get(t.Context(), mustRef(t, "http://127.0.0.1:1/x"), o); err == nil || !strings.Contains(err.Error(), "--plain-http") {
		t.Errorf("%v", err)
	}
	away := httptest.NewServer(http.RedirectHandler("http://example.org/x", http.StatusFound))
	defer away.Close()
	if _, _, _, err := Get(t.Context(), mustRef(t, away.URL), options(t)); err == nil || !strings.Contains(err.Error(), "in the open") {
		t.Errorf("redirected: %v", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, _, _, err := Get(t.Context(), mustRef(t, strings.TrimPrefix(plain.URL, "http://")+"/a/b:1.0.0"), o); err == nil || !strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		t.Errorf("a registry without TLS: %v", err)
	}
}

// A file over http, whole, cut, cut where the server knows no ranges, and changed while
// it comes.
func TestGetURL(t *testing.T) {
	im, b := plugin(t, "0.3.0", "one\n")
	other, _ := plugin(t, "0.3.0", "two\n")
	var file, changed bytes.Buffer
	if err := im.WriteTar(&file, "0.3.0"); err != nil {
		t.Fatal(err)
	}
	if err := other.WriteTar(&changed, "0.3.0"); err != nil {
		t.Fatal(err)
	}
	asked := 0
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		text, tag := file.Bytes(), `"one"`
		switch {
		case r.URL.Path == "/changed" && asked == 1:
			text, tag = changed.Bytes(), `"two"`
		case r.URL.Path == "/no-ranges":
			r.Header.Del("Range")
		}
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	}))
	defer files.Close()
	for path, cuts := range map[string]int{"/whole": 0, "/cut": 2, "/no-ranges": 2, "/changed": 1} {
		asked = 0
		p := cutting(t, strings.TrimPrefix(files.URL, "http://"), cuts, 700_000)
		o := options(t)
		_, got, at, err := Get(t.Context(), mustRef(t, "http://"+p.host+path), o)
		if err != nil || got.Content() != b.Content() || at.Digest != im.Root.Digest || asked != cuts+1 {
			t.Errorf("%s: %v; %s, %d times asked", path, err, at, asked)
		}
		if left, _ := filepath.Glob(filepath.Join(o.Downloads, "*")); len(left) != 0 {
			t.Errorf("%s: left behind: %q", path, left)
		}
		if from := p.from[path]; path == "/cut" && (len(from) != 2 || from[0] != 700_000 || from[1] != 1_400_000) {
			t.Errorf("asked for what begins at %d", from)
		}
	}
	if _, _, _, err := Get(t.Context(), mustRef(t, files.URL+"/x@sha256:"+strings.Repeat("0", 64)), options(t)); err == nil || !strings.Contains(err.Error(), "another than was asked for") {
		t.Errorf("another digest gives %v", err)
	}
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	if _, _, _, err := Get(t.Context(), mustRef(t, page.URL), options(t)); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("no file gives %v", err)
	}
}

// What a server says does not drive the terminal.
func TestServersWordsAreShown(t *testing.T) {
	noCredentials(t)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("{\"errors\": [{\"code\": \"DENIED\", \"message\": \"no \\u001b[2J\"}]}"))
	}))
	defer evil.Close()
	_, _, _, err := Get(t.Context(), mustRef(t, strings.TrimPrefix(evil.URL, "http://")+"/a/b"), options(t))
	if err == nil || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), "no ?[2J") {
		t.Errorf("got %q", err)
	}
}

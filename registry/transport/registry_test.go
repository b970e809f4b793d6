package transport

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/minisign"
	"github.com/fwlab/fw/registry/transport/registrytest"
)

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// moduleSize is that of the test's plugin: more than one read, and more than small.
const moduleSize = 3 << 20

// plugin is a bundle whose module is pseudo-random bytes.
func plugin(t testing.TB, version, readme string) (*bundle.Image, *bundle.Bundle) {
	t.Helper()
	module := make([]byte, moduleSize)
	for i := range module {
		module[i] = byte(i * i >> 7)
	}
	sum := sha256.Sum256(module)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.wasm"), module)
	write(t, filepath.Join(dir, "README.md"), []byte(readme))
	write(t, filepath.Join(dir, registry.ManifestName), fmt.Appendf(nil, "id = \"mine/corner\"\nversion = %q\nkind = \"crop\"\nstyle = \"crop\"\nabi = 1\nir = [1, 1]\n"+
		"[[artifact]]\ncarrier = \"wasm\"\npath = \"m.wasm\"\nsha256 = %q\n", version, hex.EncodeToString(sum[:])))
	b, err := bundle.FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return image(t, b), b
}

func image(t testing.TB, b *bundle.Bundle) *bundle.Image {
	t.Helper()
	im, err := b.Image()
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func options(t testing.TB) Options {
	return Options{Downloads: t.TempDir(), PlainHTTP: true, Wait: time.Millisecond}
}

// noCredentials keeps the user's own configuration of docker out of the tests.
func noCredentials(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
}

func mustRef(t testing.TB, s string) Ref {
	t.Helper()
	r, err := ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPushAndGet(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	o := options(t)
	to := mustRef(t, s.Host+"/mine/corner")
	im, b := plugin(t, "0.3.0", "one\n")
	at, err := Push(t.Context(), to, im, b, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := "oci://" + s.Host + "/mine/corner:0.3.0@" + im.Root.Digest.String(); at.String() != want {
		t.Errorf("pushed %s, expected %s", at, want)
	}
	im2, b2 := plugin(t, "0.10.0", "two\n")
	if _, err := Push(t.Context(), to, im2, b2, o); err != nil {
		t.Fatal(err)
	}
	rc, rcB := plugin(t, "1.0.0-rc.1", "three\n") // is asked for by its name only
	if _, err := Push(t.Context(), to, rc, rcB, o); err != nil {
		t.Fatal(err)
	}
	if list, err := Versions(t.Context(), to, o); err != nil || strings.Join(list, " ") != "0.3.0 0.10.0 1.0.0-rc.1" {
		t.Errorf("versions %q, %v", list, err)
	}
	for ref, want := range map[string]*bundle.Bundle{
		s.Host + "/mine/corner": b2, s.Host + "/mine/corner:0.3.0": b, "oci://" + s.Host + "/mine/corner@" + im.Root.Digest.String(): b, at.String(): b,
	} {
		gotIm, got, from, err := Get(t.Context(), mustRef(t, ref), o)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		if got.Content() != want.Content() || gotIm.Root.Digest != from.Digest || from.Tag != want.Manifest.Info.Version {
			t.Errorf("%s brings %s", ref, from)
		}
	}
	if left, _ := os.ReadDir(o.Downloads); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	for ref, want := range map[string]string{
		s.Host + "/mine/corner:9.9.9":                             "has no 9.9.9",
		s.Host + "/mine/other":                                    "name unknown",
		s.Host + "/mine/corner@sha256:" + strings.Repeat("0", 64): "has no sha256:0000",
	} {
		if _, _, _, err := Get(t.Context(), mustRef(t, ref), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", ref, want, err)
		}
	}
}

// Versions do not change: other bytes are refused, a signature is none.
func TestVersionsDoNotChange(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	o := options(t)
	to := mustRef(t, s.Host+"/mine/corner")
	im, b := plugin(t, "0.3.0", "one\n")
	for range 2 {
		if _, err := Push(t.Context(), to, im, b, o); err != nil {
			t.Fatal(err)
		}
	}
	other, otherB := plugin(t, "0.3.0", "two\n")
	if _, err := Push(t.Context(), to, other, otherB, o); !errors.Is(err, bundle.ErrChanged) {
		t.Errorf("other bytes give %v", err)
	}
	k, err := minisign.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := b.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Push(t.Context(), to, image(t, signed), signed, o); err != nil {
		t.Errorf("a signature gives %v", err)
	}
	if _, got, _, err := Get(t.Context(), to, o); err != nil || got.Signature == nil {
		t.Errorf("the signature did not arrive: %v", err)
	}
	to.Tag = "latest"
	if _, err := Push(t.Context(), to, im, b, o); err == nil || !strings.Contains(err.Error(), "expected the version 0.3.0 as the tag") {
		t.Errorf("another tag gives %v", err)
	}
}

// What the registry's disk has instead of the plugin is refused.
func TestATamperedBlobIsRefused(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	o := options(t)
	to := mustRef(t, s.Host+"/mine/corner")
	im, b := plugin(t, "0.3.0", "one\n")
	if _, err := Push(t.Context(), to, im, b, o); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"m.wasm", "README.md", bundle.SumsName} {
		d := digest.FromBytes(b.File(path))
		file := filepath.Join(s.Storage, "docker/registry/v2/blobs/sha256", d.Encoded()[:2], d.Encoded(), "data")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		write(t, file, data)
		if _, _, _, err := Get(t.Context(), to, o); err == nil || !strings.Contains(err.Error(), "it was changed on its way") {
			t.Errorf("%s: found %v", path, err)
		}
		data[len(data)/2] ^= 1
		write(t, file, data)
		if _, _, _, err := Get(t.Context(), to, o); err != nil {
			t.Errorf("%s put back: %v", path, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "alice", "sesame")
	o := options(t)
	to := mustRef(t, s.Host+"/mine/corner")
	im, b := plugin(t, "0.3.0", "one\n")
	if _, err := Push(t.Context(), to, im, b, o); err == nil || !strings.Contains(err.Error(), "basic credential not found") {
		t.Errorf("without credentials: %v", err)
	}
	login := func(password string) {
		dir := t.TempDir()
		auth := base64.StdEncoding.EncodeToString([]byte("alice:" + password))
		write(t, filepath.Join(dir, "config.json"), fmt.Appendf(nil, "{\"auths\": {%q: {\"auth\": %q}}}", s.Host, auth))
		t.Setenv("DOCKER_CONFIG", dir)
	}
	login("wrong")
	if _, err := Push(t.Context(), to, im, b, o); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong password: %v", err)
	}
	login("sesame")
	if _, err := Push(t.Context(), to, im, b, o); err != nil {
		t.Fatal(err)
	}
	if _, got, _, err := Get(t.Context(), to, o); err != nil || got.Content() != b.Content() {
		t.Errorf("%v", err)
	}
}

// proxy stands before a registry and cuts transfers.
type proxy struct {
	host string
	mu   sync.Mutex
	cuts int                // how many large answers are still to be cut
	at   int64              // after so many bytes
	from map[string][]int64 // where ranges that were asked for began, by path
	puts int
}

func cutting(t *testing.T, behind string, cuts int, at int64) *proxy {
	t.Helper()
	p := &proxy{cuts: cuts, at: at, from: map[string][]int64{}}
	rp := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: behind})
	rp.ErrorLog = log.New(io.Discard, "", 0) // the cuts are meant
	rp.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method == http.MethodGet && r.ContentLength > p.at {
			r.Body = &cutBody{r.Body, p.cut()}
		}
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.host = l.Addr().String()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.ContentLength > p.at {
			p.mu.Lock()
			p.puts++
			p.mu.Unlock()
			if left := p.cut(); left < 1<<40 {
				_, _ = io.CopyN(io.Discard, r.Body, left)
				panic(http.ErrAbortHandler)
			}
		}
		p.ranges(r)
		r.Host = p.host // so that the registry's answers lead through the proxy
		rp.ServeHTTP(w, r)
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
	return p
}

// cut is how many bytes the next large transfer gets.
func (p *proxy) cut() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts == 0 {
		return 1 << 40
	}
	p.cuts--
	return p.at
}

// ranges notes where a request begins.
func (p *proxy) ranges(r *http.Request) {
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, _, _ = strings.Cut(from, "-")
		n, _ := strconv.ParseInt(from, 10, 64)
		p.mu.Lock()
		p.from[r.URL.Path] = append(p.from[r.URL.Path], n)
		p.mu.Unlock()
	}
}

type cutBody struct {
	io.ReadCloser
	left int64
}

func (c *cutBody) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, errors.New("cut")
	}
	n, err := c.ReadCloser.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

// A transfer that is cut again and again goes on where it stopped.
func TestABrokenPullGoesOn(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	im, b := plugin(t, "0.3.0", "one\n")
	if _, err := Push(t.Context(), mustRef(t, s.Host+"/mine/corner"), im, b, options(t)); err != nil {
		t.Fatal(err)
	}
	module := "/v2/mine/corner/blobs/" + digest.FromBytes(b.File("m.wasm")).String()
	const piece = 700_000
	p := cutting(t, s.Host, 3, piece)
	_, got, _, err := Get(t.Context(), mustRef(t, p.host+"/mine/corner"), options(t))
	if err != nil || got.Content() != b.Content() {
		t.Fatal(err)
	}
	if from := p.from[module]; p.cuts != 0 || len(from) != 2 || from[0] != piece || from[1] != 2*piece {
		t.Errorf("%d cuts left, asked for what begins at %d", p.cuts, from)
	}

	// given up, and asked for again: what had come is not asked for again
	p = cutting(t, s.Host, 1<<30, piece)
	o := options(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(_ string, done, _ int64) {
		if done >= 2*piece {
			cancel()
		}
	}
	if _, _, _, err := Get(ctx, mustRef(t, p.host+"/mine/corner"), o); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the same command goes on after") {
		t.Fatalf("cancelled: %v", err)
	}
	first := int64(-1)
	o.Progress = func(_ string, done, _ int64) {
		if first < 0 {
			first = done
		}
	}
	if _, got, _, err := Get(t.Context(), mustRef(t, s.Host+"/mine/corner"), o); err != nil || got.Content() != b.Content() {
		t.Fatal(err)
	}
	if first < 2*piece {
		t.Errorf("the second transfer began before byte %d", first)
	}

	// never a byte more: given up after some tries
	p = cutting(t, s.Host, 1<<30, 0)
	if _, _, _, err := Get(t.Context(), mustRef(t, p.host+"/mine/corner"), options(t)); err == nil || p.cuts < 1<<30-100 {
		t.Errorf("%v after %d tries", err, 1<<30-p.cuts)
	}
}

// A push that is cut tries again, and a second push sends no blob that is there.
func TestABrokenPushGoesOn(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	im, b := plugin(t, "0.3.0", "one\n")
	p := cutting(t, s.Host, 2, 700_000)
	to := mustRef(t, p.host+"/mine/corner")
	if _, err := Push(t.Context(), to, im, b, options(t)); err != nil {
		t.Fatal(err)
	}
	if p.puts != 3 {
		t.Errorf("%d uploads of the module, expected two that were cut and one", p.puts)
	}
	next, nextB := plugin(t, "0.4.0", "two\n") // with the same module
	if _, err := Push(t.Context(), to, next, nextB, options(t)); err != nil {
		t.Fatal(err)
	}
	if p.puts != 3 {
		t.Errorf("the module was sent again")
	}
	if _, got, _, err := Get(t.Context(), mustRef(t, s.Host+"/mine/corner:0.4.0"), options(t)); err != nil || got.Content() != nextB.Content() {
		t.Error(err)
	}
}

// A packed file is an OCI image layout to other programs: oras copies it to a registry
// as it is.
func TestPackedFilesAreLayouts(t *testing.T) {
	noCredentials(t)
	s := registrytest.Start(t, "", "")
	im, b := plugin(t, "0.3.0", "one\n")
	file := filepath.Join(t.TempDir(), "x.fwplugin")
	var w bytes.Buffer
	if err := im.WriteTar(&w, "0.3.0"); err != nil {
		t.Fatal(err)
	}
	write(t, file, w.Bytes())
	layout, err := oci.NewFromTar(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := remote.NewRepository(s.Host + "/copied/corner")
	if err != nil {
		t.Fatal(err)
	}
	repo.PlainHTTP = true
	if _, err := oras.Copy(t.Context(), layout, "0.3.0", repo, "0.3.0", oras.DefaultCopyOptions); err != nil {
		t.Fatal(err)
	}
	_, got, at, err := Get(t.Context(), mustRef(t, s.Host+"/copied/corner"), options(t))
	if err != nil || got.Content() != b.Content() || at.Digest != im.Root.Digest {
		t.Errorf("%s: %v", at, err)
	}
}

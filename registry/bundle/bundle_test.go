package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/minisign"
)

// folder is a plugin of a module and a process, in a folder with things that are not
// packed.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	m := manifest("a module", "a process")
	for name, text := range map[string]string{
		registry.ManifestName: m, "bin/corner.wasm": "a module", "bin/corner": "a process", "README.md": "# corner\n", "LICENSE": "MIT\n",
		"docs/how.md": "so\n", "main.go": "package main\n", ".env": "TOKEN=1\n",
	} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

func manifest(module, process string) string {
	return fmt.Sprintf("id = \"mine/corner\"\nversion = \"0.3.0\"\nkind = \"crop\"\nstyle = \"crop\"\nlicence = \"MIT\"\nabi = 1\nir = [1, 1]\n"+
		"[[artifact]]\ncarrier = \"wasm\"\npath = \"bin/corner.wasm\"\nsha256 = %q\n[[artifact]]\ncarrier = \"process\"\nplatform = \"linux/amd64\"\npath = \"bin/corner\"\nsha256 = %q\n",
		sha256Of([]byte(module)), sha256Of([]byte(process)))
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func pack(t testing.TB, b *Bundle) []byte {
	t.Helper()
	im, err := b.Image()
	if err != nil {
		t.Fatal(err)
	}
	var w bytes.Buffer
	if err := im.WriteTar(&w, b.Manifest.Info.Version); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func TestPackAndRead(t *testing.T) {
	b, err := FromFolder(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range b.Files {
		paths = append(paths, f.Path)
	}
	if want := []string{"LICENSE", "README.md", "SHA256SUMS", "bin/corner", "bin/corner.wasm", "docs/how.md", "plugin.toml"}; !slices.Equal(paths, want) {
		t.Errorf("packed %q, expected %q", paths, want)
	}
	packed := pack(t, b)
	other, err := FromFolder(folder(t))
	if err != nil || !bytes.Equal(packed, pack(t, other)) {
		t.Errorf("the same files pack to other bytes: %v", err)
	}
	im, again, err := ReadTar(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if again.Content() != b.Content() || string(again.File("bin/corner")) != "a process" || !again.Executable("bin/corner") || again.Executable("bin/corner.wasm") {
		t.Errorf("read %+v", again)
	}
	if mine, _ := b.Image(); im.Root.Digest != mine.Root.Digest {
		t.Errorf("the digest is %s, expected %s", im.Root.Digest, mine.Root.Digest)
	}
}

// A module is one manifest with one layer, of the CNCF's media types; a process is one
// of its platform.
func TestLayoutOfArtifacts(t *testing.T) {
	b, err := FromFolder(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	im, err := b.Image()
	if err != nil {
		t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(im.Blobs[im.Root.Digest], &index); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range index.Manifests {
		var m ocispec.Manifest
		if err := json.Unmarshal(im.Blobs[d.Digest], &m); err != nil {
			t.Fatal(err)
		}
		line := m.Config.MediaType
		for _, l := range m.Layers {
			line += " " + l.MediaType
		}
		if d.Platform != nil {
			line += " on " + d.Platform.OS + "/" + d.Platform.Architecture
		}
		found = append(found, line)
	}
	want := []string{
		"application/vnd.wasm.config.v0+json application/wasm on wasip1/wasm",
		"application/vnd.oci.empty.v1+json application/vnd.fwlab.plugin.process.v1 on linux/amd64",
		"application/vnd.oci.empty.v1+json application/octet-stream text/markdown text/plain text/markdown application/toml",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found\n%s\nexpected\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

func TestSigning(t *testing.T) {
	b, err := FromFolder(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	k, err := minisign.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := b.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	if signed.Content() != b.Content() {
		t.Error("a signature changes what is signed")
	}
	_, again, err := ReadTar(bytes.NewReader(pack(t, signed)))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Public().Verify(again.File(SumsName), again.Signature); err != nil || again.Signature.Trusted != "fw plugin mine/corner 0.3.0" {
		t.Errorf("%v: %+v", err, again.Signature)
	}
	twice, err := signed.Sign(k)
	if err != nil || !bytes.Equal(pack(t, twice), pack(t, signed)) {
		t.Errorf("signed again: %v", err)
	}
}

func TestFoldersThatAreNotPacked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"changed":  {func(t *testing.T, dir string) { put(t, filepath.Join(dir, "bin/corner"), "another") }, "bin/corner: expected sha256 " + sha256Of([]byte("a process"))},
		"absent":   {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "bin/corner.wasm")) }, "bin/corner.wasm"},
		"link out": {func(t *testing.T, dir string) { link(t, "/etc/passwd", filepath.Join(dir, "docs", "passwd")) }, "passwd"},
		"a folder": {func(t *testing.T, dir string) { link(t, ".", filepath.Join(dir, "LICENCE")) }, "expected a file"},
		"name":     {func(t *testing.T, dir string) { put(t, filepath.Join(dir, "docs", "a\tb"), "") }, "expected a path of letters"},
		"manifest": {func(t *testing.T, dir string) { put(t, filepath.Join(dir, registry.ManifestName), "id = 1") }, "plugin.toml:1:6: id"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			c.change(t, dir)
			if _, err := FromFolder(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected an error with %q, found %v", c.want, err)
			}
		})
	}
}

func link(t *testing.T, old, name string) {
	t.Helper()
	if err := os.Symlink(old, name); err != nil {
		t.Skip("skipped: no symbolic links: ", err)
	}
}

// hostile is packed files that must be refused, each with a part of the error.
func hostile(t testing.TB) map[string]struct {
	file []byte
	want string
} {
	b, err := FromFolder(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	good := pack(t, b)
	type entry struct {
		h    tar.Header
		data []byte
	}
	retar := func(change func(list []entry) []entry) []byte {
		var list []entry
		for r := tar.NewReader(bytes.NewReader(good)); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			data, _ := io.ReadAll(r)
			list = append(list, entry{*h, data})
		}
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for _, e := range change(list) {
			if err := w.WriteHeader(&e.h); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(e.data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	with := func(h tar.Header, data string) []byte {
		h.Size, h.Mode = int64(len(data)), 0o644
		return retar(func(list []entry) []entry { return append(list, entry{h, []byte(data)}) })
	}
	// rebuilt is the image of files that were changed after their hashes were made.
	rebuilt := func(files ...File) []byte {
		list := slices.Clone(b.Files)
		for _, f := range files {
			list = slices.DeleteFunc(list, func(g File) bool { return g.Path == f.Path })
			list = append(list, f)
		}
		return pack(t, &Bundle{Manifest: b.Manifest, Files: slices.SortedFunc(slices.Values(list), byPath)})
	}
	edited := func(name, old, new string) []byte {
		return retar(func(list []entry) []entry {
			for i, e := range list {
				if e.h.Name == name {
					list[i].data = []byte(strings.Replace(string(e.data), old, new, 1))
					list[i].h.Size = int64(len(list[i].data))
				}
			}
			return list
		})
	}
	sums := string(b.File(SumsName))
	huge := tar.Header{Typeflag: tar.TypeReg, Name: blobsSHA + strings.Repeat("a", 64), Size: 1 << 40, Format: tar.FormatGNU}
	var hugeFile bytes.Buffer
	if err := tar.NewWriter(&hugeFile).WriteHeader(&huge); err != nil {
		t.Fatal(err)
	}
	blob := blobsSHA + sha256Of([]byte("a process"))
	return map[string]struct {
		file []byte
		want string
	}{
		"empty":            {nil, "no "},
		"text":             {[]byte("hello\n"), "unexpected EOF"},
		"cut":              {good[:len(good)-2000], "packed plugin: "},
		"cut at an entry":  {good[:1024], "no index.json"},
		"leads out":        {with(tar.Header{Name: "../evil", Typeflag: tar.TypeReg}, "x"), `"../evil"`},
		"absolute":         {with(tar.Header{Name: "/etc/cron.d/x", Typeflag: tar.TypeReg}, "x"), `"/etc/cron.d/x"`},
		"link":             {with(tar.Header{Name: blobsSHA + "x", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, ""), "expected a file"},
		"hard link":        {with(tar.Header{Name: blobsSHA + "x", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}, ""), "expected a file"},
		"device":           {with(tar.Header{Name: blobsSHA + "x", Typeflag: tar.TypeChar}, ""), "expected a file"},
		"twice":            {with(tar.Header{Name: "index.json", Typeflag: tar.TypeReg}, "{}"), "there twice"},
		"unreferred":       {with(tar.Header{Name: blobsSHA + sha256Of([]byte("x")), Typeflag: tar.TypeReg}, "x"), "nothing refers to"},
		"huge":             {hugeFile.Bytes(), "expected at most"},
		"blob changed":     {edited(blob, "a process", "A process"), "it was changed on its way"},
		"blob shorter":     {edited(blob, "a process", "a"), "it was changed on its way"},
		"another index":    {edited("index.json", "application/vnd.oci.image.index.v1+json\",\"digest", "application/vnd.oci.image.manifest.v1+json\",\"digest"), "expected an image index"},
		"no json":          {edited("index.json", "{", "["), "index.json: "},
		"another layout":   {edited("oci-layout", "1.0.0", "2.0.0"), `found "2.0.0"`},
		"title leads out":  {rebuilt(File{"../../evil", []byte("x")}), `"../../evil": expected a path`},
		"title absolute":   {rebuilt(File{"/evil", []byte("x")}), `"/evil": expected a path`},
		"title of windows": {rebuilt(File{`docs\evil`, []byte("x")}), "expected a path"},
		"title of a drive": {rebuilt(File{"C:evil", []byte("x")}), "expected a path"},
		"no title":         {rebuilt(File{"", []byte("x")}), `"": expected a path`},
		"two cases":        {rebuilt(File{"readme.md", []byte("x")}), "one file on some systems"},
		"file and folder":  {rebuilt(File{"docs", []byte("x")}), "is a file, and the folder"},
		"trailing dot":     {rebuilt(File{"docs./x", []byte("x")}), "another on some systems"},
		"escape":           {rebuilt(File{"docs/\x1b[2J", []byte("x")}), "expected a path of letters"},
		"unlisted":         {rebuilt(File{"docs/new.md", []byte("x")}), "docs/new.md: it is not listed"},
		"listed only":      {rebuilt(File{SumsName, []byte(sums + sha256Of(nil) + "  zz\n")}), `"zz": listed in SHA256SUMS, not there`},
		"another hash":     {rebuilt(File{"README.md", []byte("other")}), "README.md: expected sha256"},
		"sums in disorder": {rebuilt(File{SumsName, []byte(sums + "\n")}), "expected a line"},
		"no sums":          {rebuilt(File{SumsName, []byte{}}), "it is not listed"},
		"no signature":     {rebuilt(File{SignatureName, []byte("trust me\n")}), "SHA256SUMS.minisig: signature: expected an untrusted comment"},
	}
}

func TestHostileFiles(t *testing.T) {
	for name, c := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadTar(bytes.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("expected an error with %q, found %v", c.want, err)
			}
		})
	}
}

// A tar whose holes take no room does not become a large file in memory. The corpus has
// one, which package tar would not write.
func TestSparseFilesAreRefused(t *testing.T) {
	text, err := os.ReadFile("testdata/fuzz/FuzzReadTar/sparse")
	if err != nil {
		t.Fatal(err)
	}
	_, quoted, _ := strings.Cut(strings.TrimSpace(string(text)), "[]byte(")
	data, err := strconv.Unquote(strings.TrimSuffix(quoted, ")"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadTar(strings.NewReader(data)); err == nil || !strings.Contains(err.Error(), "expected a file, found one of tar's type") {
		t.Errorf("found %v", err)
	}
}

func TestInstalledFolders(t *testing.T) {
	b, err := FromFolder(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range b.Files {
		put(t, filepath.Join(dir, filepath.FromSlash(f.Path)), string(f.Data))
	}
	if again, err := Installed(dir); err != nil || again.Content() != b.Content() {
		t.Errorf("%v", err)
	}
	put(t, filepath.Join(dir, "bin", "extra"), "x")
	if _, err := Installed(dir); err == nil || !strings.Contains(err.Error(), "bin/extra: it is not listed") {
		t.Errorf("a file that was added gives %v", err)
	}
}

// FuzzReadTar: no bytes panic; what is accepted has files that stay in their folder and
// packs to the same content.
func FuzzReadTar(f *testing.F) {
	b, err := FromFolder(folder(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pack(f, b))
	for _, c := range hostile(f) {
		f.Add(c.file)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, b, err := ReadTar(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, file := range b.Files {
			if !filepath.IsLocal(filepath.FromSlash(file.Path)) {
				t.Fatalf("%q leaves its folder", file.Path)
			}
		}
		if _, again, err := ReadTar(bytes.NewReader(pack(t, b))); err != nil || again.Content() != b.Content() {
			t.Fatalf("packed again: %v", err)
		}
	})
}

// FuzzImage: no index and no manifest panics or gets more than it may, though every hash
// on the way fits.
func FuzzImage(f *testing.F) {
	b, err := FromFolder(folder(f))
	if err != nil {
		f.Fatal(err)
	}
	im, err := b.Image()
	if err != nil {
		f.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(im.Blobs[im.Root.Digest], &index); err != nil {
		f.Fatal(err)
	}
	for _, d := range index.Manifests {
		f.Add(im.Blobs[im.Root.Digest], im.Blobs[d.Digest])
	}
	f.Fuzz(func(t *testing.T, root, manifest []byte) {
		known := &Image{Blobs: maps.Clone(im.Blobs)}
		m := known.blob(ocispec.MediaTypeImageManifest, manifest)
		over, err := json.Marshal(ocispec.Index{ArtifactType: typePlugin, Manifests: []ocispec.Descriptor{m}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{root, over} {
			asked := int64(0)
			_, b, err := ReadImage(t.Context(), known.blob(ocispec.MediaTypeImageIndex, text), func(_ context.Context, d ocispec.Descriptor) ([]byte, error) {
				asked += d.Size
				return known.Blobs[d.Digest], nil
			})
			if asked > maxSize {
				t.Fatalf("%d bytes were asked for", asked)
			}
			if err == nil && len(b.Manifest.Artifacts) == 0 {
				t.Fatal("a plugin without artifacts")
			}
		}
	})
}

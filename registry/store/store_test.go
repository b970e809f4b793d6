package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/minisign"
)

// The test binary is also a process that installs, as this variable names its home.
const installKey = "FW_TEST_INSTALL"

func TestMain(m *testing.M) {
	if home := os.Getenv(installKey); home != "" {
		if err := installOne(home, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func installOne(home, folder string) error {
	s, err := Open(home)
	if err != nil {
		return err
	}
	b, err := bundle.FromFolder(folder)
	if err != nil {
		return err
	}
	_, err = s.Install(b, folder)
	return err
}

// folder is a process plugin's folder.
func folder(t testing.TB, id, version, program string) string {
	t.Helper()
	dir := t.TempDir()
	sum := sha256.Sum256([]byte(program))
	put(t, filepath.Join(dir, "bin", "p"), program)
	put(t, filepath.Join(dir, "README.md"), id)
	put(t, filepath.Join(dir, registry.ManifestName), fmt.Sprintf("id = %q\nversion = %q\nkind = \"crop\"\nstyle = \"crop\"\nabi = 1\nir = [1, 1]\ncapabilities = [\"network\"]\n"+
		"[[artifact]]\ncarrier = \"process\"\nplatform = \"any\"\npath = \"bin/p\"\nsha256 = %q\n", id, version, hex.EncodeToString(sum[:])))
	return dir
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func made(t testing.TB, id, version, program string) *bundle.Bundle {
	t.Helper()
	b, err := bundle.FromFolder(folder(t, id, version, program))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func install(t testing.TB, s *Store, b *bundle.Bundle) bool {
	t.Helper()
	fresh, err := s.Install(b, "oci://example.org/x")
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func TestInstallFindRemove(t *testing.T) {
	s := open(t)
	a := made(t, "me/a", "1.0.0", "one")
	if !install(t, s, a) || install(t, s, a) {
		t.Error("installed twice, or not at all")
	}
	install(t, s, made(t, "me/b", "1.0.0", "one"))
	p, err := s.Find("me/a")
	if err != nil || p.Source != "oci://example.org/x" || p.Manifest.Info.Version != "1.0.0" {
		t.Fatalf("%+v, %v", p, err)
	}
	if b, err := s.Read(p); err != nil || b.Content() != a.Content() {
		t.Errorf("%v", err)
	}
	program := filepath.Join(p.Folder, "bin", "p")
	if info, err := os.Stat(program); err != nil || info.Mode().Perm()&0o500 != 0o500 || info.Mode().Perm()&0o222 != 0 {
		t.Errorf("the program's mode is %v, %v", info.Mode(), err)
	}
	if _, err := s.Install(made(t, "me/a", "1.0.0", "two"), ""); !errors.Is(err, bundle.ErrChanged) || !strings.Contains(err.Error(), "fw plugin remove me/a@1.0.0") {
		t.Errorf("other bytes: %v", err)
	}

	// a registry lists what is installed as it does any folder
	r, err := registry.Open(registry.Options{User: s.Registry(), ABI: 1, IR: 1})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Resolve("crop", "me/a")
	if err != nil || res.Path != program || res.Source != "oci://example.org/x" || res.Verify() != nil {
		t.Errorf("%+v, %v", res, err)
	}
	if _, err := s.Remove("me/a"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files stay: %v", err)
	}
	if list, err := s.Installed(); err != nil || len(list) != 1 || list[0].Manifest.Info.ID != "me/b" {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := s.Remove("me/a"); err == nil || !strings.Contains(err.Error(), `no plugin "me/a" is installed`) {
		t.Error(err)
	}
}

// What a kill or a hand left in the place of a plugin is replaced.
func TestDamageIsMended(t *testing.T) {
	s := open(t)
	a := made(t, "me/a", "1.0.0", "one")
	target := filepath.Join(filepath.Dir(s.Registry()), pluginsDir, a.Content())
	put(t, filepath.Join(target, "bin", "p"), "half")
	put(t, filepath.Join(filepath.Dir(target), ".new-1", "p"), "of one that was killed")
	install(t, s, a)
	p, err := s.Find("me/a")
	if err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(p.Folder, "README.md")
	if err := os.Remove(readme); err != nil {
		t.Fatal(err)
	}
	put(t, readme, "changed")
	if _, err := s.Read(p); err == nil || !strings.Contains(err.Error(), "README.md: expected sha256") {
		t.Errorf("changed: %v", err)
	}
	if install(t, s, a) {
		t.Error("listed again")
	}
	if _, err := s.Read(p); err != nil {
		t.Error(err)
	}
	// a whole other plugin in its place has hashes that fit, but not the folder's name
	b := made(t, "me/a", "1.0.0", "two")
	if err := os.RemoveAll(p.Folder); err != nil {
		t.Fatal(err)
	}
	for _, f := range b.Files {
		put(t, filepath.Join(p.Folder, filepath.FromSlash(f.Path)), string(f.Data))
	}
	if _, err := s.Read(p); err == nil || !strings.Contains(err.Error(), "expected the content that the folder is named by") {
		t.Errorf("another plugin: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.Folder), ".new-*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// An author installs what was packed from a folder that is listed too.
func TestInstallBesideItsFolder(t *testing.T) {
	s := open(t)
	dir := folder(t, "me/a", "1.0.0", "one")
	b, err := bundle.FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s.Registry(), fmt.Sprintf("[[plugin]]\nmanifest = %q\n", filepath.ToSlash(dir)))
	install(t, s, b)
	if _, err := s.Remove("me/a"); err == nil || !strings.Contains(err.Error(), "more than once") {
		t.Errorf("two entries: %v", err)
	}
	if p, err := s.Remove("me/a@1.0.0"); err != nil || filepath.Clean(p.Folder) == dir {
		t.Fatalf("removed %+v, %v", p, err)
	}
	if p, err := s.Remove("me/a"); err != nil || filepath.Clean(p.Folder) != dir {
		t.Fatalf("removed %+v, %v", p, err)
	}
	if _, err := bundle.FromFolder(dir); err != nil {
		t.Errorf("the author's folder is gone: %v", err)
	}
}

// Many processes install the same and other plugins at once.
func TestInstallsAtOnce(t *testing.T) {
	s := open(t)
	var folders []string
	for i := range 4 {
		folders = append(folders, folder(t, fmt.Sprintf("me/p%d", i), "1.0.0", fmt.Sprint("program ", i)))
	}
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			cmd := exec.Command(os.Args[0], folders[i%len(folders)])
			cmd.Env = append(os.Environ(), installKey+"="+filepath.Dir(s.Registry()))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	all, err := s.Installed()
	if err != nil || len(all) != len(folders) {
		t.Fatalf("%d are listed, %v", len(all), err)
	}
	for _, p := range all {
		if _, err := s.Read(&p); err != nil {
			t.Error(err)
		}
	}
}

// What others wrote into registry.toml stays as it is.
func TestTheRegistryKeepsItsText(t *testing.T) {
	s := open(t)
	const before = "# mine\n[[plugin]] # a folder of mine\nmanifest = \"gone\"   # by hand\n\n"
	put(t, s.Registry(), before)
	install(t, s, made(t, "me/a", "1.0.0", "one"))
	install(t, s, made(t, "me/b", "1.0.0", "one"))
	if _, err := s.Remove("me/a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Remove("me/b"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(s.Registry()); err != nil || strings.TrimSpace(string(text)) != strings.TrimSpace(before) {
		t.Errorf("%v: %q", err, text)
	}
	put(t, s.Registry(), "plugin = [{ manifest = "+fmt.Sprintf("%q", filepath.ToSlash(folder(t, "me/c", "1.0.0", "one")))+" }]\n")
	if _, err := s.Remove("me/c"); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("an entry that is no [[plugin]]: %v", err)
	}
}

func TestTrust(t *testing.T) {
	s := open(t)
	sum := strings.Repeat("a", 64)
	check := func(want bool, missing []string, capabilities ...string) {
		t.Helper()
		got, ok, err := s.Missing(sum, capabilities)
		if err != nil || ok != want || !slices.Equal(got, missing) {
			t.Errorf("%v lacks %v, may run: %v, %v", capabilities, got, ok, err)
		}
	}
	trust := func(x Trusted) {
		t.Helper()
		if err := s.Trust(x); err != nil {
			t.Fatal(err)
		}
	}
	check(false, nil)
	trust(Trusted{SHA256: sum, Plugin: "me/a 1.0.0", Source: "/x", Capabilities: []string{"network"}})
	check(true, nil)
	check(true, nil, "network")
	check(false, []string{"files"}, "network", "files")
	trust(Trusted{SHA256: sum, Plugin: "me/b 1.0.0", Source: "/x", Capabilities: []string{"files"}})
	check(true, nil, "network", "files")
	if err := s.Distrust([]registry.Artifact{{SHA256: sum}}); err != nil {
		t.Fatal(err)
	}
	check(false, nil)
	put(t, filepath.Join(filepath.Dir(s.Registry()), trustName), "version = 2\nfoo = 1\n")
	if _, _, err := s.Missing(sum, nil); err == nil || !strings.Contains(err.Error(), "foo: unknown key") {
		t.Errorf("a file of another language: %v", err)
	}
}

func TestKeys(t *testing.T) {
	s := open(t)
	if _, err := s.SecretKey("", nil); err == nil || !strings.Contains(err.Error(), "fw plugin key new") {
		t.Error(err)
	}
	public, path, err := s.NewKey("alice", "")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others can read the secret key: %v, %v", info.Mode(), err)
	}
	if _, _, err := s.NewKey("Alice", ""); err == nil {
		t.Error("one name twice")
	}
	for _, bad := range []string{"", "..", "a/b", `a\b`, "a b"} {
		if err := s.AddKey(bad, public); err == nil {
			t.Errorf("%q passes for a name", bad)
		}
	}
	k, err := s.SecretKey("", nil)
	if err != nil || k.Public() != public {
		t.Fatal(err)
	}
	b, err := made(t, "me/a", "1.0.0", "one").Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := s.Signer(b); err != nil || who.Name != "alice" {
		t.Errorf("%v, %v", who, err)
	}
	// another key that took the id of a known one is not that one
	other, err := minisign.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged := public
	forged.Key = other.Public().Key
	if err := s.RemoveKey("alice"); err != nil {
		t.Fatal(err)
	}
	if who, err := s.Signer(b); err != nil || !who.Signed || who.Name != "" {
		t.Errorf("%v, %v", who, err)
	}
	if err := s.AddKey("mallory", forged); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Signer(b); !errors.Is(err, minisign.ErrForged) {
		t.Errorf("a signature that does not fit: %v", err)
	}
	if err := s.AddKey("alice", public); err != nil {
		t.Fatal(err)
	}
	if who, err := s.Signer(b); err != nil || who.Name != "alice" {
		t.Errorf("beside a key of the same id: %v, %v", who, err)
	}
}

// FuzzTrust: no bytes panic; what is accepted reads back equal.
func FuzzTrust(f *testing.F) {
	f.Add([]byte("version = 1\n\n[[process]]\nsha256 = \"a\"\nplugin = \"me/a 1.0.0\"\nsource = \"/x\"\ncapabilities = [\"network\"]\n"))
	f.Add([]byte("version = 2"))
	f.Fuzz(func(t *testing.T, src []byte) {
		list, err := parseTrust("trust.toml", src)
		if err != nil {
			return
		}
		text := encodeTrust(list)
		again, err := parseTrust("again", text)
		if err != nil || string(encodeTrust(again)) != string(text) {
			t.Fatalf("%v in\n%s", err, text)
		}
	})
}

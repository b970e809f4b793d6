package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/transport/registrytest"
)

// home gives the test a home of fw's of its own.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("FW_HOME", dir)
	return dir
}

// ok runs a command that must succeed.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	code, out := fw(t, args...)
	if code != 0 {
		t.Fatalf("fw %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// fails runs a command that must fail, and say so.
func fails(t *testing.T, want string, args ...string) string {
	t.Helper()
	code, out := fw(t, args...)
	if code == 0 || !strings.Contains(out, want) {
		t.Fatalf("fw %s: exit code %d, expected %q in\n%s", strings.Join(args, " "), code, want, out)
	}
	return out
}

// shared is a plugin's folder, packed.
func (p *theirs) shared(t *testing.T, id, carrier string, args ...string) (folder, packed string) {
	t.Helper()
	folder = p.folder(t, id, carrier)
	put(t, filepath.Join(folder, "README.md"), []byte("# "+id+"\n"), 0o644)
	packed = filepath.Join(t.TempDir(), "x.fwplugin")
	ok(t, append([]string{"plugin", "pack", folder, "--out", packed}, args...)...)
	return folder, packed
}

// edit changes the manifest of a plugin's folder, which the plugin
// itself does not follow.
func edit(t *testing.T, folder, from, to string) {
	t.Helper()
	file := filepath.Join(folder, registry.ManifestName)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put(t, file, []byte(strings.Replace(string(b), from, to, 1)), 0o644)
}

// From a folder to a run with the installed plugin: packed, signed, verified, locked.
func TestPackInstallAndRun(t *testing.T) {
	p := thirdParty(t)
	dir := home(t)
	t.Setenv(passwordKey, "open sesame")
	ok(t, "plugin", "key", "new", "alice")
	_, packed := p.shared(t, "mine/corner", registry.WASM, "--sign")
	if out := ok(t, "plugin", "install", packed); !strings.Contains(out, "mine/corner 0.3.0 installed, signed by alice") {
		t.Errorf("install says %s", out)
	}
	if out := ok(t, "plugin", "install", packed); !strings.Contains(out, "was installed already") {
		t.Errorf("twice: %s", out)
	}
	if out := ok(t, "plugin", "verify", "--signed"); !strings.Contains(out, "mine/corner@0.3.0: 5 files fit their hashes, signed by alice") {
		t.Errorf("verify says %s", out)
	}
	if tool, err := exec.LookPath("minisign"); err == nil { // checked without fw
		key := glob(t, filepath.Join(dir, "keys", "alice.pub"))
		sums := glob(t, filepath.Join(dir, "plugins", "*", "SHA256SUMS"))
		if out, err := exec.Command(tool, "-V", "-m", sums, "-p", key).CombinedOutput(); err != nil || !strings.Contains(string(out), "fw plugin mine/corner 0.3.0") {
			t.Errorf("minisign: %v, %s", err, out)
		}
	}
	var rows []listed
	if err := json.Unmarshal([]byte(ok(t, "plugin", "list", "--json")), &rows); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range rows {
		found = found || r.ID == "mine/corner" && r.Signed == "signed by alice" && r.Trusted == "" && r.Source == packed+"@"+digestIn(r.Source)
	}
	if !found {
		t.Errorf("list says %+v", rows)
	}
	info := ok(t, "plugin", "info", "mine/corner")
	for _, want := range []string{"0.3.0, a crop", "signed by alice", "sandboxed module", "share", "0.75", "in (0, 1]"} {
		if !strings.Contains(info, want) {
			t.Errorf("info lacks %q:\n%s", want, info)
		}
	}
	if again := ok(t, "plugin", "info", packed); !strings.Contains(again, "0.3.0, a crop") {
		t.Errorf("info of the file says %s", again)
	}

	file := experimentFile(t, strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 2", 1)+"\n[crop]\nuse = \"mine/corner\"\nshare = 0.5\n")
	ok(t, "plugin", "lock", file)
	if out := ok(t, "check", file); !strings.Contains(out, "mine/corner 0.3.0 (wasm)") {
		t.Errorf("check says %s", out)
	}

	// a file of the store that changed is found by verify, refused by check, mended by install
	module := glob(t, filepath.Join(dir, "plugins", "*", "bin", "plugins.wasm"))
	b, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(module); err != nil { // it is read-only
		t.Fatal(err)
	}
	put(t, module, append(b, 0, 3, 1, 'x', 0), 0o644)
	fails(t, "mine/corner@0.3.0: BAD: ", "plugin", "verify")
	fails(t, "expected sha256 "+sum(t, p.module), "check", file)
	ok(t, "plugin", "install", packed)
	ok(t, "plugin", "verify")
	ok(t, "check", file)

	ok(t, "plugin", "remove", "mine/corner")
	fails(t, `unknown crop "mine/corner"`, "check", file)
	if left, _ := filepath.Glob(filepath.Join(dir, "plugins", "*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func glob(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v", pattern, found, err)
	}
	return found[0]
}

func digestIn(s string) string {
	return regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(s)
}

// The word on a signature: none, by an unknown key, by a known one, forged.
func TestSignatures(t *testing.T) {
	p := thirdParty(t)
	home(t)
	folder, packed := p.shared(t, "mine/corner", registry.WASM)
	if out := ok(t, "plugin", "verify", packed); !strings.Contains(out, "unsigned") {
		t.Errorf("got %s", out)
	}
	fails(t, "is unsigned, and --signed asks for a key", "plugin", "install", packed, "--signed")
	public := publicKey(t, ok(t, "plugin", "key", "new", "alice", "--no-password"))
	ok(t, "plugin", "pack", folder, "--out", packed, "--sign")

	home(t) // another user
	if out := ok(t, "plugin", "verify", packed); !strings.Contains(out, "signed by an unknown key") {
		t.Errorf("got %s", out)
	}
	if out := ok(t, "plugin", "install", packed); !strings.Contains(out, "nothing was verified") {
		t.Errorf("got %s", out)
	}
	ok(t, "plugin", "key", "add", "alice", public)
	if out := ok(t, "plugin", "verify"); !strings.Contains(out, "signed by alice") {
		t.Errorf("got %s", out)
	}
	ok(t, "plugin", "install", packed, "--signed")
	fails(t, "alice is taken", "plugin", "key", "add", "alice", public)

	// other bytes under alice's signature
	b, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "README.md"), append(b, '!'), 0o644)
	store, err := openStore()
	if err != nil {
		t.Fatal(err)
	}
	all, err := store.Installed()
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	ok(t, "plugin", "pack", folder, "--out", packed)
	forge(t, packed, filepath.Join(all[0].Folder, "SHA256SUMS.minisig"))
	fails(t, "the signature does not fit", "plugin", "verify", packed)
	fails(t, "the signature does not fit", "plugin", "install", packed)
	ok(t, "plugin", "key", "remove", "alice")
	if out := ok(t, "plugin", "key", "list"); strings.Contains(out, "alice") {
		t.Errorf("got %s", out)
	}
}

// The same version with other bytes is refused; another version is installed beside.
func TestVersionsDoNotChange(t *testing.T) {
	p := thirdParty(t)
	dir := home(t)
	folder, packed := p.shared(t, "mine/corner", registry.WASM)
	ok(t, "plugin", "install", packed)
	put(t, filepath.Join(folder, "README.md"), []byte("other\n"), 0o644)
	ok(t, "plugin", "pack", folder, "--out", packed)
	fails(t, "a version never changes", "plugin", "install", packed)

	edit(t, folder, `version = "0.3.0"`, `version = "0.4.0"`)
	edit(t, folder, "max = 1.0", "max = 2.0")
	ok(t, "plugin", "pack", folder, "--out", packed)
	fails(t, "--yes installs it", "plugin", "upgrade", "mine/corner", packed)
	out := ok(t, "plugin", "upgrade", "mine/corner", packed, "--yes")
	for _, want := range []string{"version: 0.3.0 -> 0.4.0", "parameter share, range: in (0, 1] -> in (0, 2]", "mine/corner 0.4.0 installed"} {
		if !strings.Contains(out, want) {
			t.Errorf("upgrade lacks %q:\n%s", want, out)
		}
	}
	if out := ok(t, "plugin", "upgrade", "mine/corner", packed); !strings.Contains(out, "0.4.0 is the newest") {
		t.Errorf("got %s", out)
	}
	fails(t, "mine/corner@0.3.0, mine/corner@0.4.0", "plugin", "remove", "mine/corner")
	list, err := os.ReadFile(filepath.Join(dir, registry.FileName))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, registry.FileName), append([]byte("# my plugins\n\n"), list...), 0o644)
	ok(t, "plugin", "remove", "mine/corner@0.3.0")
	left, err := os.ReadFile(filepath.Join(dir, registry.FileName))
	if err != nil || !strings.HasPrefix(string(left), "# my plugins\n\n[[plugin]]\n") || strings.Count(string(left), "[[plugin]]") != 1 {
		t.Errorf("registry.toml is %v\n%s", err, left)
	}
	fails(t, `came from`, "plugin", "upgrade", "mine/corner")
	fails(t, `no plugin "mine/other" is installed`, "plugin", "remove", "mine/other")
}

// A native program does not run before it is trusted; the command that the error
// gives trusts it, and nothing else.
func TestTrust(t *testing.T) {
	p := thirdParty(t)
	_, packed := p.shared(t, "mine/corner", registry.Process)
	home(t)
	if out := ok(t, "plugin", "install", packed); !strings.Contains(out, "to let it run: fw plugin trust mine/corner@0.3.0") {
		t.Errorf("got %s", out)
	}
	file := experimentFile(t, strings.Replace(tiny, "epochs = 4", "epochs = 4\nsteps = 2", 1)+"\n[crop]\nuse = \"mine/corner\"\n")
	out := fails(t, "not allowed to run", "check", file)
	command := regexp.MustCompile(`fw (plugin trust .* --sha256 [0-9a-f]{64})\n`).FindStringSubmatch(out)
	if command == nil {
		t.Fatalf("no command in\n%s", out)
	}
	for _, want := range []string{sum(t, p.program), "mine/corner 0.3.0", "a native program, not a sandboxed module"} {
		if !strings.Contains(out, want) {
			t.Errorf("the question lacks %q:\n%s", want, out)
		}
	}
	fails(t, "this is no terminal", "plugin", "trust", "mine/corner")
	fails(t, "it is another program", "plugin", "trust", "mine/corner", "--sha256", strings.Repeat("0", 64))
	ok(t, strings.Fields(command[1])...)
	ok(t, "check", file)
	if out := ok(t, "plugin", "trust"); !strings.Contains(out, sum(t, p.program)) {
		t.Errorf("got %s", out)
	}
	ok(t, "plugin", "trust", "mine/corner", "--revoke")
	fails(t, "not allowed to run", "check", file)
	ok(t, "plugin", "trust", "mine/corner", "--yes")
	ok(t, "check", file)
	ok(t, "plugin", "remove", "mine/corner")
	ok(t, "plugin", "install", packed)
	fails(t, "not allowed to run", "check", file)
	if out := ok(t, "plugin", "trust", "fw/simclr"); !strings.Contains(out, "needs no trust: it is a part of fw") {
		t.Errorf("got %s", out)
	}

	// in a folder that an experiment names, and in a registry without a manifest
	folder := p.folder(t, "mine/corner", registry.Process)
	listing := p.inline(t, registry.Process)
	home(t)
	for _, args := range [][]string{
		{"check", experimentFile(t, tiny+"\n[crop]\nuse = \""+filepath.ToSlash(folder)+"\"\n")},
		{"check", file, "--registry", listing},
	} {
		home(t)
		out := fails(t, "not allowed to run", args...)
		command := regexp.MustCompile(`fw (plugin trust .* --sha256 [0-9a-f]{64})\n`).FindStringSubmatch(out)
		if command == nil {
			t.Fatalf("no command in\n%s", out)
		}
		ok(t, strings.Fields(command[1])...)
		ok(t, args...)
	}
}

// The question at the first use: an answer other than yes does not trust.
func TestTrustQuestion(t *testing.T) {
	home(t)
	p := &registry.Resolved{Path: "/x", From: "there", Artifact: registry.Artifact{Carrier: registry.Process, SHA256: strings.Repeat("a", 64)}}
	p.Manifest.Info.ID, p.Manifest.Capabilities = "mine/net", []string{"network"}
	asked := ""
	gate := func(answer string) error {
		return trustGate{ask: func(q string) (string, bool) { asked = q; return answer, true }}.allow(p)
	}
	if err := gate(""); err == nil || !strings.Contains(asked, "asks    network") {
		t.Errorf("%v after %s", err, asked)
	}
	if err := gate("y"); err != nil {
		t.Error(err)
	}
	asked = ""
	if err := gate("n"); err != nil || asked != "" {
		t.Errorf("asked again: %v, %s", err, asked)
	}
	p.Manifest.Capabilities = append(p.Manifest.Capabilities, "files")
	if err := gate("no"); err == nil || !strings.Contains(asked, "asks    files") {
		t.Errorf("it asks for more, and %v after %s", err, asked)
	}
	if a, ok := ask(strings.NewReader("y\n"), &strings.Builder{}, "?"); !ok || !yes(a) {
		t.Errorf("%q is no yes", a)
	}
	if _, ok := ask(strings.NewReader(""), &strings.Builder{}, "?"); ok {
		t.Error("no answer is one")
	}
}

// publicKey is the public key in what fw plugin key new says.
func publicKey(t *testing.T, out string) string {
	t.Helper()
	return regexp.MustCompile(`RW[A-Za-z0-9+/=]{54}`).FindString(out)
}

// forge packs a file anew with a signature of other bytes.
func forge(t *testing.T, packed, signature string) {
	t.Helper()
	f, err := os.Open(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, b, err := bundle.ReadTar(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(signature)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := bundle.New(append(b.Files, bundle.File{Path: bundle.SignatureName, Data: text}))
	if err != nil {
		t.Fatal(err)
	}
	im, err := forged.Image()
	if err == nil {
		err = writePacked(packed, im, forged)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A plugin and an experiment go to a colleague by a registry and a lock.
func TestAColleagueInstallsWhatTheLockPins(t *testing.T) {
	s := registrytest.Start(t, "", "")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	p := thirdParty(t)
	home(t)
	folder, packed := p.shared(t, "mine/corner", registry.WASM)
	out := strings.TrimSpace(ok(t, "plugin", "push", packed, s.Host+"/mine/corner", "--plain-http"))
	at := out[strings.LastIndex(out, "\n")+1:] // after what says how far it is
	put(t, filepath.Join(folder, "README.md"), []byte("other\n"), 0o644)
	other := filepath.Join(t.TempDir(), "other.fwplugin")
	ok(t, "plugin", "pack", folder, "--out", other)
	fails(t, "a version never changes", "plugin", "push", other, s.Host+"/mine/corner", "--plain-http")
	fails(t, "HTTP response to HTTPS client", "plugin", "install", s.Host+"/mine/corner")
	ok(t, "plugin", "install", s.Host+"/mine/corner", "--plain-http")

	file := experimentFile(t, tiny+"\n[crop]\nuse = \"mine/corner\"\n")
	ok(t, "plugin", "lock", file)
	lock := filepath.Join(filepath.Dir(file), registry.LockName)
	if text, err := os.ReadFile(lock); err != nil || !strings.Contains(string(text), "source = \""+at+"\"") {
		t.Errorf("the lock does not say where to get it: %v\n%s", err, text)
	}

	home(t) // the colleague's
	fails(t, `unknown crop "mine/corner"`, "check", file)
	ok(t, "plugin", "install", "--lock", lock, "--plain-http")
	if out := ok(t, "check", file); !strings.Contains(out, "mine/corner 0.3.0") {
		t.Errorf("check says %s", out)
	}
	pulled := filepath.Join(t.TempDir(), "pulled.fwplugin")
	ok(t, "plugin", "pull", at, "--out", pulled, "--plain-http")
	if sum(t, pulled) != sum(t, packed) {
		t.Error("what was pulled is not what was pushed")
	}

	// the next version, which the lock then refuses
	edit(t, folder, `version = "0.3.0"`, `version = "0.4.0"`)
	ok(t, "plugin", "pack", folder, "--out", other)
	ok(t, "plugin", "push", other, s.Host+"/mine/corner", "--plain-http")
	if out := ok(t, "plugin", "upgrade", "mine/corner", "--plain-http", "--yes"); !strings.Contains(out, "version: 0.3.0 -> 0.4.0") {
		t.Errorf("upgrade says %s", out)
	}
	if out := ok(t, "check", file); !strings.Contains(out, "mine/corner 0.3.0") {
		t.Errorf("the lock does not hold: %s", out)
	}
	fails(t, "expected version 0.3.0, found 0.4.0", "check", file, "--set", "crop.use=mine/corner@0.4.0")
}

package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx/tomltest"
	"github.com/fwlab/fw/core/wire"
)

// builtins are two plugins inside the host of the tests.
func builtins() []Builtin {
	return []Builtin{
		{Info: wire.PluginInfo{ID: "fw/any", Kind: "crop", Version: "1.0.0", Style: "crop"}, Module: []byte("a module")},
		{Info: wire.PluginInfo{ID: "fw/all", Kind: "loss", Version: "1.0.0", Style: "trace", Signature: "contrast", Params: []schema.Param{
			{Name: "temperature", Type: schema.Float, Default: schema.OfFloat(0.5), HasMin: true, MinOpen: true, Doc: "scale"},
		}}},
	}
}

func TestManifestGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/manifest/*.txt", func(t *testing.T, parts map[string]string) string {
		m, err := ParseManifest("plugin.toml", []byte(parts["plugin.toml"]))
		if err != nil {
			return err.Error()
		}
		return string(m.Encode())
	})
}

func TestLockGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/lock/*.txt", func(t *testing.T, parts map[string]string) string {
		l, err := ParseLock("fw.lock", []byte(parts["fw.lock"]))
		if err != nil {
			return err.Error()
		}
		return string(l.Encode())
	})
}

func TestRegistryGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/registry/*.txt", func(t *testing.T, parts map[string]string) string {
		_, err := parseEntries("registry.toml", []byte(parts["registry.toml"]), 1, "linux/amd64")
		if err == nil {
			return "no error"
		}
		return err.Error()
	})
}

// Each golden file is a tree of files and what its `resolve` lines give: the plugin,
// then what its artifact says.
func TestResolveGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/resolve/*.txt", func(t *testing.T, parts map[string]string) string {
		t.Chdir(t.TempDir())
		for name, text := range parts {
			if name == "resolve" || name == "abi" {
				continue
			}
			if strings.HasSuffix(name, ".wasm") {
				text = strings.TrimSpace(text)
			}
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		o := Options{Builtin: builtins(), User: "user/registry.toml", Project: "project/registry.toml", ABI: 1, IR: 1, Platform: "linux/amd64"}
		if parts["abi"] != "" {
			o.ABI, o.IR = 2, 2
		}
		if parts["fw.lock"] != "" {
			o.Lock = "fw.lock"
		}
		r, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for line := range strings.Lines(strings.TrimSpace(parts["resolve"])) {
			kind, use, _ := strings.Cut(strings.TrimSpace(line), " ")
			fmt.Fprintf(&out, "> %s %s\n%s\n", kind, use, resolve(r, kind, use))
		}
		return tidy(t, out.String())
	})
}

func resolve(r *Registry, kind, use string) string {
	p, err := r.Resolve(kind, use)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s %s, %s, from %s", p.Manifest.Info.ID, p.Manifest.Info.Version, p.Artifact.Carrier, p.From)
	if err := p.Verify(); err != nil {
		text += "\n" + err.Error()
	}
	return text
}

// tidy takes the machine out of paths and the system's words.
func tidy(t *testing.T, s string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	s = strings.ReplaceAll(s, dir+string(filepath.Separator), "")
	return strings.ReplaceAll(filepath.ToSlash(s), "The system cannot find the file specified.", "no such file or directory")
}

func TestVersionsAreOrdered(t *testing.T) {
	list := []string{"none", "0.9.10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.2.0", "1.10.0", "2.0.0"}
	for i, a := range list {
		for j, b := range list {
			if got := CompareVersions(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
	for _, bad := range []string{"1", "1.0", "01.0.0", "1.0.0-", "1.0.0 ", "-1.0.0", "1.0.0+x", "1.0.99999999999"} {
		if IsVersion(bad) {
			t.Errorf("%q passes for a version", bad)
		}
	}
}

func TestPathsStayInTheirFolder(t *testing.T) {
	for path, want := range map[string]bool{
		"m.wasm": true, "bin/x": true, "": false, ".": false, "..": false, "../x": false, "a/../../x": false,
		"/bin/sh": false, "a//b": false, "./a": false, `a\b`: false, "C:x": false,
	} {
		if ValidPath(path) != want {
			t.Errorf("ValidPath(%q) is %v", path, !want)
		}
	}
}

func TestModuleReturnsWhatItHashed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.wasm")
	if err := os.WriteFile(path, []byte("crop module"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &Resolved{Path: path, Artifact: Artifact{Carrier: WASM, SHA256: "dd" + strings.Repeat("0", 62)}}
	if _, err := p.Module(); err == nil || !strings.Contains(err.Error(), "expected sha256 dd00") {
		t.Errorf("a wrong hash gives %v", err)
	}
	_, err := p.Module()
	_, sum, _ := strings.Cut(err.Error(), "found ")
	p.Artifact.SHA256 = sum[:64]
	if b, err := p.Module(); err != nil || string(b) != "crop module" {
		t.Errorf("got %q, %v", b, err)
	}
	p.Path = dir
	if err := p.Verify(); err == nil || !strings.Contains(err.Error(), "expected a file") {
		t.Errorf("a folder gives %v", err)
	}
}

func TestCheckSelfListsEveryDifference(t *testing.T) {
	m := ManifestOf(builtins()[1].Info, 1, 1)
	said := func(change func(*wire.DescribeReply)) wire.DescribeReply {
		r := wire.DescribeReply{ABI: 1, IRVersion: 1, Plugins: []wire.PluginInfo{builtins()[0].Info, builtins()[1].Info}}
		change(&r)
		return r
	}
	if err := CheckSelf(&m, said(func(*wire.DescribeReply) {})); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*wire.DescribeReply){
		"abi: manifest 1, plugin 2; ir: manifest 1 to 1, plugin 3":                                  func(r *wire.DescribeReply) { r.ABI, r.IRVersion = 2, 3 },
		`the artifact has no such plugin, only "fw/any"`:                                            func(r *wire.DescribeReply) { r.Plugins = r.Plugins[:1] },
		"version: manifest 1.0.0, plugin 1.0.1; signature: manifest contrast, plugin nothing":       func(r *wire.DescribeReply) { r.Plugins[1].Version, r.Plugins[1].Signature = "1.0.1", "" },
		"parameters: manifest temperature, plugin nothing":                                          func(r *wire.DescribeReply) { r.Plugins[1].Params = nil },
		"parameter temperature, default: manifest 0.5, plugin 0.1":                                  func(r *wire.DescribeReply) { r.Plugins[1].Params[0].Default.F = 0.1 },
		"parameter temperature, range: manifest above 0, plugin of at least 0":                      func(r *wire.DescribeReply) { r.Plugins[1].Params[0].MinOpen = false },
		`parameter temperature, type: manifest float, plugin int`:                                   func(r *wire.DescribeReply) { r.Plugins[1].Params[0].Type = schema.Int },
		`doc: manifest nothing, plugin "x\u001b"`:                                                   func(r *wire.DescribeReply) { r.Plugins[1].Doc = "x\x1b" },
		"default loss: manifest nothing, plugin a/b; default augment: manifest nothing, plugin c/d": func(r *wire.DescribeReply) { r.Plugins[1].DefaultLoss, r.Plugins[1].DefaultAugment = "a/b", "c/d" },
	} {
		err := CheckSelf(&m, said(change))
		full := `describe: plugin "fw/all" is not what its manifest says: ` + want + "; build it again so that its manifest is renewed"
		if err == nil || err.Error() != full {
			t.Errorf("got %v\nwant %s", err, full)
		}
	}
}

func TestInlineEntriesAreDescribed(t *testing.T) {
	dir := t.TempDir()
	src := "[[plugin]]\nid = \"me/x\"\nkind = \"crop\"\nversion = \"1.0.0\"\ncarrier = \"process\"\nartifact = \"x\"\nsha256 = \"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"\n"
	file := filepath.Join(dir, FileName)
	for name, text := range map[string]string{file: src, filepath.Join(dir, "x"): "x"} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	info := wire.PluginInfo{ID: "me/x", Kind: "crop", Version: "1.0.0", Style: "crop", Params: []schema.Param{{Name: "alpha", Type: schema.Float}}}
	reply := wire.DescribeReply{ABI: 1, IRVersion: 1, Plugins: []wire.PluginInfo{info}}
	resolve := func() (*Registry, error) {
		r, err := Open(Options{File: file, ABI: 1, IR: 1, Describe: func(p *Resolved) (wire.DescribeReply, error) {
			if p.Path != filepath.Join(dir, "x") {
				return reply, errors.New("started " + p.Path)
			}
			return reply, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Resolve("crop", "me/x")
		return r, err
	}
	r, err := resolve()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := r.Lookup("crop", "me/x")
	if err != nil || len(spec.Params) != 1 || spec.Params[0].Name != "alpha" {
		t.Errorf("got %v, %v", spec, err)
	}
	reply.ABI = 2
	if _, err := resolve(); err == nil || !strings.Contains(err.Error(), "speaks ABI 2, this fw speaks 1") {
		t.Errorf("a newer ABI gives %v", err)
	}
	if _, err := r.Resolve("crop", "me/x"); err != nil {
		t.Errorf("what was resolved is asked again: %v", err)
	}
	reply.ABI = 1
	reply.Plugins[0].Version = "1.0.1"
	if _, err := resolve(); err == nil || !strings.Contains(err.Error(), "listed as crop 1.0.0, it says crop 1.0.1") {
		t.Errorf("another version gives %v", err)
	}
}

func TestLockOfWhatItLocks(t *testing.T) {
	r, err := Open(Options{Builtin: builtins(), ABI: 1, IR: 1})
	if err != nil {
		t.Fatal(err)
	}
	loss, err := r.Resolve("loss", "fw/all")
	if err != nil {
		t.Fatal(err)
	}
	crop, err := r.Resolve("crop", "fw/any")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLock([]*Resolved{loss, crop, crop})
	path := filepath.Join(t.TempDir(), LockName)
	if err := os.WriteFile(path, l.Encode(), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := ReadLock(path)
	if err != nil || !reflect.DeepEqual(l, again) {
		t.Fatalf("wrote %v, read %v, %v", l, again, err)
	}
	for _, p := range []*Resolved{crop, loss} {
		if err := again.check(p, path); err != nil {
			t.Error(err)
		}
	}
	changed := *crop
	changed.Manifest.Artifacts = []Artifact{{Carrier: WASM, Platform: AnyPlatform, SHA256: strings.Repeat("1", 64)}}
	if err := again.check(&changed, path); err == nil || !strings.Contains(err.Error(), "version 1.0.0 changed under its name") {
		t.Errorf("a changed module gives %v", err)
	}
}

func TestListSaysWhatIsBroken(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	inline := "[[plugin]]\nid = \"me/x\"\nkind = \"crop\"\nversion = \"1.0.0\"\ncarrier = \"wasm\"\nartifact = \"x\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\n"
	for name, text := range map[string]string{file: "[[plugin]]\nmanifest = \".\"\n" + inline, filepath.Join(dir, "x"): "x", filepath.Join(dir, ManifestName): "id = \"\\u001b[2J\"\nkind = \"\\u001b[2J\"\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Open(Options{Builtin: builtins(), Project: file, User: filepath.Join(dir, "none.toml"), ABI: 1, IR: 1})
	if err != nil {
		t.Fatal(err)
	}
	rows := r.List()
	if len(rows) != 4 || rows[0].Error == "" || rows[0].ID+rows[0].Kind != "" || strings.Contains(rows[0].Error, "\x1b") || rows[3].ID != "me/x" || !strings.Contains(rows[3].Error, "found 2d711642b726b044") || rows[1].ID != "fw/all" || rows[1].Carrier != Process || rows[2].Carrier != WASM || len(rows[2].SHA256) != 64 || rows[2].From != "built in" {
		t.Errorf("got %+v", rows)
	}
	if _, err := Open(Options{File: filepath.Join(dir, "none.toml")}); err == nil {
		t.Error("a registry that was asked for and is not there is no error")
	}
}

func TestUserFile(t *testing.T) {
	if got := UserFile(func(string) string { return "home" }); got != filepath.Join("home", FileName) {
		t.Errorf("got %q", got)
	}
}

func TestProjectFileIsTheNearestAbove(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "repo", ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "repo", "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	experiment := filepath.Join(dir, "repo", "a", "b", "x.toml")
	for _, c := range []struct{ put, want string }{
		{filepath.Join(dir, FileName), ""}, // above the repository
		{filepath.Join(dir, "repo", FileName), filepath.Join(dir, "repo", FileName)},
		{filepath.Join(dir, "repo", "a", FileName), filepath.Join(dir, "repo", "a", FileName)},
	} {
		if err := os.WriteFile(c.put, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ProjectFile(experiment); err != nil || got != c.want {
			t.Errorf("with %s: got %q, %v, want %q", c.put, got, err, c.want)
		}
	}
	plain := filepath.Join(dir, "plain", "x.toml")
	if err := os.MkdirAll(filepath.Dir(plain), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ put, want string }{
		{filepath.Join(dir, FileName), ""}, // in no repository, the folder above may be anyone's
		{filepath.Join(dir, "plain", FileName), filepath.Join(dir, "plain", FileName)},
	} {
		if err := os.WriteFile(c.put, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ProjectFile(plain); err != nil || got != c.want {
			t.Errorf("with %s: got %q, %v, want %q", c.put, got, err, c.want)
		}
	}
}

// Each line of what changes between two manifests.
func TestChanges(t *testing.T) {
	old := ManifestOf(builtins()[1].Info, 1, 1)
	old.Artifacts = []Artifact{{Carrier: WASM, Platform: AnyPlatform, SHA256: strings.Repeat("a", 64)}, {Carrier: Process, Platform: "linux/amd64", SHA256: strings.Repeat("b", 64)}}
	if list := Changes(&old, &old); list != nil {
		t.Errorf("nothing changes, and %q", list)
	}
	next := old
	next.Info.Version, next.Licence, next.Capabilities, next.Limits.MemoryMiB = "1.1.0", "MIT", []string{"files", "network"}, 32
	next.Info.Params = []schema.Param{{Name: "scale", Type: schema.Float, Default: schema.OfFloat(2)}}
	next.Artifacts = []Artifact{{Carrier: WASM, Platform: AnyPlatform, SHA256: strings.Repeat("c", 64)}, {Carrier: Process, Platform: "darwin/arm64", SHA256: strings.Repeat("d", 64)}}
	want := []string{"version: 1.0.0 -> 1.1.0", "licence: nothing -> MIT", "asks for: nothing -> files, network", "memory in MiB: nothing -> 32",
		"parameter temperature: float -> nothing", "parameter scale: nothing -> float 2.0",
		"process on darwin/arm64: nothing -> dddddddddddd", "process on linux/amd64: bbbbbbbbbbbb -> nothing", "wasm on any: aaaaaaaaaaaa -> cccccccccccc"}
	if got := Changes(&old, &next); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

package registry

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// FileName is the name of a registry's file.
const FileName = "registry.toml"

// Home is the folder of what the user has of fw: $FW_HOME, or fw's among the user's
// configuration; "" where the system knows neither. getenv is os.Getenv.
func Home(getenv func(string) string) string {
	if home := getenv("FW_HOME"); home != "" {
		return home
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "fw")
}

// UserFile is the user's registry, "" where there is no home.
func UserFile(getenv func(string) string) string {
	if home := Home(getenv); home != "" {
		return filepath.Join(home, FileName)
	}
	return ""
}

// ProjectFile is the registry of the project that a file belongs to, "" if there is
// none: the nearest registry.toml beside the file or above it, up to the folder that
// holds .git. Outside of a repository only the file's own folder counts, since
// folders above may be anyone's.
func ProjectFile(file string) (string, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", fmt.Errorf("registry: %w", err)
	}
	nearest := ""
	for at := dir; ; at = filepath.Dir(at) {
		path := filepath.Join(at, FileName)
		if _, err := os.Stat(path); err == nil && nearest == "" {
			nearest = path
		}
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return nearest, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if filepath.Dir(nearest) != dir {
		return "", nil
	}
	return nearest, nil
}

// entry is a plugin that a registry lists.
type entry struct {
	layer    int    // the higher, the stronger
	from     string // "built in", or the place of its line
	dir      string // of its artifacts
	source   string // where it was installed from, "" if it was not
	file     string
	first    int // line of [[plugin]]
	last     int // line of its last key
	manifest Manifest
	builtin  *Builtin
	inline   bool  // listed without a manifest: its parameters are known once it runs
	broken   error // why it cannot be used
}

// readEntries reads a registry.toml. A manifest that cannot be read spoils its own
// entry only.
func readEntries(file string, layer int, platform string) ([]*entry, error) {
	src, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return parseEntries(file, src, layer, platform)
}

func parseEntries(file string, src []byte, layer int, platform string) ([]*entry, error) {
	root, err := tomlx.Parse(file, src)
	if err != nil {
		return nil, err
	}
	var ps tomlx.Problems
	r := tomlx.NewReader(root, &ps)
	var list []*entry
	for _, n := range r.Tables("plugin") {
		e := &entry{layer: layer, from: n.Key.String(), dir: filepath.Dir(file), file: file, first: n.Key.Line, last: n.Key.Line}
		for _, f := range n.Fields {
			e.last = max(e.last, f.Key.Line)
		}
		if n.Field("manifest") != nil {
			e.listed(n, &ps)
		} else {
			e.inlined(n, &ps, platform)
		}
		list = append(list, e)
	}
	r.Done(nil)
	if err := ps.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// listed reads an entry that is the path of a manifest.
func (e *entry) listed(n *tomlx.Node, ps *tomlx.Problems) {
	r := tomlx.NewReader(n, ps)
	path := r.String("manifest")
	e.source = text(r, "source")
	r.Done(func(string) string { return "; the manifest says the rest" })
	if path == "" {
		return
	}
	if path = filepath.FromSlash(path); !filepath.IsAbs(path) {
		path = filepath.Join(e.dir, path)
	}
	if filepath.Base(path) != ManifestName {
		path = filepath.Join(path, ManifestName)
	}
	e.dir = filepath.Dir(path)
	if e.manifest, e.broken = readManifestFile(path); e.broken != nil && !validID(e.manifest.Info.ID) {
		e.manifest.Info.ID = ""
	}
}

func readManifestFile(path string) (Manifest, error) {
	src, err := readFile(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	return ParseManifest(path, src)
}

// inlined reads an entry that stands for a manifest.
func (e *entry) inlined(n *tomlx.Node, ps *tomlx.Problems, platform string) {
	r := tomlx.NewReader(n, ps)
	if len(n.Fields) == 0 {
		r.Missing("manifest", "expected the path of a plugin's folder, or id, kind, version, carrier, artifact and sha256")
		return
	}
	e.inline = true
	i := &e.manifest.Info
	i.ID = checked(r, n, ps, "id", validID, idWords)
	i.Kind = need(r, &schema.Param{Name: "kind", Type: schema.String, Choices: experiment.Kinds()}).S
	i.Version = checked(r, n, ps, "version", IsVersion, versionWords)
	e.manifest.Artifacts = []Artifact{artifact(r, n, ps, "artifact", platform)}
	r.Node("manifest")
	r.Done(nil)
}

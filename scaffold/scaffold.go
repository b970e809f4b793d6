// Package scaffold owns the folders that authors start from. Each is a plugin that
// works, of one kind in one language, kept as it is in its folder here and tested
// there; [Make] copies it under another name, with the SDK that it needs, so that
// nothing is fetched. Start from [Make].
//
// A language is a row of the table and a folder, which languages may share: README.md,
// and one folder for each kind with plugin.toml, experiment.toml and, of Go, sources.
// In their names and texts "mine/starter" stands for the plugin's id and "starter" for
// its name.
package scaffold

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/registry"
)

//go:embed go/README.md go/*/*.go go/*/*.toml sdks/README.md sdks/*/*.toml
var files embed.FS

// language is a row of the table.
type language struct {
	name   string
	folder string
	// carry is what else the plugin's folder has, by path: the SDK, and sources that lie
	// elsewhere.
	carry func(id, kind string) (map[string][]byte, error)
}

var languages = append([]language{{"go", "go", goSDK}}, others()...)

// Languages is the names of those that there are scaffolds for.
func Languages() (names []string) {
	for _, l := range languages {
		names = append(names, l.name)
	}
	return names
}

// The stand-ins for the plugin's id and for the part of it behind the slash.
const (
	idMark   = "mine/starter"
	nameMark = "starter"
)

// Make writes the folder of a new plugin, which must not be there yet.
func Make(dir, id, kind, lang string) error {
	if !registry.ValidID(id) {
		return fmt.Errorf("new: expected an id as mine/halves, of lower-case letters, digits and '-', found %q", id)
	}
	content, err := contents(id, kind, lang)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("new: %s is there already; name another folder with --dir", dir)
	}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("new: %w", err)
		}
		if err := os.WriteFile(to, content[name], 0o644); err != nil {
			return fmt.Errorf("new: %w", err)
		}
	}
	return nil
}

// contents is the folder, by path.
func contents(id, kind, lang string) (map[string][]byte, error) {
	i := slices.IndexFunc(languages, func(l language) bool { return l.name == lang })
	if i < 0 {
		return nil, fmt.Errorf("new: expected a language of %s, found %q", strings.Join(Languages(), ", "), lang)
	}
	folder := languages[i].folder
	if _, err := fs.Stat(files, path.Join(folder, kind)); err != nil {
		return nil, fmt.Errorf("new: there is no plugin of kind %q in %s to start from", kind, lang)
	}
	out, err := languages[i].carry(id, kind)
	if err != nil {
		return nil, fmt.Errorf("new: %w", err)
	}
	renamed := strings.NewReplacer(idMark, id, nameMark, path.Base(id))
	add := func(from, to string) error {
		b, err := fs.ReadFile(files, from)
		if err == nil {
			out[renamed.Replace(to)] = []byte(renamed.Replace(string(b)))
		}
		return err
	}
	if err := add(path.Join(folder, "README.md"), "README.md"); err != nil {
		return nil, err
	}
	root := path.Join(folder, kind)
	return out, fs.WalkDir(files, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return add(p, strings.TrimPrefix(p, root+"/"))
	})
}

package scaffold

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/fwlab/fw/sdks"
)

// examples are the SDKs' by the kinds that they are of, and what each is called there.
var examples = map[string]struct{ file, id string }{
	"crop":    {"crop", "fw/contrastive-crop"},
	"loss":    {"ntxent", "fw/ntxent"},
	"pretext": {"rotation", "fw/rotation"},
}

// others are the languages of package sdks, whose examples become the plugin.
func others() (list []language) {
	for _, l := range sdks.Languages() {
		list = append(list, language{l.Name, "sdks", func(id, kind string) (map[string][]byte, error) { return example(l, id, kind) }})
	}
	return list
}

// example is an SDK's folder with one of its examples under the plugin's name.
func example(l sdks.Language, id, kind string) (map[string][]byte, error) {
	x, source := examples[kind], path.Base(id)+l.Ext
	out := map[string][]byte{}
	err := fs.WalkDir(sdks.Files, l.Name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(sdks.Files, p)
		if err != nil {
			return err
		}
		switch name := strings.TrimPrefix(p, l.Name+"/"); {
		case name == x.file+l.Ext:
			was := fmt.Sprintf("%q, \"1.0.0\"", x.id)
			if !strings.Contains(string(b), was) {
				return fmt.Errorf("%s: expected %s", p, was)
			}
			out[source] = []byte(strings.Replace(string(b), was, fmt.Sprintf("%q, \"0.1.0\"", id), 1))
		case name == "README.md":
			out["fw/README.md"] = b
		case path.Ext(name) == l.Ext && path.Dir(name) == ".": // another example
		case name == "Cargo.toml":
			out[name] = []byte(strings.Replace(string(b), `"crop.rs"`, fmt.Sprintf("%q", source), 1))
		default:
			out[name] = b
		}
		return nil
	})
	return out, err
}

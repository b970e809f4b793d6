package scaffold

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/fwlab/fw/sdks"
	"github.com/fwlab/fw/sdks/python"
)

// examples are the SDKs' by the kinds that they are of, and what each is called there.
var examples = map[string]struct{ file, id string }{
	"crop":     {"crop", "fw/contrastive-crop"},
	"loss":     {"ntxent", "fw/ntxent"},
	"pretext":  {"rotation", "fw/rotation"},
	"augment":  {"augment", "fw/simclr-augment"},
	"backbone": {"convnet", "mine/convnet"},
}

// others are the languages whose SDKs' examples become the plugin.
func others() (list []language) {
	for _, l := range sdks.Languages() {
		list = append(list, language{l.Name, "sdks", func(id, kind string) (map[string][]byte, error) {
			files, err := fs.Sub(sdks.Files, l.Name)
			if err != nil {
				return nil, err
			}
			return example(files, l.Ext, path.Base(id)+l.Ext, id, kind)
		}})
	}
	return append(list, language{"python", "sdks", func(id, kind string) (map[string][]byte, error) {
		return example(python.Files, ".py", python.Source, id, kind)
	}})
}

// example is an SDK's folder with one of its examples, called source there.
func example(sdk fs.FS, ext, source, id, kind string) (map[string][]byte, error) {
	x, out := examples[kind], map[string][]byte{}
	err := fs.WalkDir(sdk, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(sdk, name)
		if err != nil {
			return err
		}
		switch {
		case name == x.file+ext:
			was := fmt.Sprintf("%q, \"1.0.0\"", x.id)
			if !strings.Contains(string(b), was) {
				return fmt.Errorf("%s: expected %s", name, was)
			}
			out[source] = []byte(strings.Replace(string(b), was, fmt.Sprintf("%q, \"0.1.0\"", id), 1))
		case name == "README.md":
			out["fw/README.md"] = b
		case path.Ext(name) == ext && path.Dir(name) == ".": // another example
		case name == "Cargo.toml":
			out[name] = []byte(strings.Replace(string(b), `"crop.rs"`, fmt.Sprintf("%q", source), 1))
		default:
			out[name] = b
		}
		return nil
	})
	return out, err
}

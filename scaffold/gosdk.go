package scaffold

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/fwlab/fw"
)

// goSDK is a go.mod, and beside the plugin the SDK's sources as a module of their
// own, which go.mod names instead of a published one.
func goSDK(id, _ string) (map[string][]byte, error) {
	mod, err := fw.SDK.ReadFile("go.mod")
	if err != nil {
		return nil, err
	}
	version := ""
	for line := range strings.Lines(string(mod)) {
		if v, ok := strings.CutPrefix(line, "go "); ok {
			version = strings.TrimSpace(v)
		}
	}
	out := map[string][]byte{
		"go.mod":           fmt.Appendf(nil, "module %s\n\ngo %s\n\nrequire github.com/fwlab/fw v0.0.0\n\nreplace github.com/fwlab/fw => ./%s\n", id, version, sdkFolder),
		carried + "go.mod": fmt.Appendf(nil, "// The SDK that this plugin is built with, as the fw that made the folder has it.\nmodule github.com/fwlab/fw\n\ngo %s\n", version),
	}
	return out, fs.WalkDir(fw.SDK, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, "_test.go") || path.Base(p) == "go.mod" {
			return err
		}
		out[carried+p], err = fw.SDK.ReadFile(p)
		return err
	})
}

// sdkFolder is where the SDK lies in the plugin's folder.
const (
	sdkFolder = "fwsdk"
	carried   = sdkFolder + "/"
)

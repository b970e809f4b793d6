package toolchain

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/fwlab/fw/sdks"
)

// others are the languages of package sdks: a folder has one source, with the SDK in
// fw beside it, and builds to a module.
func others() (list []Language) {
	for _, l := range sdks.Languages() {
		list = append(list, Language{l.Name, "*" + l.Ext, []Target{module}, func(ctx context.Context, j Job) error {
			found, err := filepath.Glob(filepath.Join(j.Dir, "*"+l.Ext))
			if err != nil || len(found) != 1 {
				return fmt.Errorf("build: expected one file *%s in %s, which may include others of folders below, found %d", l.Ext, j.Dir, len(found))
			}
			return l.Build(ctx, j.Dir, filepath.Base(found[0]), j.Out)
		}})
	}
	return list
}

package toolchain

import (
	"context"

	"github.com/fwlab/fw/sdks/python"
)

// buildPython makes an archive of the plugin's file, what it imports from its folder, and
// the SDK there.
func buildPython(ctx context.Context, j Job) error {
	interpreter, err := python.Find()
	if err != nil {
		return err
	}
	return python.Archive(ctx, interpreter, j.Dir, j.Out)
}

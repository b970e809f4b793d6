package tile

import (
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/kernel/generated"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	generated.Check(t, filepath.Join("..", "..", "asm", "tile"), "gen_amd64.s", "gen_amd64.go")
}

package libjpeg

import (
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/kernel/generated"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	generated.Check(t, filepath.Join("..", "..", "kernel", "asm", "jpeg"), "gen_amd64.s", "gen_amd64.go")
}

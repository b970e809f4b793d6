package winograd

import (
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/kernel/generated"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	generated.Check(t, filepath.Join("..", "..", "asm", "winograd"), "gen_amd64.s", "gen_amd64.go")
}

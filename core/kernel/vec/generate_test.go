package vec

import (
	"path/filepath"
	"testing"

	"github.com/fwlab/fw/core/kernel/generated"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	generated.Check(t, filepath.Join("..", "vecasm"), "gen_amd64.s", "gen_amd64.go", "gen_noasm.go")
}

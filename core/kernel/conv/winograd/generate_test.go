package winograd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The checked-in assembly is what the generator writes.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell to run generate.sh")
	}
	generator := filepath.Join("..", "..", "asm", "winograd")
	download := exec.Command("go", "mod", "download")
	download.Dir = generator
	if out, err := download.CombinedOutput(); err != nil {
		t.Skipf("the generator's modules (github.com/mmcloughlin/avo) are not to be had: %s", strings.TrimSpace(string(out)))
	}
	dir := t.TempDir()
	cmd := exec.Command("./generate.sh", dir)
	cmd.Dir = generator
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate.sh: %v\n%s", err, out)
	}
	for _, name := range []string{"gen_amd64.s", "gen_amd64.go"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what core/kernel/asm/winograd/generate.sh writes; run it", name)
		}
	}
}

// Package generated tests that checked-in assembly is what its generator writes.
// Start from [Check].
package generated

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Check runs generate.sh in the generator's folder and compares the files with
// those of the working directory. It skips where the generator cannot be built.
func Check(t *testing.T, generator string, files ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped with -short: builds the generator")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: no shell to run generate.sh")
	}
	download := exec.Command("go", "mod", "download")
	download.Dir = generator
	if out, err := download.CombinedOutput(); err != nil {
		t.Skipf("skipped: the generator's modules (github.com/mmcloughlin/avo) are not to be had: %s", strings.TrimSpace(string(out)))
	}
	dir := t.TempDir()
	cmd := exec.Command("./generate.sh", dir)
	cmd.Dir = generator
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate.sh: %v\n%s", err, out)
	}
	for _, name := range files {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what %s writes; run it", name, filepath.Join(generator, "generate.sh"))
		}
	}
}

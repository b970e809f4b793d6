package vec

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
	dir := t.TempDir()
	cmd := exec.Command("./generate.sh", dir)
	cmd.Dir = filepath.Join("..", "vecasm")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		if _, shell := exec.LookPath("sh"); shell != nil || strings.Contains(string(out), "avo") || strings.Contains(string(out), "golang.org/x") {
			t.Skipf("the generator's module github.com/mmcloughlin/avo is not to be had: %s", out)
		}
		t.Fatalf("generate.sh: %v\n%s", err, out)
	}
	for _, name := range []string{"gen_amd64.s", "gen_amd64.go", "gen_noasm.go"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := func(b []byte) []byte { return b[bytes.IndexByte(b, '\n'):] }; !bytes.Equal(lines(got), lines(want)) {
			t.Errorf("%s differs from what ../vecasm/generate.sh writes; run it", name)
		}
	}
}

package vec

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The checked-in assembly is what the generator writes.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	if testing.Short() {
		t.Skip("the generator is not built in short mode")
	}
	run := func(name string, args ...string) ([]byte, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = filepath.Join("..", "vecasm")
		return cmd.CombinedOutput()
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("generate.sh needs sh")
	}
	if out, err := run("go", "list", "-deps", "."); err != nil {
		t.Skipf("the generator needs the module github.com/mmcloughlin/avo: %s", out)
	}
	dir := t.TempDir()
	if out, err := run("./generate.sh", dir); err != nil {
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
		// The first line names the generator's flags.
		if body := func(b []byte) []byte { return b[bytes.IndexByte(b, '\n'):] }; !bytes.Equal(body(got), body(want)) {
			t.Errorf("%s differs from what ../vecasm/generate.sh writes; run it", name)
		}
	}
}

package toolchain

import (
	"archive/zip"
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/sdks/python"
)

// pythonFolder is a folder of a plugin in Python.
func pythonFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, python.Files); err != nil {
		t.Fatal(err)
	}
	put(t, dir, python.Source, "import fw\n\n\n@fw.crop(\"mine/x\", \"0.1.0\")\nclass X:\n    \"\"\"the whole image\"\"\"\n\n    def crop(self, k, img, box, view):\n        return fw.Rect(0, 0, *img)\n\n\nfw.serve(X)\n")
	return dir
}

// The same sources give the same bytes in any folder, which build leaves as it was but
// for the archive.
func TestPythonBuildsAreReproducible(t *testing.T) {
	if _, err := python.Find(); err != nil {
		t.Skip("skipped:", err)
	}
	var first []byte
	for range 2 {
		dir := pythonFolder(t)
		l, err := Of(dir)
		if err != nil || l.Name != "python" {
			t.Fatalf("%v %v", l, err)
		}
		before, _ := filepath.Glob(filepath.Join(dir, "*"))
		out := filepath.Join(dir, "x.pyz")
		if err := l.Build(t.Context(), Job{Dir: dir, Out: out, Carrier: "process"}); err != nil {
			t.Fatal(err)
		}
		after, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(after) != len(before)+1 {
			t.Errorf("the folder has %q, before %q", after, before)
		}
		b, err := os.ReadFile(out)
		if err != nil || !strings.HasPrefix(string(b), "#!") {
			t.Fatalf("%v: %.20q", err, b)
		}
		if first != nil && string(first) != string(b) {
			t.Error("two folders, two archives")
		}
		first = b
		if info, err := os.Stat(out); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("it cannot be run: %v %v", info.Mode(), err)
		}
	}
}

// Where Python or grpcio is missing, the error has the cure.
func TestWithoutPython(t *testing.T) {
	dir := pythonFolder(t)
	build := func(interpreter string) string {
		t.Setenv("FW_PYTHON", interpreter)
		err := buildPython(context.Background(), Job{Dir: dir, Out: filepath.Join(dir, "x.pyz")})
		if err == nil {
			t.Fatalf("%s built it", interpreter)
		}
		return err.Error()
	}
	if got := build("no-such-python"); got != "build: plugins in python need Python 3.9 or later with grpcio, and no-such-python is not found; install it, or name another by FW_PYTHON" {
		t.Error(got)
	}
	bare, err := exec.LookPath("false") // no module is found by it
	if err != nil {
		t.Skip("skipped:", err)
	}
	if got := build(bare); got != "build: plugins in python need the module grpc, which "+bare+" does not have; install it: "+bare+" -m pip install grpcio, or name another Python by FW_PYTHON" {
		t.Error(got)
	}
}

// What a plugin imports from its folder is in the archive with the SDK; what is installed,
// in a virtual environment of the folder too, and what it does not import, are not.
func TestPythonArchivesHaveWhatIsImported(t *testing.T) {
	if _, err := python.Find(); err != nil {
		t.Skip("skipped:", err)
	}
	dir := pythonFolder(t)
	installed := filepath.Join(dir, "venv", "lib", "site-packages")
	if err := os.MkdirAll(installed, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, installed, "installed.py", "")
	put(t, dir, "shares.py", "")
	source, err := os.ReadFile(filepath.Join(dir, python.Source))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, python.Source, "import sys\n\nsys.path.append(sys.path[0] + '/venv/lib/site-packages')\nimport installed\nimport shares\n"+string(source))
	out := filepath.Join(dir, "x.pyz")
	if err := buildPython(t.Context(), Job{Dir: dir, Out: out}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		if path.Dir(f.Name) != "fw" {
			names = append(names, f.Name)
		}
	}
	if got := strings.Join(names, " "); got != "__main__.py plugin.py shares.py" {
		t.Errorf("the archive has %s", got)
	}
}

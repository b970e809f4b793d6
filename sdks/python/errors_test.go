package python

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/wire"
)

func lossRequest(id string, params ...schema.Named) []byte {
	return wire.Marshal(nil, &wire.TraceRequest{Plugin: id, Func: "loss", Params: params,
		Inputs: []wire.Port{{Name: "z1", Shape: shape.F32(4, 2)}, {Name: "z2", Shape: shape.F32(4, 2)}}})
}

// place is file:line of the line of a file in testdata that ends with a comment.
func place(t *testing.T, file, comment string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(s, "# "+comment) {
			return fmt.Sprintf("%s:%d", file, i+1)
		}
	}
	t.Fatalf("%s: no line ends with # %s", file, comment)
	return ""
}

// A mistake in a trace and any exception are told with the author's file and line; what
// was printed before is there too.
func TestErrorsHaveTheAuthorsPlace(t *testing.T) {
	guest := example(t, "broken.py")
	for _, c := range []struct {
		how   string
		kind  host.Kind
		words []string
	}{
		{"refused", host.Refused, []string{"test/broken: parameter how: expected another"}},
		{"mistake", host.Refused, []string{place(t, "broken.py", "mistake") + ": shapes do not broadcast: f32[4,2] and f32[2,4]"}},
		{"exception", host.Refused, []string{place(t, "broken.py", "exception") + ": IndexError: list index out of range", "in loss", "about to look"}},
		{"crash", host.Crashed, []string{"last words"}},
	} {
		_, err := guest.Call(context.Background(), abi.Trace, lossRequest("test/broken", schema.Named{Name: "how", Value: schema.OfString(c.how)}))
		var e *host.Error
		if !errors.As(err, &e) || e.Kind != c.kind {
			t.Errorf("%s: found %v", c.how, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(e.Error(), w) {
				t.Errorf("%s: expected %q in\n%v", c.how, w, e)
			}
		}
	}
}

// A module that is not there is one sentence with the cure.
func TestAMissingModuleIsSaidWithTheCure(t *testing.T) {
	python := interpreter(t)
	needy, _ := started(t, build(t, python, folder(t, "needy.py"), "needy.py"))
	_, err := needy.Call(context.Background(), abi.Describe, nil)
	want := fmt.Sprintf("%s: no module 'nowhere' in %s; install it there: %s -m pip install nowhere", place(t, "needy.py", "missing"), python, python)
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("expected %q, found %v", want, err)
	}

	// An interpreter without its packages has no grpcio.
	out := filepath.Join(t.TempDir(), "plugin")
	cmd := exec.Command(python, "-B", "-m", "fw", "build", "ntxent.py", "--out", out, "--python", python+" -S")
	cmd.Dir = folder(t)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	if exec.Command(python, "-S", "-c", "import grpc").Run() == nil {
		t.Skip("this Python has grpcio beside its own modules")
	}
	_, err = process.Start(context.Background(), process.Config{Path: filepath.Join(out, "ntxent.pyz")})
	if err == nil || !strings.Contains(err.Error(), "no module 'grpc' in ") || !strings.Contains(err.Error(), "-m pip install grpcio") {
		t.Errorf("found %v", err)
	}
}

// The same sources give the same bytes in any folder.
func TestBuildsAreReproducible(t *testing.T) {
	python := interpreter(t)
	var first []byte
	for range 2 {
		b, err := os.ReadFile(filepath.Join(build(t, python, folder(t), "crop.py"), "crop.pyz"))
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && string(first) != string(b) {
			t.Error("two folders, two archives")
		}
		first = b
	}
}

// A plugin ends when its parent is gone, also where the system does not end it.
func TestAPluginDiesWithItsParent(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc, which shows processes")
	}
	path := filepath.Join(build(t, interpreter(t), folder(t), "ntxent.py"), "ntxent.pyz")
	sh := exec.Command("sh", "-c", `"$0" & echo $!; wait`, path)
	sh.Env = append(os.Environ(), abi.CookieKey+"="+abi.CookieValue, "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir())
	pipe, err := sh.StdoutPipe()
	if err == nil {
		err = sh.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	pid, err1 := out.ReadString('\n')
	shake, err2 := out.ReadString('\n')
	if err1 != nil || err2 != nil || !strings.HasPrefix(shake, "1|1|unix|") {
		t.Fatalf("%q, %q: %v, %v", pid, shake, err1, err2)
	}
	if err := sh.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = sh.Wait()
	stat := "/proc/" + strings.TrimSpace(pid) + "/stat"
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(stat)
		if _, state, _ := strings.Cut(string(b), ") "); err != nil || strings.HasPrefix(state, "Z") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %s outlives its parent", pid)
		}
	}
}

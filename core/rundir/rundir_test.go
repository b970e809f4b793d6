package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func create(t *testing.T) *Run {
	t.Helper()
	r, err := Create(filepath.Join(t.TempDir(), "runs"), "quickstart", "a1b2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if err := r.Write(r.Resolved(), []byte("[experiment]\n")); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCreateMakesTheFolder(t *testing.T) {
	r := create(t)
	if got := filepath.Base(string(r.Dir)); got != "quickstart-a1b2" {
		t.Errorf("the run is at %s", got)
	}
	for _, path := range []string{r.Checkpoints(), r.Plots(), r.Resolved()} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := At(string(r.Dir)); err != nil {
		t.Error(err)
	}
}

func TestCreateNeverWritesOver(t *testing.T) {
	r := create(t)
	_, err := Create(filepath.Dir(string(r.Dir)), "quickstart", "a1b2")
	if !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "--resume") || !strings.Contains(err.Error(), string(r.Dir)) {
		t.Errorf("got %v", err)
	}
}

func TestCreateRefusesOddNames(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "runs")
	for _, name := range []string{"", "..", "a/b", `a\b`, "a b", "-a", ".a", strings.Repeat("a", 101)} {
		if _, err := Create(parent, name, "1"); err == nil {
			t.Errorf("name %q was taken", name)
		}
		if _, err := Create(parent, "a", name); err == nil {
			t.Errorf("id %q was taken", name)
		}
	}
	if _, err := os.Stat(parent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused run left %v", err)
	}
}

func TestNameOfTheWorkingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tiny-1")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, d := range []Dir{".", Dir(dir), "../tiny-1"} {
		if d.Name() != "tiny-1" {
			t.Errorf("%q is called %q", d, d.Name())
		}
	}
}

func TestOneProcessWrites(t *testing.T) {
	r := create(t)
	if err := r.SetStatus(Status{State: Running, PID: 4711}); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(string(r.Dir)); err == nil || !strings.Contains(err.Error(), "written by process 4711") {
		t.Errorf("got %v", err)
	}
	if err := r.SetStatus(Status{State: Completed, PID: 4711}); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(string(r.Dir)); err == nil || !strings.Contains(err.Error(), "written by another process") {
		t.Errorf("a run that is done: got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Resume(string(r.Dir))
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestResumeWantsARun(t *testing.T) {
	if _, err := Resume(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("got %v", err)
	}
}

func TestResumeCleansUp(t *testing.T) {
	r := create(t)
	r.Close()
	left := filepath.Join(string(r.Dir), ".report.json.1-1.fw-tmp")
	if err := os.WriteFile(left, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	again, err := Resume(string(r.Dir))
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a killed process's unfinished file is still there: %v", err)
	}
}

func TestStatusRoundTrip(t *testing.T) {
	r := create(t)
	want := Status{State: Failed, PID: 1, Step: 40, Epoch: 2, Message: "train: loss is NaN at step 40"}
	if err := r.SetStatus(want); err != nil {
		t.Fatal(err)
	}
	if got, err := r.ReadStatus(); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(r.Status(), []byte(`{"state":"fine"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadStatus(); err == nil || !strings.Contains(err.Error(), `unknown state "fine"`) {
		t.Errorf("got %v", err)
	}
}

func TestLogAppends(t *testing.T) {
	r := create(t)
	for _, s := range []string{"one\n", "two\n"} {
		f, err := r.OpenLog()
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(s)
		f.Close()
	}
	if data, err := os.ReadFile(r.Log()); err != nil || string(data) != "one\ntwo\n" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestEnvironmentSaysWhatItRanOn(t *testing.T) {
	r := create(t)
	e := Here("0.1", 2, []Plugin{{ID: "fw/x", Kind: "crop", Version: "1.0.0", Carrier: "wasm", SHA256: "ab"}})
	if e.Cores < 1 || !strings.HasPrefix(e.Go, "go") || len(e.Plugins) != 1 || e.CPU == nil {
		t.Errorf("got %+v", e)
	}
	if err := r.SetEnvironment(e); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(r.Environment())
	if err != nil || !strings.Contains(string(data), `"workers": 2`) {
		t.Errorf("%v\n%s", err, data)
	}
	if got := Here("", 1, nil); !reflect.DeepEqual(got.Plugins, []Plugin{}) {
		t.Error("no plugins would be null in JSON")
	}
}

func TestPeakRSSGrows(t *testing.T) {
	before := PeakRSS()
	b := make([]byte, 64<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	if after := PeakRSS(); before <= 0 || after < 32<<20 || after < before {
		t.Errorf("from %d to %d bytes", before, after)
	}
}

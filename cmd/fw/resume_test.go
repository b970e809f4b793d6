package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/tensor"
)

// whole is the encoder of the tiny experiment, run through.
func whole(t *testing.T, file string, args ...string) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "whole")
	if code, out := fw(t, append([]string{"run", file, "--out", dir}, args...)...); code != 0 {
		t.Fatal(out)
	}
	return encoder(t, dir)
}

func status(t *testing.T, dir string) rundir.Status {
	t.Helper()
	s, err := rundir.Dir(dir).ReadStatus()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKilledWhileSaving kills the run whenever a checkpoint is being written,
// and lets it go on, until it gets through.
func TestKilledWhileSaving(t *testing.T) {
	file := experimentFile(t, tiny)
	want := whole(t, file)
	for range 20 { // a save that is over before it is seen shows nothing
		if killedWhileSaving(t, file, want) > 0 {
			return
		}
	}
	t.Fatal("none of 20 runs was seen while saving")
}

// killedWhileSaving says how often it caught a run that gives the encoder.
func killedWhileSaving(t *testing.T, file string, want []byte) (caught int) {
	dir := filepath.Join(t.TempDir(), "killed")
	checkpoints := rundir.Dir(dir).Checkpoints()
	saving := func() bool {
		entries, _ := os.ReadDir(checkpoints)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".fw-tmp") {
				return true
			}
		}
		return false
	}
	args := []string{"run", file, "--out", dir}
	for round := range 4 {
		c := start(t, args...)
		seen := c.until(saving)
		if seen {
			time.Sleep(time.Duration(round) * 300 * time.Microsecond) // into the writing
			c.kill()
		}
		if c.ProcessState.Success() {
			break
		}
		if !seen {
			t.Fatal(&c.out)
		}
		caught++
		args = []string{"run", "--resume", dir}
	}
	if !exists(rundir.Dir(dir).Encoder()) {
		if code, out := fw(t, "run", "--resume", dir); code != 0 {
			t.Fatal(out)
		}
	}
	if !bytes.Equal(want, encoder(t, dir)) {
		t.Errorf("killed %d times while saving, the encoder differs", caught)
	}
	if saving() {
		t.Error("what the killed processes left unfinished is still there")
	}
	return caught
}

func TestInterruptSavesAndSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt between processes on Windows")
	}
	file := experimentFile(t, strings.Replace(tiny, "epochs = 4", "epochs = 40", 1))
	want := whole(t, file)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) { interrupt(t, file, s, want) })
	}
}

func interrupt(t *testing.T, file string, s os.Signal, want []byte) {
	c, dir := stopped(t, func(c *child) { _ = c.Process.Signal(s) }, file)
	if code := c.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(c.out.String(), "go on with: fw run --resume "+dir) {
		t.Fatalf("exit code %d:\n%s", code, &c.out)
	}
	if s := status(t, dir); s.State != rundir.Interrupted || s.Step == 0 {
		t.Errorf("status %+v", s)
	}
	if code, out := fw(t, "run", "--resume", dir); code != 0 {
		t.Fatal(out)
	}
	if !bytes.Equal(want, encoder(t, dir)) {
		t.Error("the encoder after interrupt and resume differs")
	}
	h, err := rundir.Dir(dir).ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, p := range h[rundir.TrainLoss] {
		if p.Step <= last {
			t.Errorf("step %d is recorded after step %d", p.Step, last)
		}
		last = p.Step
	}
}

func TestAStoppedRunGoesFurther(t *testing.T) {
	t.Parallel()
	file, dir := experimentFile(t, tiny), filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--set", "train.steps=4", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	if code, out := fw(t, "run", "--set", "train.steps=0", "--resume", dir); code != 0 || !strings.Contains(out, "changed: train.steps: 4, now 0") {
		t.Fatal(code, out)
	}
	if !bytes.Equal(whole(t, file), encoder(t, dir)) {
		t.Error("the encoder differs")
	}
}

func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	file, root := experimentFile(t, tiny), t.TempDir()
	refuses := func(dir string, want ...string) {
		t.Helper()
		code, out := fw(t, "run", "--resume", dir)
		for _, w := range want {
			if code == 0 || !strings.Contains(out, w) {
				t.Errorf("exit code %d, expected an error with %q:\n%s", code, w, out)
			}
		}
	}
	refuses(filepath.Join(root, "none"), "is not a run directory")

	dir := filepath.Join(root, "r")
	if code, out := fw(t, "run", file, "--out", dir); code != 0 {
		t.Fatal(out)
	}
	refuses(dir, "is complete: all 12 steps are done", "fw eval")

	last := filepath.Join(rundir.Dir(dir).Checkpoints(), checkpoint.LastName)
	good, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(last, good[:len(good)-8], 0o644); err != nil {
		t.Fatal(err)
	}
	refuses(dir, "last.safetensors is damaged", "epoch-0004.safetensors", "copy it over")
	if err := os.Remove(last); err != nil {
		t.Fatal(err)
	}
	refuses(dir, "last.safetensors is missing; copy", "epoch-0004.safetensors")

	other := filepath.Join(root, "other")
	if code, out := fw(t, "run", file, "--set", "experiment.seed=1", "--out", other); code != 0 {
		t.Fatal(out)
	}
	if err := os.Link(filepath.Join(rundir.Dir(other).Checkpoints(), checkpoint.LastName), last); err != nil {
		t.Fatal(err)
	}
	refuses(dir, "is of another experiment")
}

func TestNotFiniteStopsTheRun(t *testing.T) {
	t.Parallel()
	file := experimentFile(t, strings.Replace(tiny, "base_lr = 0.5", "lr = 1e38", 1))
	dir := filepath.Join(t.TempDir(), "r")
	code, out := fw(t, "run", file, "--out", dir)
	for _, want := range []string{"train: step 2: the loss is NaN", "not finite first: the result of", "last good checkpoint, of step 1"} {
		if code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q:\n%s", code, want, out)
		}
	}
	if s := status(t, dir); s.State != rundir.Failed || !strings.Contains(s.Message, "step 2") {
		t.Errorf("status %+v", s)
	}
	batch, err := tensor.Open(rundir.Dir(dir).NaNBatch())
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Close()
	if len(batch.Names()) == 0 || batch.Metadata()["step"] != "2" {
		t.Errorf("the batch has %v, %v", batch.Names(), batch.Metadata())
	}
	c, err := checkpoint.At(rundir.Dir(dir).Checkpoints()).Last()
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range c.Tensors {
		for _, v := range x.F32() {
			if v-v != 0 {
				t.Fatalf("%s is not finite in the checkpoint", name)
			}
		}
	}
}

// TestAFullDiskKeepsTheCheckpoint stands a limit on the size of files in for a
// full disk: the metrics fit, a checkpoint does not.
func TestAFullDiskKeepsTheCheckpoint(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no ulimit on Windows")
	}
	file, dir := experimentFile(t, tiny), filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--set", "train.steps=3", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	last := filepath.Join(rundir.Dir(dir).Checkpoints(), checkpoint.LastName)
	before, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `ulimit -f 16; exec "$0" "$@"`, os.Args[0], "run", "--set", "train.steps=0", "--resume", dir)
	cmd.Env = append(os.Environ(), "FW_TEST_MAIN=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "too large; the checkpoint before is untouched") {
		t.Errorf("%v:\n%s", err, out)
	}
	if after, err := os.ReadFile(last); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the checkpoint changed: %v", err)
	}
	if s := status(t, dir); s.State != rundir.Failed || !strings.Contains(s.Message, "too large") {
		t.Errorf("status %+v", s)
	}
	if code, out := fw(t, "run", "--resume", dir, "--set", "train.steps=0"); code != 0 {
		t.Fatal(out)
	}
	if !bytes.Equal(whole(t, file), encoder(t, dir)) {
		t.Error("the encoder differs after the disk had room again")
	}
}

func decode[T any](t *testing.T, r io.Reader) (v T) {
	t.Helper()
	if err := json.NewDecoder(r).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

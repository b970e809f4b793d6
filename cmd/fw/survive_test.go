package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
	"github.com/fwlab/fw/sdk"
)

// moodyName is the name under which this binary is a crop strategy that does what a
// file beside it says, which its user lets it read.
const moodyName = "moody-plugin"

type moody struct{ file string }

func (m moody) Crop(k *sdk.Key, img sdk.Size, _ sdk.Box) sdk.Rect {
	mood, err := os.ReadFile(m.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		panic(err)
	case string(mood) == "crash":
		os.NewFile(2, "stderr").WriteString("CUDA error: device lost\n")
		os.Exit(9)
	case string(mood) == "hang":
		select {}
	}
	return sdk.Rect{Y: k.Intn(img.H - 7), X: k.Intn(img.W - 7), H: 8, W: 8}
}

func moodyPlugin() *sdk.Plugin {
	return sdk.Crop("mine/moody", "0.1.0", moody{os.Args[0] + ".mood"}).Doc("a crop of 8 by 8")
}

func serveMoody() { sdk.Serve(moodyPlugin()) }

// moodyFolder is the plugin's folder, trusted, and the file of its mood.
func moodyFolder(t *testing.T) (dir, mood string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("skipped: looks for processes in /proc")
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	program := filepath.Join(dir, moodyName)
	put(t, program, self, 0o755)
	m := registry.ManifestOf(moodyPlugin().Info(), abi.Version, ir.Version)
	m.Capabilities = []string{"files"}
	m.Artifacts = []registry.Artifact{{Carrier: registry.Process, Platform: thisPlatform, Path: moodyName, SHA256: sum(t, program)}}
	put(t, filepath.Join(dir, registry.ManifestName), m.Encode(), 0o644)
	s, err := openStore()
	if err == nil {
		err = s.Trust(store.Trusted{SHA256: sum(t, program), Plugin: t.Name(), Source: program, Capabilities: m.Capabilities})
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, program + ".mood"
}

// running lists the processes whose command line names a path.
func running(path string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(path)) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// A native plugin that goes wrong in the middle of training ends the run with an error
// that names it and the step. The last checkpoint stands, no process is left, and once
// the plugin is well again the run goes on to the same bytes.
func TestTrainingSurvivesItsPlugin(t *testing.T) {
	t.Parallel()
	folder, mood := moodyFolder(t)
	file := experimentFile(t, strings.Replace(tiny, "epochs = 4", "epochs = 20", 1)+fmt.Sprintf("\n[crop]\nuse = %q\n", folder))
	want := whole(t, file)
	for _, m := range []struct{ mood, timeout, want string }{
		{"crash", "2m", "CUDA error: device lost"},
		{"hang", "5s", "no answer after 5s, the process is stopped"},
	} {
		t.Run(m.mood, func(t *testing.T) {
			c, dir := stopped(t, func(c *child) {
				put(t, mood, []byte(m.mood), 0o644)
				<-c.ended
				if err := os.Remove(mood); err != nil {
					t.Fatal(err)
				}
			}, file, "--plugin-timeout", m.timeout)
			if code := c.ProcessState.ExitCode(); code != exitFailed {
				t.Fatalf("exit code %d:\n%s", code, &c.out)
			}
			s := status(t, dir)
			for _, want := range []string{"train: step ", "mine/moody", m.want, "go on with: fw run --resume " + dir} {
				if !strings.Contains(c.out.String(), want) {
					t.Errorf("expected %q in\n%s", want, &c.out)
				}
			}
			if s.State != rundir.Failed || s.Step == 0 || !strings.Contains(s.Message, "mine/moody") {
				t.Errorf("status %+v", s)
			}
			if _, err := checkpoint.At(rundir.Dir(dir).Checkpoints()).Last(); err != nil {
				t.Error(err)
			}
			if left := running(folder); left != nil {
				t.Errorf("processes %v are left", left)
			}
			ok(t, "run", "--resume", dir)
			if !bytes.Equal(want, encoder(t, dir)) {
				t.Error("the encoder differs from the one of a run without a failure")
			}
		})
	}
}

// A module that traps in the middle of training gets a fresh instance, and the bytes are
// those of a run without a trap. Where that does not help the run ends with one error
// that names the plugin, the step and the place in its source; the last checkpoint
// stands, and the run goes on from it as far as it can.
func TestTrainingSurvivesAModule(t *testing.T) {
	p := thirdParty(t)
	file := experimentFile(t, strings.Replace(tiny, "epochs = 4", "epochs = 20", 1)+
		fmt.Sprintf("\n[crop]\nuse = %q\n", filepath.ToSlash(p.folder(t, "mine/fragile", registry.WASM))))
	if got := whole(t, file, "--set", "crop.lasts=300"); !bytes.Equal(got, whole(t, file)) {
		t.Error("the encoder of instances that wear out differs")
	}

	dir := filepath.Join(t.TempDir(), "r")
	trapped := fails(t, "go on with: fw run --resume "+dir, "run", file, "--out", dir, "--set", "crop.fails=0.001")
	stopped := status(t, dir)
	said := fmt.Sprintf("train: step %d: crop: mine/fragile: plugin ", stopped.Step+1)
	for _, want := range []string{said, "Crop: trapped: panic: no way to crop this (", "main.go:"} {
		if !strings.Contains(trapped, want) || !strings.Contains(stopped.Message, want) {
			t.Errorf("expected %q in\n%s\nand in %+v", want, trapped, stopped)
		}
	}
	if n := strings.Count(trapped, "no way to crop this"); n != 1 {
		t.Errorf("it is said %d times in\n%s", n, trapped)
	}
	last, err := checkpoint.At(rundir.Dir(dir).Checkpoints()).Last()
	if err != nil {
		t.Fatal(err)
	}
	if stopped.State != rundir.Failed || last.Meta.Step == 0 || last.Meta.Step >= stopped.Step {
		t.Fatalf("checkpoint of step %d, status %+v: the test shows nothing", last.Meta.Step, stopped)
	}
	fails(t, said, "run", "--resume", dir)
	steps := fmt.Sprint("train.steps=", stopped.Step)
	ok(t, "run", "--resume", dir, "--set", steps)
	if !bytes.Equal(encoder(t, dir), whole(t, file, "--set", "crop.fails=0.001", "--set", steps)) {
		t.Error("the encoder differs from the one of a run that ends before the trap")
	}
}

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/rundir"
)

// A task that goes through the whole training set between epochs gives the same
// encoder when it stops at every kind of place, and its measures are recorded.
func TestPhasesAreResumed(t *testing.T) {
	t.Parallel()
	file := experimentFile(t, strings.Replace(tiny, "use = \"fw/simclr\"\nhidden = 16\nout = 8", "use = \"fw/deepcluster\"\nclusters = 6\npca = 8", 1))
	want := whole(t, file)
	dir := filepath.Join(t.TempDir(), "r")
	args := []string{"run", file, "--out", dir}
	for _, steps := range []string{"2", "3", "7", "0"} { // of 3 an epoch
		if code, out := fw(t, append(args, "--set", "train.steps="+steps)...); code != 0 {
			t.Fatal(out)
		}
		args = []string{"run", "--resume", dir}
	}
	if !bytes.Equal(want, encoder(t, dir)) {
		t.Error("the encoder differs")
	}
	h, err := rundir.Dir(dir).ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(h["cluster/nmi"]); n != 4 { // before each of 4 epochs
		t.Errorf("cluster/nmi: %v", h["cluster/nmi"])
	}
}

// Parameters that do not fit the rest of the experiment are refused with their places.
func TestCheckRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for want, pretext := range map[string]string{
		`x.toml:20:1: pretext.queue: plugin "fw/moco": expected a multiple of the 16 keys of a step, found 100`:     "use = \"fw/moco\"\nqueue = 100\nout = 8",
		`x.toml:20:1: pretext.clusters: plugin "fw/deepcluster": expected at most the 51 training images, found 60`: "use = \"fw/deepcluster\"\nclusters = 60\npca = 8",
		`link: pretext "fw/byol" needs a loss of signature predict, "fw/ntxent" is one of signature contrast`:       "use = \"fw/byol\"\n\n[loss]\nuse = \"fw/ntxent\"",
	} {
		pretext = strings.Replace(pretext, "\nout = 8", "", 1)
		code, out := fw(t, "check", experimentFile(t, strings.Replace(tiny, "use = \"fw/simclr\"\nhidden = 16\nout = 8", pretext, 1)))
		if code == 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, expected %q in:\n%s", code, want, out)
		}
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

// TestRunDirectory: what a run leaves, and what its report says.
func TestRunDirectory(t *testing.T) {
	t.Parallel()
	file, dir := experimentFile(t, strings.Replace(tiny, "k = 5", "k = 5\nevery_epochs = 1", 1)), filepath.Join(t.TempDir(), "r")
	code, out := fw(t, "run", file, "--out", dir)
	if code != 0 {
		t.Fatal(out)
	}
	for _, name := range []string{"experiment.toml", "resolved.toml", "environment.json", "fw.lock", "metrics.jsonl", "log.txt", "status.json", "checkpoints/last.safetensors",
		"checkpoints/epoch-0004.safetensors", "encoder.safetensors", "report.json", "report.html", "plots/views.png", "plots/neighbours.png", "plots/training-loss.svg", "plots/knn-top-1.svg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := report.Read(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, e := range r.Evals {
		subjects = append(subjects, e.Protocol+" "+e.Subject)
	}
	if got, want := strings.Join(subjects, ", "), "knn trained, knn untrained, knn pixels"; got != want {
		t.Errorf("evals %s, expected %s", got, want)
	}
	x := r.Train
	if x.Steps != 12 || x.Epochs != 4 || x.BatchSize != 16 || x.ImagesPerSecond <= 0 || x.PeakRSSBytes <= 0 || x.PluginShare <= 0 || x.PluginShare >= 1 {
		t.Errorf("train %+v", x)
	}
	if x.LossClasses != 32 {
		t.Errorf("each of 32 embeddings chooses among them; loss_classes is %d", x.LossClasses)
	}
	if r.Status != rundir.Completed || r.Collapse.Dim == 0 || r.Collapse.Std <= 0 || r.Collapse.RankMe < 1 {
		t.Errorf("status %s, collapse %+v", r.Status, r.Collapse)
	}
	if len(r.Plugins) != 5 {
		t.Errorf("plugins %+v", r.Plugins)
	}
	for _, p := range r.Plugins {
		if len(p.SHA256) != 64 {
			t.Errorf("plugin %s: sha256 %q", p.ID, p.SHA256)
		}
	}
	for _, want := range []string{r.Headline, "images/s", "plugin calls", "waiting for data", "peak memory", "report.html", "encoder.safetensors", "kNN "} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary has no %q:\n%s", want, out)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "log.txt"))
	if err != nil || !strings.Contains(string(log), r.Headline) || !strings.Contains(string(log), "step 12/12") {
		t.Errorf("%v, the log is\n%s", err, log)
	}
}

func TestEvalAddsToTheReport(t *testing.T) {
	t.Parallel()
	file, dir := experimentFile(t, tiny), filepath.Join(t.TempDir(), "r")
	if code, out := fw(t, "run", file, "--set", "train.keep_checkpoints=2", "--out", dir); code != 0 {
		t.Fatal(out)
	}
	evals := func() []report.Eval {
		t.Helper()
		r, err := report.Read(filepath.Join(dir, "report.json"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Evals
	}
	first := evals()
	for _, c := range []struct {
		args []string
		more int
	}{
		{nil, 0}, // the same measurement again
		{[]string{"--k", "3"}, 3},
		{[]string{"--k", "3"}, 3},
		{[]string{"--protocol", "linear", "--epochs", "2", "--seeds", "0,1"}, 9},
		{[]string{"--checkpoint", "3"}, 10}, // the floors are known
	} {
		if code, out := fw(t, append([]string{"eval", dir}, c.args...)...); code != 0 || !strings.Contains(out, "untrained") || !strings.Contains(out, "pixels") {
			t.Fatalf("%v: exit code %d:\n%s", c.args, code, out)
		}
		if got := len(evals()) - len(first); got != c.more {
			t.Errorf("%v: %d more evals than at first, expected %d", c.args, got, c.more)
		}
	}
	now := evals()
	for i, e := range first {
		if now[i].Top1 != e.Top1 {
			t.Errorf("%s of %s was %v, measured again it is %v", e.Protocol, e.Subject, e.Top1, now[i].Top1)
		}
	}
	if e := now[len(now)-1]; e.Choice != report.Epoch || e.Epoch != 3 || e.Subject != report.Trained {
		t.Errorf("the last is %+v", e)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !bytes.Contains(page, []byte("<td>linear probe</td>")) || !bytes.Contains(page, []byte("Nearest neighbours")) {
		t.Errorf("the page was not renewed: %v", err)
	}
	code, out := fw(t, "eval", dir, "--json")
	if list := decode[[]report.Eval](t, strings.NewReader(out)); code != 0 || len(list) != 3 {
		t.Errorf("exit code %d: %s", code, out)
	}
	for want, args := range map[string][]string{
		"train.keep_checkpoints keeps more": {"--checkpoint", "1"},
		"expected last or the number":       {"--checkpoint", "best"},
		"eval.0.k":                          {"--k", "0"},
		"eval.0.epochs":                     {"--epochs", "3"}, // not of knn
	} {
		if code, out := fw(t, append([]string{"eval", dir}, args...)...); code == 0 || !strings.Contains(out, want) {
			t.Errorf("%v: exit code %d, expected %q:\n%s", args, code, want, out)
		}
	}
	if len(evals()) != len(now) {
		t.Error("an error changed the report")
	}
}

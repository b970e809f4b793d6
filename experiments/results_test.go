// Package experiments holds the experiments; its test keeps the table of what they
// reach.
package experiments

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

var (
	reports = flag.String("reports", "", "folder of run directories whose reports are added to results.json")
	rewrite = flag.Bool("rewrite", false, "write the tables in the documents anew")
)

// result is one run of an experiment. Accuracies are in percent, by protocol and
// subject.
type result struct {
	Experiment string                        `json:"experiment"`
	Run        string                        `json:"run"`
	Epochs     int                           `json:"epochs"`
	Train      int                           `json:"train"` // images
	Minutes    float64                       `json:"minutes"`
	Top1       map[string]map[string]float64 `json:"top1"`
}

const (
	resultsFile = "results.json"
	docFile     = "../docs/methods.md"
)

// The table of results in docs/methods.md is made of results.json, to which the reports
// of runs are added; an experiment without runs has an empty row.
func TestResultsTable(t *testing.T) {
	var all []result
	get(t, resultsFile, &all)
	if *reports != "" {
		all = merge(all, collect(t, *reports))
		put(t, resultsFile, all)
	}
	section(t, docFile, "results", "go test ./experiments -reports RUNS -rewrite", render(t, all))
}

// put writes what was measured to a file, and get reads it.
func put(t *testing.T, file string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = os.WriteFile(file, append(data, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// section holds the part of a document between the lines of a name against what it is
// to be, or writes it there; command is what makes it of runs.
func section(t *testing.T, file, name, command, text string) {
	t.Helper()
	begins, ends := fmt.Sprintf("<!-- %s: %s -->\n", name, command), fmt.Sprintf("<!-- end of %s -->\n", name)
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begins)
	old, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		t.Fatalf("%s has no lines %q and %q", file, begins, ends)
	}
	if text == old {
		return
	}
	if !*rewrite {
		t.Fatalf("the %s in %s are not those on file; run go test ./experiments -rewrite", name, file)
	}
	if err := os.WriteFile(file, []byte(before+begins+text+ends+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// collect reads the reports of completed runs.
func collect(t *testing.T, dir string) (all []result) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "report.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports in %s: %v", dir, err)
	}
	for _, file := range files {
		r, err := report.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != rundir.Completed {
			continue
		}
		x := result{Experiment: r.Name, Run: r.Run, Epochs: r.Train.Epochs, Train: r.Data.Train, Minutes: r.Train.Seconds / 60, Top1: map[string]map[string]float64{}}
		for _, e := range r.Evals {
			if x.Top1[e.Protocol] == nil {
				x.Top1[e.Protocol] = map[string]float64{}
			}
			x.Top1[e.Protocol][e.Subject] = float64(e.Top1)
		}
		all = append(all, x)
	}
	return all
}

// merge puts runs beside those on file, in place of those of the same name.
func merge(old, fresh []result) []result {
	all := beside(old, fresh, func(r result) [2]string { return [2]string{r.Experiment, r.Run} })
	slices.SortFunc(all, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Experiment, b.Experiment), cmp.Compare(a.Run, b.Run))
	})
	return all
}

// render is a row for each small experiment.
func render(t *testing.T, all []result) string {
	t.Helper()
	files, err := filepath.Glob("*-cifar10-small.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no experiments: %v", err)
	}
	var b strings.Builder
	b.WriteString("| experiment | images, epochs | runs | kNN: trained / untrained / pixels | linear: trained / untrained / pixels | minutes, the shortest |\n|---|---|---|---|---|---|\n")
	for _, file := range files {
		name := strings.TrimSuffix(file, ".toml")
		var runs []result
		for _, r := range all {
			if r.Experiment == name {
				runs = append(runs, r)
			}
		}
		if len(runs) == 0 {
			fmt.Fprintf(&b, "| %s | | | | | |\n", name)
			continue
		}
		first, minutes := runs[0], math.Inf(1)
		for _, r := range runs {
			if r.Epochs != first.Epochs || r.Train != first.Train {
				t.Fatalf("%s: expected runs of as many images and epochs, found %s with %d and %d, and %s with %d and %d; run all seeds again", name, first.Run, first.Train, first.Epochs, r.Run, r.Train, r.Epochs)
			}
			minutes = min(minutes, r.Minutes)
		}
		fmt.Fprintf(&b, "| %s | %d, %d | %d | %s | %s | %.1f |\n", name, first.Train, first.Epochs, len(runs), over(runs, report.KNN), over(runs, report.Linear), minutes)
	}
	return b.String()
}

// over is a protocol's means over runs, for the trained encoder with their range.
func over(runs []result, protocol string) string {
	var parts []string
	for _, subject := range []string{report.Trained, report.Untrained, report.Pixels} {
		var sum float64
		least, most := math.Inf(1), math.Inf(-1)
		for _, r := range runs {
			v, ok := r.Top1[protocol][subject]
			if !ok {
				return ""
			}
			sum, least, most = sum+v, min(least, v), max(most, v)
		}
		s := fmt.Sprintf("%.1f", sum/float64(len(runs)))
		if subject == report.Trained && len(runs) > 1 {
			s += fmt.Sprintf(" (%.1f to %.1f)", least, most)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " / ")
}

// Package experiments holds the experiments; its test keeps the table of what they
// reach.
package experiments

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

var (
	reports = flag.String("reports", "", "folder of run directories whose reports replace results.json")
	rewrite = flag.Bool("rewrite", false, "write the tables in the documents anew")
)

// result is one experiment over its runs, which differ by seed. Accuracies are in
// percent: of each run, by protocol and subject.
type result struct {
	Experiment string                          `json:"experiment"`
	Runs       []string                        `json:"runs"`
	Epochs     int                             `json:"epochs"`
	Train      int                             `json:"train"` // images
	Minutes    float64                         `json:"minutes"`
	Top1       map[string]map[string][]float64 `json:"top1"`
}

const (
	resultsFile = "results.json"
	docFile     = "../docs/methods.md"
)

// The table of results in docs/methods.md is made of results.json, which is made of
// the reports of runs; an experiment without runs has an empty row.
func TestResultsTable(t *testing.T) {
	var all []result
	if *reports != "" {
		put(t, resultsFile, collect(t, *reports))
	}
	get(t, resultsFile, &all)
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
func collect(t *testing.T, dir string) []result {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "report.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports in %s: %v", dir, err)
	}
	by := map[string]*result{}
	for _, file := range files {
		r, err := report.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != rundir.Completed {
			continue
		}
		x := by[r.Name]
		if x == nil {
			x = &result{Experiment: r.Name, Epochs: r.Train.Epochs, Train: r.Data.Train, Top1: map[string]map[string][]float64{}}
			by[r.Name] = x
		}
		x.Runs = append(x.Runs, r.Run)
		x.Minutes = max(x.Minutes, r.Train.Seconds/60)
		for _, e := range r.Evals {
			if x.Top1[e.Protocol] == nil {
				x.Top1[e.Protocol] = map[string][]float64{}
			}
			x.Top1[e.Protocol][e.Subject] = append(x.Top1[e.Protocol][e.Subject], float64(e.Top1))
		}
	}
	var all []result
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[name])
	}
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
	b.WriteString("| experiment | images, epochs | runs | kNN: trained / untrained / pixels | linear: trained / untrained / pixels | minutes |\n|---|---|---|---|---|---|\n")
	for _, file := range files {
		name := strings.TrimSuffix(file, ".toml")
		i := slices.IndexFunc(all, func(r result) bool { return r.Experiment == name })
		if i < 0 {
			fmt.Fprintf(&b, "| %s | | | | | |\n", name)
			continue
		}
		r := all[i]
		fmt.Fprintf(&b, "| %s | %d, %d | %d | %s | %s | %.0f |\n", name, r.Train, r.Epochs, len(r.Runs), r.of(report.KNN), r.of(report.Linear), r.Minutes)
	}
	return b.String()
}

// of is a protocol's means over the runs, for the trained encoder with its range.
func (r *result) of(protocol string) string {
	var parts []string
	for _, subject := range []string{report.Trained, report.Untrained, report.Pixels} {
		v := r.Top1[protocol][subject]
		if len(v) == 0 {
			return ""
		}
		var sum float64
		for _, x := range v {
			sum += x
		}
		s := fmt.Sprintf("%.1f", sum/float64(len(v)))
		if subject == report.Trained && len(v) > 1 {
			s += fmt.Sprintf(" (%.1f to %.1f)", slices.Min(v), slices.Max(v))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " / ")
}

package rundir

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func metrics(t *testing.T, r *Run, last int) (*Metrics, int) {
	t.Helper()
	m, dropped, err := r.OpenMetrics(last)
	if err != nil {
		t.Fatal(err)
	}
	return m, dropped
}

func fill(t *testing.T, m *Metrics, from, to int) {
	t.Helper()
	for step := from; step <= to; step++ {
		if err := m.Append(step, step/10, map[string]float64{TrainLoss: 1 / float64(step+1)}); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t *testing.T, r *Run) string {
	t.Helper()
	data, err := os.ReadFile(r.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMetricsLines(t *testing.T) {
	r := create(t)
	m, _ := metrics(t, r, -1)
	for _, v := range []map[string]float64{{KNNTop1: 81.25, TrainLoss: 0.1}, {"a": math.NaN(), "b": math.Inf(1), "c": math.Inf(-1), "d": 1e-9}} {
		if err := m.Append(7, 1, v); err != nil {
			t.Fatal(err)
		}
	}
	const want = `{"step":7,"epoch":1,"knn/top1":81.25,"train/loss":0.1}
{"step":7,"epoch":1,"a":"NaN","b":"Infinity","c":"-Infinity","d":1e-09}
`
	if got := content(t, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	h, err := r.ReadHistory()
	if err != nil || !math.IsNaN(h["a"][0].Value) || h[KNNTop1][0] != (Point{7, 1, 81.25}) || !math.IsInf(h["c"][0].Value, -1) {
		t.Errorf("got %v, %v", h, err)
	}
	for _, name := range []string{"", "step", "epoch", `a"b`, "a b"} {
		if err := m.Append(1, 1, map[string]float64{name: 1}); err == nil {
			t.Errorf("%q was taken as a name", name)
		}
	}
}

// TestResumeEqualsRunningThrough: after a kill at any byte, going on from a
// checkpoint gives the record of a run that was never killed.
func TestResumeEqualsRunningThrough(t *testing.T) {
	through := create(t)
	m, _ := metrics(t, through, -1)
	fill(t, m, 0, 30)
	m.Close()
	want := content(t, through)
	for _, checkpoint := range []int{-1, 0, 12} {
		start := len(strings.Join(strings.SplitAfter(want, "\n")[:checkpoint+1], ""))
		for cut := start; cut <= len(want); cut += 61 {
			r := create(t)
			if err := os.WriteFile(r.Metrics(), []byte(want[:cut]), 0o666); err != nil {
				t.Fatal(err)
			}
			m, dropped := metrics(t, r, checkpoint)
			if lines := strings.Count(want[start:cut]+"|", "\n"); dropped < lines || dropped > lines+1 {
				t.Errorf("cut at %d: %d lines dropped of %d", cut, dropped, lines)
			}
			fill(t, m, checkpoint+1, 30)
			m.Close()
			if got := content(t, r); got != want {
				t.Fatalf("killed at byte %d, resumed from step %d:\n%s", cut, checkpoint, got)
			}
		}
	}
}

func TestHistoryLeavesOutATornLastLine(t *testing.T) {
	for _, tail := range []string{"", `{"step":2,"ep`, `{"step":2,"epoch":0,"train/loss":3}`, "\x00\x00\x00"} {
		h, err := readHistory(strings.NewReader(`{"step":1,"epoch":0,"train/loss":5}` + "\n" + tail))
		if p, ok := h.Last(TrainLoss); err != nil || !ok || p.Value != 5 {
			t.Errorf("tail %q: %v, %v", tail, h, err)
		}
	}
}

func TestHistoryRefusesOtherFiles(t *testing.T) {
	const good = `{"step":1,"epoch":0,"a":1}` + "\n"
	for line, want := range map[string]string{
		`{"step":1}`:                             "line 2: epoch is <nil>, not a count",
		`{"step":1.5,"epoch":0}`:                 "line 2: step is 1.5",
		`{"step":1,"epoch":0,"a":"x"}`:           `line 2: "a" is "x", not a number`,
		`{"step":1,"epoch":0,"a":[1]}`:           `line 2: "a" is [1], not a number`,
		`[]`:                                     "line 2: json:",
		`{"step":1,"epoch":0,"a":1e999}`:         "line 2: json:",
		fmt.Sprintf(`{"s":"%1048600s"}`, "long"): "more than 1048576 bytes",
	} {
		if _, err := readHistory(strings.NewReader(good + line + "\n" + good)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: expected %q, got %v", line, want, err)
		}
	}
}

func TestHistoryOfAnUnstartedRun(t *testing.T) {
	r := create(t)
	h, err := r.ReadHistory()
	if err != nil || len(h.Names()) != 0 {
		t.Errorf("%v, %v", h, err)
	}
	if _, ok := h.Last(TrainLoss); ok {
		t.Error("a point out of nothing")
	}
}

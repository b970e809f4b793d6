package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// canned is a turn that took ms.
func canned(ms float64) turn {
	return turn{MS: ms, MinMS: ms - 1, ViewsPerSecond: 1000 / ms, PeakRSS: int64(1e6 * ms), PluginsRSS: 1e6, FirstStep: ms / 100, Parameters: 7}
}

func cannedSide(ms ...float64) *side {
	var turns []turn
	for _, x := range ms {
		turns = append(turns, canned(x))
	}
	return newSide(turns)
}

func TestSide(t *testing.T) {
	s := cannedSide(40, 10, 20)
	if s.MS != 20 || s.Views != 50 || s.Memory != 21e6 || s.FirstStep != 0.2 || len(s.Turns) != 3 {
		t.Errorf("found %+v", s)
	}
	if even := cannedSide(10, 40); even.MS != 25 {
		t.Errorf("the median of two is %v", even.MS)
	}
}

// Ratios are taken within a round, so that a slow round disturbs both sides alike.
func TestRatio(t *testing.T) {
	got := ratio(cannedSide(30, 300, 20), cannedSide(20, 100, 20), func(t turn) float64 { return t.MS })
	if got != (spread{1.5, 1, 3}) {
		t.Errorf("found %+v", got)
	}
}

func TestTurnsAlternate(t *testing.T) {
	var order []string
	all := []contestant{{threads: 1}, {threads: 2, peer: &config{}}, {threads: 3}}
	turns, err := inTurns(all, 2, func(round int, c contestant) (turn, error) {
		order = append(order, fmt.Sprint(round, c.threads))
		return canned(float64(10*round + c.threads)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ", "); got != "0 1, 0 2, 0 3, 1 1, 1 2, 1 3" {
		t.Errorf("turns were %s", got)
	}
	if turns[1][0].MS != 2 || turns[1][1].MS != 12 {
		t.Errorf("the second contestant's turns: %+v", turns[1])
	}
	bad := errors.New("no")
	if _, err := inTurns(all, 2, func(int, contestant) (turn, error) { return turn{}, bad }); !errors.Is(err, bad) {
		t.Errorf("found %v", err)
	}
}

// The best is the least time; what fails is noted and left out.
func TestFastest(t *testing.T) {
	configs := []config{{"eager", "a", allocator{name: "m"}}, {"compile", "a", allocator{name: "m"}}, {"eager", "b", allocator{name: "m"}}}
	took := map[string]float64{"eager, a, m": 30, "eager, b, m": 20}
	measure := func(g config) (float64, error) {
		if ms := took[g.String()]; ms > 0 {
			return ms, nil
		}
		return 0, errors.New("no compiler")
	}
	best, list, err := fastest(t.Context(), configs, measure)
	if err != nil || best.String() != "eager, b, m" {
		t.Errorf("best is %v, %v", best, err)
	}
	if want := []tried{{"eager, a, m", 30, ""}, {"compile, a, m", 0, "no compiler"}, {"eager, b, m", 20, ""}}; !slices.Equal(list, want) {
		t.Errorf("tried %v", list)
	}
	clear(took)
	if _, list, err = fastest(t.Context(), configs, measure); err == nil || len(list) != 3 {
		t.Errorf("nothing works: %v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err = fastest(ctx, configs, measure); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// The line is exact for points that lie on one.
func TestLine(t *testing.T) {
	s := &timeOf{}
	for _, n := range sweepBatches {
		s.Points = append(s.Points, point{n, 3 + 0.5*float64(n)})
	}
	a, b, farthest := s.line()
	if math.Abs(a-3) > 1e-9 || math.Abs(b-0.5) > 1e-12 || farthest > 1e-12 {
		t.Errorf("%v + %v n, at most %v off", a, b, farthest)
	}
	s.Points[2].MS *= 1.2
	if _, _, farthest = s.line(); farthest < 0.05 || farthest > 0.2 {
		t.Errorf("one point 20 %% up: %v off", farthest)
	}
	if svg := (&results{Sweep: s}).plot(); !strings.Contains(string(svg), "<svg") {
		t.Errorf("the plot is %q", svg)
	}
}

func cannedResults() *results {
	r := &results{Machine: about{CPU: "Test CPU", Cores: 2, ISA: "avx2", OS: "linux/amd64", Go: "go1", Torch: "2"}}
	config := "eager, channels_last, glibc, memory kept"
	r.put(pair{Row: "simclr-resnet18-w64", Precision: "bf16", Threads: 2, Commit: "abd", Peer: cannedSide(90, 100, 110), Config: config,
		Lacks: map[string]string{"fw": `train.precision: expected "f32", found "bf16"`, "PyTorch": ""}})
	r.put(pair{Row: "simclr-resnet18-w64", Precision: "f32", Threads: 2, Commit: "abc", FW: cannedSide(100, 110, 120), Peer: cannedSide(200, 165, 240), Config: config,
		Searched: []tried{{config, 180, ""}, {"compile, contiguous, glibc, memory kept", 0, "no | compiler"}}})
	r.put(pair{Row: "simclr-resnet18-w64", Precision: "f32", Threads: 1, Commit: "abc", FW: cannedSide(200, 209, 240), Peer: cannedSide(400), Config: config})
	r.put(pair{Row: "mae-vit-s16", Precision: "f32", Threads: 1, Commit: "abc", Lacks: map[string]string{"fw": "no such file", "PyTorch": "no PyTorch"}})
	r.Rows[0].FW.Turns[0].Parameters = 8
	r.GEMM = []product{{256, 1, 90, 100}, {256, 2, 10, 0}}
	turns := func(rates ...float64) (list []viewTurn) {
		for _, x := range rates {
			list = append(list, viewTurn{PerSecond: x, PerCPUSecond: x, PeakRSS: 5e6, Versions: map[string]string{"torchvision": "1", "pillow": "2"}})
		}
		return list
	}
	r.Views = []viewPair{{"views-cifar10", "abc", turns(100, 200, 90), turns(10, 10, 10)}}
	r.Sweep = &timeOf{"simclr-resnet18-w16", 2, []point{{16, 10}, {32, 20}, {64, 41}}}
	return r
}

func TestMarkdown(t *testing.T) {
	got := cannedResults().markdown()
	path := filepath.Join("testdata", "results.md")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v; got\n%s\n(go test -rewrite writes it anew)", err, got)
	}
}

// Results are kept from run to run, each pair once, and those of another machine apart.
func TestResultsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	r := cannedResults()
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	again, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	if again.markdown() != r.markdown() {
		t.Errorf("read back:\n%s", again.markdown())
	}
	n := len(again.Rows)
	again.put(pair{Row: "simclr-resnet18-w64", Precision: "f32", Threads: 2, FW: cannedSide(50), Peer: cannedSide(100)})
	if got := again.find("simclr-resnet18-w64", "f32", 2); len(again.Rows) != n || got.FW.MS != 50 {
		t.Errorf("%d rows of %d, %+v", len(again.Rows), n, got)
	}
	other := r.Machine
	other.Torch = "3"
	if again.on(r.Machine) != nil || again.on(other) == nil {
		t.Error("results of two versions of PyTorch are mixed")
	}
	if empty, err := load(filepath.Join(t.TempDir(), "none")); err != nil || empty.on(other) != nil {
		t.Errorf("a first run: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := load(path); err == nil {
		t.Error("half a file is read")
	}
}

// The documentation has the markers, and a block is replaced, not added.
func TestReplaceBlock(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.md")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one\n", "two\n"} {
		if err := replaceBlock(path, text); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(path)
	if s := string(got); !strings.Contains(s, "\ntwo\n") || strings.Contains(s, "\none\n") || strings.Count(s, blockEnd) != 1 {
		t.Errorf("found\n%s", s)
	}
	if err := os.WriteFile(path, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replaceBlock(path, "x"); err == nil || !strings.Contains(err.Error(), blockBegin) {
		t.Errorf("without markers: %v", err)
	}
}

// The script that makes views runs on a file of each kind, and prints what a turn needs.
func TestViewsScript(t *testing.T) {
	python := pythonWith(t, "torchvision")
	cifar, photos, from := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(cifar, "data_batch_1.bin"), make([]byte, 3073*20), 0o644); err != nil {
		t.Fatal(err)
	}
	picture, err := os.Create(filepath.Join(from, "a.png"))
	if err == nil {
		err = errors.Join(png.Encode(picture, image.NewGray(image.Rect(0, 0, 9, 7))), picture.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, filepath.Join("peer", "photos.py"), from, photos).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, r := range viewRows {
		at := map[string]string{"--cifar": cifar, "--photos": photos}[r.flag]
		b := &bench{m: &machine{}}
		got, err := b.viewTurn(t.Context(), nil, python, filepath.Join("peer", "views.py"), r.flag, at, "--seconds", "0.01", "--warmup", "1")
		if err != nil || !(got.PerSecond > 0) || got.PeakRSS < 1e7 || got.Versions["torchvision"] == "" || got.Versions["pillow"] == "" {
			t.Errorf("%s: %+v, %v", r.name, got, err)
		}
	}
}

// pythonWith is the interpreter that FW_PYTHON names, or python3, if it has a package.
func pythonWith(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts PyTorch")
	}
	python := os.Getenv("FW_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import "+name).CombinedOutput(); err != nil {
		t.Skipf("%s with %s: %v %s; FW_PYTHON names one", python, name, err, strings.TrimSpace(string(out)))
	}
	return python
}

// Both sides are told the same batch, threads and arithmetic.
func TestCommands(t *testing.T) {
	m := &machine{fw: "FW", python: "PY"}
	c := contestant{row: &table[1], precision: "bf16", threads: 2}
	program, env, args := m.command(c, 10)
	if got := program + " " + strings.Join(append(env, args...), " "); got != "FW GOMAXPROCS=2 bench experiments/bench/simclr-resnet18-w16.toml --json --reuse-batch --profile 0 --warmup 3 --steps 1000000 --seconds 10 --workers 2 --set train.batch_size=256 --set train.precision=bf16" {
		t.Error(got)
	}
	c.peer = &config{"compile", "channels_last", allocator{"kept", []string{"A=1"}}}
	program, env, args = m.command(c, 10)
	if got := program + " " + strings.Join(append(env, args...), " "); got != "PY OMP_NUM_THREADS=2 A=1 bench/peer/simclr.py --batch 256 --warmup 3 --seconds 10 --threads 2 --precision bf16 --mode compile --layout channels_last --width 16" {
		t.Error(got)
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	t.Chdir("..")
	for want, c := range map[string]cli{
		"--rounds":                 {Rounds: 0, Seconds: 1, SearchSeconds: 1},
		"--threads":                {Rounds: 1, Seconds: 1, SearchSeconds: 1, Threads: []int{0}},
		`expected simclr-resnet18`: {Rounds: 1, Seconds: 1, SearchSeconds: 1, Rows: []string{"simclr"}},
	} {
		if err := c.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v, expected an error with %s", err, want)
		}
	}
}

// The peer scripts run, and print what a turn needs. A small network.
func TestPeerScripts(t *testing.T) {
	python := pythonWith(t, "torch")
	for _, args := range [][]string{
		{"simclr.py", "--batch", "4", "--width", "4", "--layout", "channels_last", "--precision", "bf16"},
		{"mae.py", "--batch", "4", "--depth", "1", "--dim", "12", "--decoder-dim", "8"},
	} {
		out, err := exec.Command(python, append([]string{filepath.Join("peer", args[0]), "--warmup", "1", "--seconds", "0.01"}, args[1:]...)...).Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		var got turn
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %v in %s", args, err, out)
		}
		if !(got.MS > 0 && got.MinMS > 0 && got.MinMS <= got.MS && got.ViewsPerSecond > 0 && got.FirstStep > 0 && got.PeakRSS > 1e7) || got.Steps < 3 || got.Parameters == 0 || got.Versions["torch"] == "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

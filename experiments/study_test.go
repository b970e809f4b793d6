package experiments

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

var studied = flag.String("study", "", "folder of run directories whose reports replace study/results.json")

// The two experiments of a pair differ in their crops alone.
var pairs = []struct{ title, random, contrastive string }{
	{"SimCLR, Tiny-ImageNet-20", "study-simclr-random-crop", "study-simclr-contrastive-crop"},
	{"MoCo v2, CIFAR-10", "moco-cifar10-small", "ccrop-moco-cifar10-small"},
	{"BYOL, CIFAR-10", "byol-cifar10-small", "ccrop-byol-cifar10-small"},
	{"SimSiam, CIFAR-10", "simsiam-cifar10-small", "ccrop-simsiam-cifar10-small"},
}

// leastPairs is how many seeds an interval needs.
const leastPairs = 5

// paired is what two runs of one seed reached: the top-1 of the trained encoder in
// percent, by protocol.
type paired struct {
	Seed        uint64             `json:"seed"`
	Random      map[string]float64 `json:"random"`
	Contrastive map[string]float64 `json:"contrastive"`
}

// located is a run's localisation, of a run that was measured.
type located struct {
	Experiment string                `json:"experiment"`
	Seed       uint64                `json:"seed"`
	At         []report.Localization `json:"at"`
}

// study is what the tables are made of.
type study struct {
	Pairs   map[string][]paired `json:"pairs"` // by title, in order of seed
	Located []located           `json:"located"`
	Epochs  map[string]int      `json:"epochs"`
	Train   map[string]int      `json:"train"` // images
}

const (
	studyFile = "study/results.json"
	studyDoc  = "../docs/contrastive-crop.md"
)

// The tables of the study in docs/contrastive-crop.md are made of study/results.json,
// which is made of the reports of runs.
func TestStudyTables(t *testing.T) {
	var s study
	if *studied != "" {
		s = collectStudy(t, *studied)
		data, err := json.MarshalIndent(s, "", " ")
		if err == nil {
			err = os.WriteFile(studyFile, append(data, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(studyFile)
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	section(t, studyDoc, "study", "go test ./experiments -study RUNS -rewrite", s.differences())
	section(t, studyDoc, "localisation", "go test ./experiments -study RUNS -rewrite", s.localisation())
}

// seedOf is the experiment's: kNN has no randomness of its own.
func seedOf(r report.Report) (uint64, bool) {
	i := slices.IndexFunc(r.Evals, func(e report.Eval) bool { return e.Protocol == report.KNN && e.Subject == report.Trained })
	if i < 0 {
		return 0, false
	}
	return r.Evals[i].Seed, true
}

// top1 is the trained encoder's after the last epoch, by protocol; of several
// classifiers the mean.
func top1(r report.Report) map[string]float64 {
	all := map[string][]float64{}
	for _, e := range r.Evals {
		if e.Subject == report.Trained && e.Choice == report.Last && e.Epoch == r.Train.Epochs {
			all[e.Protocol] = append(all[e.Protocol], float64(e.Top1))
		}
	}
	means := map[string]float64{}
	for protocol, v := range all {
		means[protocol] = stat.Mean(v, nil)
	}
	return means
}

// collectStudy reads the reports of completed runs. A run whose partner is not there is
// told of and left out.
func collectStudy(t testing.TB, dir string) study {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "report.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports in %s: %v", dir, err)
	}
	type key struct {
		experiment string
		seed       uint64
	}
	runs := map[key]report.Report{}
	for _, file := range files {
		r, err := report.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		seed, ok := seedOf(r)
		if r.Status != rundir.Completed || !ok {
			t.Logf("%s: %s, kNN measured: %v; left out", file, r.Status, ok)
			continue
		}
		k := key{r.Name, seed}
		if other, twice := runs[k]; twice {
			t.Fatalf("%s and %s are both %s with seed %d", other.Run, r.Run, r.Name, seed)
		}
		runs[k] = r
	}
	s := study{Pairs: map[string][]paired{}, Epochs: map[string]int{}, Train: map[string]int{}}
	for _, p := range pairs {
		for k, a := range runs {
			if k.experiment != p.random {
				continue
			}
			b, ok := runs[key{p.contrastive, k.seed}]
			if !ok {
				t.Logf("%s, seed %d: no run of %s; left out", p.random, k.seed, p.contrastive)
				continue
			}
			if a.Train.Epochs != b.Train.Epochs || a.Data.Train != b.Data.Train || a.Data.Test != b.Data.Test || a.Train.BatchSize != b.Train.BatchSize {
				t.Fatalf("%s and %s are no pair: %d and %d epochs of %d and %d images", a.Run, b.Run, a.Train.Epochs, b.Train.Epochs, a.Data.Train, b.Data.Train)
			}
			s.Pairs[p.title] = append(s.Pairs[p.title], paired{k.seed, top1(a), top1(b)})
			s.Epochs[p.title], s.Train[p.title] = a.Train.Epochs, a.Data.Train
		}
		slices.SortFunc(s.Pairs[p.title], func(a, b paired) int { return int(int64(a.Seed) - int64(b.Seed)) })
		for _, name := range []string{p.random, p.contrastive} {
			for k, r := range runs {
				if k.experiment == name && len(r.Localization) > 0 {
					s.Located = append(s.Located, located{name, k.seed, r.Localization})
				}
			}
		}
	}
	slices.SortFunc(s.Located, func(a, b located) int {
		return 2*strings.Compare(a.Experiment, b.Experiment) + int(math.Copysign(1, float64(a.Seed)-float64(b.Seed)))
	})
	return s
}

// interval is the mean of differences and half of its 95 % confidence interval, by
// Student's t with n-1 degrees of freedom.
func interval(d []float64) (mean, half float64) {
	mean, deviation := stat.MeanStdDev(d, nil)
	n := float64(len(d))
	return mean, distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
}

// differences is a row for each pair and protocol.
func (s *study) differences() string {
	var b strings.Builder
	b.WriteString("| pair | images, epochs | seeds | protocol | RandomCrop | ContrastiveCrop | difference | 95 % interval |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range pairs {
		list := s.Pairs[p.title]
		if len(list) == 0 {
			fmt.Fprintf(&b, "| %s | | | | | | | |\n", p.title)
			continue
		}
		for _, protocol := range []string{report.Linear, report.KNN} {
			var random, contrastive, d []float64
			for _, x := range list {
				r, ok := x.Random[protocol]
				c, ok2 := x.Contrastive[protocol]
				if ok && ok2 {
					random, contrastive, d = append(random, r), append(contrastive, c), append(d, c-r)
				}
			}
			if len(d) == 0 {
				continue
			}
			mean, half := interval(d)
			between := fmt.Sprintf("%+.2f to %+.2f", mean-half, mean+half)
			if len(d) < leastPairs {
				between = fmt.Sprintf("fewer than %d seeds", leastPairs)
			}
			fmt.Fprintf(&b, "| %s | %d, %d | %d | %s | %.2f | %.2f | %+.2f | %s |\n", p.title, s.Train[p.title], s.Epochs[p.title], len(d), report.ProtocolName(protocol), stat.Mean(random, nil), stat.Mean(contrastive, nil), mean, between)
		}
	}
	return b.String()
}

// localisation is the means over runs, of boxes and of crops by them.
func (s *study) localisation() string {
	type row struct {
		experiment string
		threshold  float64
	}
	of := map[row][]report.Localization{}
	var rows []row
	for _, l := range s.Located {
		for _, at := range l.At {
			if at.Choice != report.Last {
				continue
			}
			k := row{l.Experiment, at.Threshold}
			if of[k] == nil {
				rows = append(rows, k)
			}
			of[k] = append(of[k], at)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := strings.Compare(a.experiment, b.experiment); c != 0 {
			return c
		}
		return int(math.Copysign(1, a.threshold-b.threshold))
	})
	var boxes, crops strings.Builder
	boxes.WriteString("| run | threshold | runs | box | IoU with the object | CorLoc | mean area | whole images |\n|---|---|---|---|---|---|---|---|\n")
	crops.WriteString("\n| run | threshold | crops go by | IoU of the two | centres apart | both centres in the object | both half on it |\n|---|---|---|---|---|---|---|\n")
	for _, k := range rows {
		list := of[k]
		begin := fmt.Sprintf("| %s | %g |", k.experiment, k.threshold)
		for i, x := range list[0].Boxes {
			mean := func(f func(report.BoxScore) float64) float64 {
				return average(list, func(l report.Localization) float64 { return f(l.Boxes[i]) })
			}
			fmt.Fprintf(&boxes, "%s %d | %s | %.3f | %.1f %% | %.2f | %.0f %% |\n", begin, len(list), x.Subject, mean(func(b report.BoxScore) float64 { return b.IoU }),
				100*mean(func(b report.BoxScore) float64 { return b.CorLoc }), mean(func(b report.BoxScore) float64 { return b.Area }), 100*mean(func(b report.BoxScore) float64 { return b.Whole }))
		}
		for i, x := range list[0].Crops {
			mean := func(f func(report.CropScore) float64) float64 {
				return average(list, func(l report.Localization) float64 { return f(l.Crops[i]) })
			}
			fmt.Fprintf(&crops, "%s %s | %.3f | %.3f | %.1f %% | %.1f %% |\n", begin, x.Boxes, mean(func(c report.CropScore) float64 { return c.IoU }), mean(func(c report.CropScore) float64 { return c.Apart }),
				100*mean(func(c report.CropScore) float64 { return c.Centres }), 100*mean(func(c report.CropScore) float64 { return c.Overlap }))
		}
	}
	return boxes.String() + crops.String()
}

func average[T any](list []T, f func(T) float64) (sum float64) {
	for _, x := range list {
		sum += f(x) / float64(len(list))
	}
	return sum
}

// The halves of a pair differ in as little as they say.
func TestPairsDifferInTheirCropsAlone(t *testing.T) {
	comment := regexp.MustCompile(`(?m) *#.*$`)
	lines := func(file string) []string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(comment.ReplaceAllString(string(text), "")), "\n")
	}
	only := func(a, b []string) (list []string) {
		for _, l := range a {
			if !slices.Contains(b, l) {
				list = append(list, l)
			}
		}
		return list
	}
	for _, c := range []struct {
		random, contrastive string
		of, by              []string
	}{
		{"study/simclr-random-crop.toml", "study/simclr-contrastive-crop.toml", []string{`name = "study-simclr-random-crop"`, "warmup_epochs = 15"}, []string{`name = "study-simclr-contrastive-crop"`, "warmup_epochs = 3"}},
		{"moco-cifar10-small.toml", "ccrop-moco-cifar10-small.toml", []string{`name = "moco-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
		{"byol-cifar10-small.toml", "ccrop-byol-cifar10-small.toml", []string{`name = "byol-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
		{"simsiam-cifar10-small.toml", "ccrop-simsiam-cifar10-small.toml", []string{`name = "simsiam-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
	} {
		if c.by == nil {
			c.by = []string{`name = "` + strings.TrimSuffix(c.contrastive, ".toml") + `"`, `use = "fw/contrastive-crop"`, "alpha = 0.1", "[localization]", "warmup_epochs = 3", "every_epochs = 3", "threshold = 0.5"}
		}
		a, b := lines(c.random), lines(c.contrastive)
		if got := only(a, b); !slices.Equal(got, c.of) {
			t.Errorf("%s alone has %q", c.random, got)
		}
		if got := only(b, a); !slices.Equal(got, c.by) {
			t.Errorf("%s alone has %q", c.contrastive, got)
		}
	}
}

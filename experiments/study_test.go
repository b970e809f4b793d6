package experiments

import (
	"cmp"
	"flag"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

var studied = flag.String("study", "", "folder of run directories whose reports are added to study/results.json")

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
// to which the reports of runs are added.
func TestStudyTables(t *testing.T) {
	var s study
	get(t, studyFile, &s)
	if *studied != "" {
		s.add(collectStudy(t, *studied))
		put(t, studyFile, s)
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

// top1 is the trained encoder's after the last epoch, by protocol, under the settings
// of the protocol's first measurement; of several classifiers the mean.
func top1(r report.Report) map[string]float64 {
	all, settings := map[string][]float64{}, map[string]map[string]float64{}
	for _, e := range r.Evals {
		if e.Subject != report.Trained || e.Choice != report.Last || e.Epoch != r.Train.Epochs {
			continue
		}
		if settings[e.Protocol] == nil {
			settings[e.Protocol] = e.Settings
		}
		if maps.Equal(settings[e.Protocol], e.Settings) {
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
			partner := map[string]string{p.random: p.contrastive, p.contrastive: p.random}[k.experiment]
			b, ok := runs[key{partner, k.seed}]
			if partner != "" && !ok {
				t.Logf("%s, seed %d: no run of %s; left out", k.experiment, k.seed, partner)
			}
			if k.experiment != p.random || !ok {
				continue
			}
			if a.Train.Epochs != b.Train.Epochs || a.Data.Train != b.Data.Train || a.Data.Test != b.Data.Test || a.Train.BatchSize != b.Train.BatchSize {
				t.Fatalf("%s and %s are no pair: %d and %d epochs of %d and %d images", a.Run, b.Run, a.Train.Epochs, b.Train.Epochs, a.Data.Train, b.Data.Train)
			}
			s.Pairs[p.title] = append(s.Pairs[p.title], paired{k.seed, top1(a), top1(b)})
			s.Epochs[p.title], s.Train[p.title] = a.Train.Epochs, a.Data.Train
		}
	}
	for k, r := range runs {
		if len(r.Localization) > 0 {
			s.Located = append(s.Located, located{k.experiment, k.seed, r.Localization})
		}
	}
	return s
}

// add puts what fresh runs gave beside what is there, in place of the same seeds'. A
// pair of another length or number of images replaces all that is there of it.
func (s *study) add(fresh study) {
	for title, list := range fresh.Pairs {
		if s.Epochs[title] == fresh.Epochs[title] && s.Train[title] == fresh.Train[title] {
			list = beside(s.Pairs[title], list, func(p paired) uint64 { return p.Seed })
		}
		slices.SortFunc(list, func(a, b paired) int { return cmp.Compare(a.Seed, b.Seed) })
		s.Pairs[title], s.Epochs[title], s.Train[title] = list, fresh.Epochs[title], fresh.Train[title]
	}
	type run struct {
		experiment string
		seed       uint64
	}
	s.Located = beside(s.Located, fresh.Located, func(l located) run { return run{l.Experiment, l.Seed} })
	slices.SortFunc(s.Located, func(a, b located) int {
		return cmp.Or(strings.Compare(a.Experiment, b.Experiment), cmp.Compare(a.Seed, b.Seed))
	})
}

// beside is fresh elements and those of old that have none of their key among them.
func beside[T any, K comparable](old, fresh []T, key func(T) K) []T {
	kept := slices.DeleteFunc(slices.Clone(old), func(x T) bool {
		return slices.ContainsFunc(fresh, func(y T) bool { return key(x) == key(y) })
	})
	return append(kept, fresh...)
}

package experiments

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

// madeUp writes the report of a run that never was.
func madeUp(t *testing.T, dir, experiment string, seed uint64, epochs int, linear, knn float64, at ...report.Localization) {
	t.Helper()
	e := func(protocol, subject string, epoch int, seed uint64, top1 float64) report.Eval {
		return report.Eval{Protocol: protocol, Subject: subject, Epoch: epoch, Choice: report.Last, Seed: seed, Top1: report.Float(top1)}
	}
	r := report.Report{Name: experiment, Run: fmt.Sprintf("%s-%d", experiment, seed), Status: rundir.Completed, Localization: at,
		Train: report.Train{Epochs: epochs, BatchSize: 256}, Data: report.Data{Train: 10000, Test: 1000},
		Evals: []report.Eval{e(report.KNN, report.Trained, epochs, seed, knn), e(report.KNN, report.Pixels, 0, seed, 3),
			e(report.Linear, report.Trained, epochs, 0, linear-1), e(report.Linear, report.Trained, epochs, 1, linear+1),
			{Protocol: report.KNN, Subject: report.Trained, Epoch: epochs, Choice: report.Last, Top1: 99, Settings: map[string]float64{"k": 1}}, e(report.Linear, report.Untrained, 0, 0, 2)}}
	data, err := r.JSON()
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, r.Run), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, r.Run, "report.json"), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Five pairs that differ by 1 to 5 points: their mean is 3, their deviation the root of
// 2.5, Student's t 2.7764, so that half of the interval is 1.9632.
func TestStudyOfMadeUpRuns(t *testing.T) {
	dir := t.TempDir()
	at := func(iou, centres float64) report.Localization {
		return report.Localization{Threshold: 0.5, Choice: report.Last, Images: 10,
			Boxes: []report.BoxScore{{Subject: report.Trained, IoU: iou, Area: 0.5}, {Subject: report.WholeImage, IoU: 0.5, Area: 1, Whole: 1}},
			Crops: []report.CropScore{{Boxes: report.NoBox, IoU: 0.5, Centres: 0.75}, {Boxes: report.Trained, IoU: 0.4, Centres: centres}}}
	}
	for seed := range uint64(5) {
		madeUp(t, dir, "study-simclr-random-crop", seed, 15, 40+float64(seed%2), 30)
		madeUp(t, dir, "study-simclr-contrastive-crop", seed, 15, 41+float64(seed%2)+float64(seed), 30.5, at(0.5+0.1*float64(seed), 0.8))
	}
	madeUp(t, dir, "study-simclr-random-crop", 7, 15, 90, 90) // without its partner
	madeUp(t, dir, "moco-cifar10-small", 0, 16, 50, 50)
	madeUp(t, dir, "ccrop-moco-cifar10-small", 0, 16, 51, 49)
	before := t.TempDir() // a seed that was run again, and a pair whose recipe was another
	madeUp(t, before, "study-simclr-random-crop", 0, 15, 70, 70)
	madeUp(t, before, "study-simclr-contrastive-crop", 0, 15, 10, 10, at(0.1, 0.1))
	madeUp(t, before, "moco-cifar10-small", 1, 8, 60, 60)
	madeUp(t, before, "ccrop-moco-cifar10-small", 1, 8, 60, 60)
	s := collectStudy(t, before)
	s.add(collectStudy(t, dir))
	want := `| pair | images, epochs | seeds | protocol | RandomCrop | ContrastiveCrop | difference | 95 % interval |
|---|---|---|---|---|---|---|---|
| SimCLR, Tiny-ImageNet-20 | 10000, 15 | 5 | linear probe | 40.40 | 43.40 | +3.00 | +1.04 to +4.96 |
| SimCLR, Tiny-ImageNet-20 | 10000, 15 | 5 | kNN | 30.00 | 30.50 | +0.50 | +0.50 to +0.50 |
| MoCo v2, CIFAR-10 | 10000, 16 | 1 | linear probe | 50.00 | 51.00 | +1.00 | fewer than 5 seeds |
| MoCo v2, CIFAR-10 | 10000, 16 | 1 | kNN | 50.00 | 49.00 | -1.00 | fewer than 5 seeds |
| BYOL, CIFAR-10 | | | | | | | |
| SimSiam, CIFAR-10 | | | | | | | |
`
	if got := s.differences(); got != want {
		t.Errorf("%s", got)
	}
	got := s.localisation()
	for _, line := range []string{
		"| study-simclr-contrastive-crop | 0.5 | 5 | 0.50 | 0 % | 0.700 / 0.000 / 0.000 / 0.500 |",
		"| study-simclr-contrastive-crop | boxes, threshold 0.5 | 0.400 | 0.000 | 80.0 % | 0.0 % |",
		"| study-simclr-contrastive-crop | no box: RandomCrop | 0.500 | 0.000 | 75.0 % | 0.0 % |",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("no line %s in\n%s", line, got)
		}
	}
}

// Of n numbers with mean 0 and deviation 1 the half is t over the root of n; the t are
// those of the tables.
func TestIntervalsAreStudents(t *testing.T) {
	for n, quantile := range map[int]float64{2: 12.706, 5: 2.776, 10: 2.262, 31: 2.042} {
		d := make([]float64, n)
		for i := range d {
			d[i] = float64(i)
		}
		mean, half := interval(d)
		variance := float64(n*(n+1)) / 12 // of 0 to n-1, with n-1
		if want := quantile * math.Sqrt(variance/float64(n)); math.Abs(half-want) > 1e-3*want || mean != float64(n-1)/2 {
			t.Errorf("%d: %g, %g, expected %g", n, mean, half, want)
		}
	}
}

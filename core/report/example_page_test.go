package report

import (
	"math"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/report/diagnose"
	"github.com/fwlab/fw/core/rundir"
)

// examplePage is a run as a user would have it, made up.
func examplePage(t *testing.T) Page {
	t.Helper()
	const steps, epochs = 400, 20
	h := rundir.History{}
	add := func(name string, step int, v float64) {
		h[name] = append(h[name], rundir.Point{Step: step, Epoch: step * epochs / steps, Value: v})
	}
	for step := 1; step <= steps; step++ {
		x := float64(step)
		add(rundir.TrainLoss, step, 4.72+1.5*math.Exp(-x/70)+0.05*math.Sin(x*12.9)*math.Cos(x*3.1))
		add(rundir.TrainLR, step, 0.24*min(x/40, 0.5+0.5*math.Cos(math.Pi*max(0, x-40)/360)))
	}
	for epoch := 0; epoch <= epochs; epoch += 2 {
		e := float64(epoch)
		add(rundir.KNNTop1, epoch*steps/epochs, 84.1-7.9*math.Exp(-e/5)+0.12*math.Sin(7*e))
		add(rundir.CollapseStd, epoch*steps/epochs, 0.075-0.05*math.Exp(-e/3))
		add(rundir.CollapseRankMe, epoch*steps/epochs, 47-39*math.Exp(-e/4))
	}
	top5 := Float(99.3)
	knn := map[string]float64{"k": 200, "temperature": 0.1}
	linear := map[string]float64{"epochs": 100, "lr": 0.1, "batch_size": 256, "weight_decay": 0}
	plugins := []rundir.Plugin{
		{ID: "fw/resnet", Kind: "backbone", Version: "0.1.0", Carrier: "process", SHA256: strings.Repeat("0f1e2d3c", 8)},
		{ID: "fw/random-resized-crop", Kind: "crop", Version: "0.1.0", Carrier: "wasm", SHA256: strings.Repeat("a1b2c3d4", 8)},
	}
	sheet, err := exampleSheet().PNG()
	if err != nil {
		t.Fatal(err)
	}
	return Page{
		Report: Report{
			Name: "quickstart", Run: "quickstart-7f3a", Status: rundir.Completed,
			Evals: []Eval{
				{Protocol: KNN, Subject: Trained, Top1: 84.12, Top5: &top5, Epoch: 20, Choice: Last, Settings: knn},
				{Protocol: KNN, Subject: Untrained, Top1: 76.18, Choice: Last, Settings: knn},
				{Protocol: KNN, Subject: Pixels, Top1: 80.05, Choice: Last, Settings: knn},
				{Protocol: Linear, Subject: Trained, Top1: 85.6, Epoch: 20, Choice: Last, Settings: linear},
				{Protocol: Linear, Subject: Untrained, Top1: 79.94, Choice: Last, Settings: linear},
				{Protocol: Linear, Subject: Pixels, Top1: 82.3, Choice: Last, Settings: linear},
			},
			Localization: []Localization{{
				Epoch: 20, Choice: Last, Heat: "sum", Threshold: 0.5, Images: 8000, ObjectArea: 0.57,
				Boxes: []BoxScore{{Subject: Trained, IoU: 0.621, CorLoc: 0.74, Area: 0.61, Whole: 0.12, Empty: 3}, {Subject: CentreBox, IoU: 0.52, CorLoc: 0.6, Area: 0.61}},
				Crops: []CropScore{{Boxes: NoBox, Pairs: 7936, IoU: 0.5, Apart: 0.164, Centres: 0.775, Overlap: 0.856}, {Boxes: Trained, Pairs: 7936, IoU: 0.458, Apart: 0.222, Centres: 0.841, Overlap: 0.884}},
			}},
			Train: Train{
				Steps: steps, Epochs: epochs, BatchSize: 256, Params: 187_392, FLOPsPerStep: 21_400_000_000, Seconds: 128.4, ImagesPerSecond: 1431.2,
				MSPerStep: 178.9, PlannedBytes: 210 << 20, PeakRSSBytes: 391 << 20, PluginShare: 0.0021, DataWaitShare: 0.013,
				LossFirst: 6.22, LossLast: 4.72, LossClasses: 511,
			},
			Collapse: Collapse{Std: 0.0749, RankMe: 46.7, Dim: 128, Samples: 2000},
			Plugins:  plugins,
			Data:     Data{Name: "fashion-mnist", Train: 8000, Test: 2000, Classes: 10, ImageSize: 28, SkippedCount: 1, Skipped: []Skipped{{"train/shirt/0017.png", "unexpected EOF"}}},
			Warnings: []diagnose.Warning{{Code: "images-skipped", Message: "1 image of 8000 could not be decoded and was left out"}},
			Environment: rundir.Environment{
				FW: "0.1.0", Go: "go1.26", OS: "linux", Arch: "amd64", CPU: []string{"avx2", "fma"}, Cores: 2, Workers: 2, Plugins: plugins,
			},
		},
		History:  h,
		Resolved: "[experiment]\nname = \"quickstart\"  # <b>not markup</b>\nseed = 0\n\n[optim]\nname = \"sgd\"\nbase_lr = 0.12\n",
		Pictures: []Plate{{Title: "Views", PNG: sheet, Scale: 1}},
	}
}

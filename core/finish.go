package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/report/diagnose"
	"github.com/fwlab/fw/core/report/words"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/train"
)

// describe is what the report says before anything is measured.
func (s *Session) describe(j Job) *report.Report {
	t, d := s.Trainer, s.Experiment.Data()
	r := &report.Report{Name: s.Experiment.Name(), Run: j.Dir.Name(), Status: rundir.Running, Plugins: j.Environment.Plugins, Environment: j.Environment}
	r.Data = report.Data{Name: d.Dataset, Train: s.Set.Train.Len(), Test: s.Set.Test.Len(), Classes: len(s.Set.Classes), ImageSize: d.ImageSize}
	r.Train = report.Train{BatchSize: t.BatchSize(), FLOPsPerStep: t.FLOPs(), PlannedBytes: int64(t.Planned()), LossClasses: t.LossClasses, Params: int64(s.Params())}
	return r
}

// finish exports the encoder, measures it, and writes the report.
func (r *running) finish(ctx context.Context) error {
	t := r.Trainer
	if err := t.State.Export(r.dir.Encoder(), train.EncoderScope(t.Flat), t.Step, r.metadata()); err != nil {
		return err
	}
	if err := r.evaluate(ctx); err != nil {
		return err
	}
	h, err := r.dir.ReadHistory()
	if err != nil {
		return err
	}
	r.trained(h)
	r.report.Warnings = diagnose.Look(r.evidence(h))
	r.report.Status = rundir.Completed
	if err := r.viewsPlot(); err != nil {
		return err
	}
	if err := WriteReport(r.dir.Dir, *r.report); err != nil {
		return err
	}
	r.summary()
	return nil
}

// metadata goes into the exported encoder.
func (s *Session) metadata() map[string]string {
	m, _ := json.Marshal(s.Set.Mean) // numbers always encode
	d, _ := json.Marshal(s.Set.Std)
	return map[string]string{"mean": string(m), "std": string(d), "image_size": fmt.Sprint(s.size), "layout": "torchvision/timm names, OIHW"}
}

// evaluate runs every probe on every subject, and looks at the trained features.
func (r *running) evaluate(ctx context.Context) error {
	t := r.Trainer
	epoch := t.Step / t.StepsPerEpoch()
	see := func(sub subject, f splits) (err error) {
		if sub.name != report.Trained {
			return nil
		}
		for _, x := range slices.Concat(f.train.Skipped, f.test.Skipped) {
			r.skip(report.Skipped{Image: x.ID, Reason: x.Err.Error()})
		}
		if r.report.Collapse, err = measureCollapse(f); err != nil {
			return err
		}
		sheet, err := r.neighbours(f)
		if err != nil || len(sheet.Rows) == 0 {
			return err
		}
		return r.plot(neighboursPlot, sheet)
	}
	show := func(e report.Eval) {
		r.report.Evals = append(r.report.Evals, e)
		r.say("%s", EvalLine(e))
	}
	if err := r.measure(ctx, r.Experiment.Evals(), epoch, report.Last, see, show); err != nil {
		return err
	}
	return r.recordFinal(epoch)
}

// recordFinal adds the last measurements to the metrics, unless a run that was
// killed at this place has done so.
func (r *running) recordFinal(epoch int) error {
	h, err := r.dir.ReadHistory()
	if err != nil {
		return err
	}
	values := map[string]float64{}
	for _, protocol := range []string{report.KNN, report.Linear} {
		var trained []report.Eval
		for _, e := range r.report.Evals {
			if e.Protocol == protocol && e.Subject == report.Trained {
				trained = append(trained, e)
			}
		}
		if len(trained) > 0 {
			values[metricName(protocol)] = mean(trained)
		}
	}
	collapseMetrics(r.report.Collapse, values)
	for name := range values {
		if p, ok := h.Last(name); ok && p.Step == r.Trainer.Step {
			delete(values, name)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return errors.Join(r.metrics.Append(r.Trainer.Step, epoch, values), r.metrics.Sync())
}

// trained fills in what the training took and gave.
func (r *running) trained(h rundir.History) {
	t, x := r.Trainer, &r.report.Train
	x.Steps, x.Epochs = t.Step, t.Step/t.StepsPerEpoch()
	x.PeakRSSBytes = rundir.PeakRSS()
	if x.Seconds = r.clock.spent.Seconds(); x.Seconds > 0 {
		x.ImagesPerSecond = float64(t.Step*t.BatchSize()) / x.Seconds
		x.MSPerStep = 1000 * x.Seconds / float64(t.Step)
		x.DataWaitShare = r.clock.waited.Seconds() / x.Seconds
		x.PluginShare = r.clock.called.Seconds() / x.Seconds
	}
	if loss := h[rundir.TrainLoss]; len(loss) > 0 {
		x.LossFirst, x.LossLast = report.Float(loss[0].Value), report.Float(loss[len(loss)-1].Value)
	}
}

// evidence is what the diagnosis looks at: every loss if this process saw them
// all, the recorded ones otherwise.
func (r *running) evidence(h rundir.History) diagnose.Evidence {
	e := diagnose.Evidence{Loss: r.losses, Classes: r.report.Train.LossClasses, Probes: report.Probes(r.report.Evals)}
	if r.from > 0 {
		e.Loss = nil
		for _, p := range h[rundir.TrainLoss] {
			e.Loss = append(e.Loss, p.Value)
		}
	}
	for _, p := range h[rundir.TrainSpread] {
		e.Spread = append(e.Spread, p.Value)
	}
	c := r.report.Collapse
	e.Std, e.RankMe, e.Dim, e.Samples = float64(c.Std), float64(c.RankMe), c.Dim, c.Samples
	return e
}

// Pictures of the run, by the names of their files among its plots.
const (
	viewsPlot      = "views.png"
	neighboursPlot = "neighbours.png"
	plottedViews   = 6
)

func (r *running) viewsPlot() error {
	t := r.Trainer
	sheet, err := r.Views(max(0, t.Step-1)/t.StepsPerEpoch(), plottedViews) // of the last epoch
	if err != nil {
		return err
	}
	return r.plot(viewsPlot, sheet)
}

func (r *running) plot(name string, sheet report.Sheet) error {
	data, err := sheet.PNG()
	if err != nil {
		return err
	}
	return r.dir.Write(filepath.Join(r.dir.Plots(), name), data)
}

// WriteReport writes report.html with the plots, then report.json, from a report
// and what else is in the run directory.
func WriteReport(d rundir.Dir, r report.Report) error {
	p := report.Page{Report: r}
	resolved, err := os.ReadFile(d.Resolved())
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p.Resolved = string(resolved)
	if p.History, err = d.ReadHistory(); err != nil {
		return err
	}
	for _, x := range []struct{ file, title string }{{viewsPlot, "Views"}, {neighboursPlot, "Nearest neighbours"}} {
		data, err := os.ReadFile(filepath.Join(d.Plots(), x.file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		p.Pictures = append(p.Pictures, report.Plate{Title: x.title, PNG: data})
	}
	for _, plot := range p.Plots() {
		if err := atomicfile.WriteBytes(filepath.Join(d.Plots(), plot.Name), plot.SVG); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	var page bytes.Buffer
	if err := p.HTML(&page); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(d.ReportHTML(), page.Bytes()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	data, err := r.JSON()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(d.ReportJSON(), data); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// summary says at the end what came out.
func (r *running) summary() {
	x := r.report.Train
	memory, unit := words.Scaled(float64(x.PeakRSSBytes), 1024, "B", "KiB", "MiB", "GiB", "TiB")
	r.say("\n%s", report.Headline(r.report.Evals))
	r.say("%.0f images/s, %s ms a step, %s in all; plugin calls %s %% of it, waiting for data %s %%; peak memory %s %s",
		x.ImagesPerSecond, words.Short(x.MSPerStep), words.Duration(time.Duration(x.Seconds*float64(time.Second))), words.Share(x.PluginShare), words.Share(x.DataWaitShare), memory, unit)
	for _, w := range r.report.Warnings {
		r.say("warning: %s", w.Message)
	}
	if n := r.report.Data.SkippedCount; n > 0 {
		r.say("warning: images that could not be read: %d; see the report", n)
	}
	r.say("report   %s\nencoder  %s", r.dir.ReportHTML(), r.dir.Encoder())
}

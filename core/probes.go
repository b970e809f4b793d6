package core

import (
	"context"
	"fmt"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/report/diagnose"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
)

const (
	evalBatch   = 250  // images that go through the encoder at once
	maxEmbedded = 2000 // embeddings that collapse is measured on
	maxUnlabel  = 5000 // training images of a set without labels, to find neighbours among
)

// splits is the features of both splits.
type splits struct{ train, test *eval.Features }

// features of the labelled images under a state; a nil state gives pixels. Where
// none has a label there are fewer, for pictures and collapse.
func (s *Session) features(ctx context.Context, state *train.State) (f splits, err error) {
	t := s.Trainer
	var ex *exec.Executable
	if state != nil {
		if ex, err = s.encoder(ctx, state); err != nil {
			return f, err
		}
	}
	of := func(ds data.Dataset, most int) (*eval.Features, error) {
		at := eval.Labelled(ds)
		if len(at) == 0 {
			at = eval.Spread(ds.Len(), most)
		}
		plain, err := eval.Plain(ds, s.size, s.Set.Channels, evalBatch, s.Set.Mean, s.Set.Std)
		if err != nil {
			return nil, err
		}
		return eval.Extract(ds, at, plain, ex, evalBatch, t.Pool)
	}
	if f.train, err = of(s.Set.Probe, maxUnlabel); err != nil {
		return f, err
	}
	f.test, err = of(s.Set.Test, maxEmbedded)
	return f, err
}

// encoder is the backbone alone, reading a state's parameters.
func (s *Session) encoder(ctx context.Context, state *train.State) (*exec.Executable, error) {
	t := s.Trainer
	flat, err := t.Plugins.Encoder(ctx, t.Facts, evalBatch, train.EncoderScope(t.Flat))
	if err != nil {
		return nil, err
	}
	f, err := compile.Func(flat.Func)
	if err != nil {
		return nil, err
	}
	return exec.New(f, exec.Options{Pool: t.Pool, Inputs: state.Buffers()})
}

// online runs the probes that are due after an epoch.
func (r *running) online(ctx context.Context, epoch int) error {
	var due []experiment.Eval
	for _, e := range r.Experiment.Evals() {
		if e.EveryEpochs > 0 && epoch%e.EveryEpochs == 0 {
			due = append(due, e)
		}
	}
	if len(due) == 0 {
		return nil
	}
	f, err := r.features(ctx, r.Trainer.State)
	if err != nil {
		return err
	}
	values := map[string]float64{}
	for _, e := range due {
		results, err := r.probe(e, report.Eval{Subject: report.Trained, Epoch: epoch}, f)
		if err != nil {
			return err
		}
		if len(results) > 0 {
			name, top1 := report.ProtocolName(e.Protocol), mean(results)
			r.lines.probe(name, top1)
			values[metricName(e.Protocol)] = top1
		}
	}
	c, err := measureCollapse(f)
	if err != nil {
		return err
	}
	collapseMetrics(c, values)
	if len(values) == 0 {
		return nil
	}
	return r.metrics.Append(r.Trainer.Step, epoch, values)
}

func mean(evals []report.Eval) (m float64) {
	for _, e := range evals {
		m += float64(e.Top1) / float64(len(evals))
	}
	return m
}

func metricName(protocol string) string {
	if protocol == experiment.Linear {
		return rundir.LinearTop1
	}
	return rundir.KNNTop1
}

func collapseMetrics(c report.Collapse, values map[string]float64) {
	if c.Dim > 0 {
		values[rundir.CollapseStd], values[rundir.CollapseRankMe] = float64(c.Std), float64(c.RankMe)
	}
}

// probe measures one protocol, once for each of its seeds; as says whose
// features they are. Where nothing is labelled there is nothing to measure.
func (s *Session) probe(e experiment.Eval, as report.Eval, f splits) (results []report.Eval, err error) {
	classes := len(s.Set.Classes)
	if classes == 0 || !f.train.Labelled() || !f.test.Labelled() {
		return nil, nil
	}
	train := f.train.First(e.TrainLimit)
	as.Protocol = e.Protocol
	if as.Choice == "" {
		as.Choice = report.Last
	}
	add := func(seed int, top1 float64, settings map[string]float64) {
		as.Seed, as.Top1, as.Settings = uint64(seed), report.Float(top1), settings
		if e.TrainLimit > 0 {
			settings["train_limit"] = float64(e.TrainLimit)
		}
		results = append(results, as)
	}
	if e.Protocol == experiment.KNN {
		top1, err := eval.KNN(train, f.test, classes, e.K, e.Temperature, s.Trainer.Pool)
		if err != nil {
			return nil, err
		}
		add(int(s.Experiment.Seed()), top1, map[string]float64{"k": float64(e.K), "temperature": e.Temperature})
		return results, nil
	}
	for _, seed := range e.Seeds {
		top1, err := eval.Linear(train, f.test, classes, eval.LinearConfig{Epochs: e.Epochs, BatchSize: e.BatchSize, LR: e.LR, Seed: uint64(seed)}, s.Trainer.Pool)
		if err != nil {
			return nil, err
		}
		add(seed, top1, map[string]float64{"epochs": float64(e.Epochs), "lr": e.LR, "batch_size": float64(e.BatchSize), "weight_decay": 0})
	}
	return results, nil
}

// subject is what a probe measures.
type subject struct {
	name  string
	state *train.State // nil for pixels
	epoch int
}

// subjects are the trained encoder after some epochs, and what costs no training.
func (s *Session) subjects(epoch int) ([]subject, error) {
	fresh, err := s.Trainer.Fresh()
	return []subject{{report.Trained, s.Trainer.State, epoch}, {report.Untrained, fresh, 0}, {report.Pixels, nil, 0}}, err
}

// measure runs probes on every subject, and gives each subject's features to see.
func (s *Session) measure(ctx context.Context, evals []experiment.Eval, epoch int, choice string, see func(subject, splits) error, show func(report.Eval)) error {
	subjects, err := s.subjects(epoch)
	if err != nil {
		return err
	}
	for _, sub := range subjects {
		if ctx.Err() != nil {
			return &interrupted{"interrupted between evaluations; the training before them is saved", ctx.Err()}
		}
		f, err := s.features(ctx, sub.state)
		if err != nil {
			return err
		}
		if err := see(sub, f); err != nil {
			return err
		}
		as := report.Eval{Subject: sub.name, Epoch: sub.epoch, Choice: choice}
		if sub.name != report.Trained {
			as.Choice = report.Last
		}
		for _, e := range evals {
			results, err := s.probe(e, as, f)
			if err != nil {
				return err
			}
			for _, x := range results {
				show(x)
			}
		}
	}
	return nil
}

// measureCollapse looks at the test images' features, or where there are none at
// the training images'.
func measureCollapse(f splits) (c report.Collapse, err error) {
	g := f.test
	if g.N == 0 {
		g = f.train
	}
	if g = g.Spread(maxEmbedded); g.N == 0 {
		return c, nil
	}
	std, err := diagnose.Std(g.X, g.N, g.D)
	if err != nil {
		return c, err
	}
	rank, err := diagnose.RankMe(g.X, g.N, g.D)
	return report.Collapse{Std: report.Float(std), RankMe: report.Float(rank), Dim: g.D, Samples: g.N}, err
}

// EvalLine is a measurement as printed.
func EvalLine(e report.Eval) string {
	return fmt.Sprintf("%-6s  %-9s  epoch %3d  top-1 %5.2f %%  (seed %d, %s)", e.Protocol, e.Subject, e.Epoch, float64(e.Top1), e.Seed, e.Choice)
}

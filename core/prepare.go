package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/localize"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
)

// Session is an experiment ready to run.
type Session struct {
	Experiment *experiment.Experiment
	Set        *data.Set
	Trainer    *train.Trainer
	size       int
	restored   restored
}

// Prepare opens the data and builds the step.
func Prepare(ctx context.Context, e *experiment.Experiment, plugins train.Plugins, workers int) (*Session, error) {
	d, tr, o := e.Data(), e.Train(), e.Optim()
	set, err := data.Open(d.Dataset, data.Options{Path: d.Path, TrainSplit: d.TrainSplit, TestSplit: d.TestSplit, Holdout: d.Holdout, Limit: d.Limit,
		EXIF: d.EXIF, AllowPartial: d.AllowPartial, Count: d.Count, Classes: d.Classes, Seed: d.Seed, Size: d.ImageSize, Channels: d.Channels})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Where("data"), err)
	}
	if set.Train.Len() < tr.BatchSize {
		return nil, fmt.Errorf("%s: a batch of %d images, but the training set has %d", e.Where("train.batch_size"), tr.BatchSize, set.Train.Len())
	}
	mean, std := set.Mean, set.Std
	if !d.Normalize {
		mean, std = nil, nil
	}
	if d.Channels == 1 && len(mean) == 3 {
		mean, std = []float64{0.5}, []float64{0.25}
	}
	set.Mean, set.Std, set.Channels = mean, std, d.Channels
	e, modules, err := borrow(e, set)
	if err != nil {
		return nil, err
	}
	per := set.Train.Len() / tr.BatchSize
	cfg := optim.Config{Name: o.Name, LR: o.Peak(tr.BatchSize), MinLR: o.MinLR, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay, FinalDecay: o.FinalDecay,
		Betas: o.Betas, Eps: o.Eps, Eta: o.Eta, Clip: optim.Clip{Norm: o.ClipGradNorm, Each: o.ClipGradNormEach}, Exclude: o.ExcludeBiasAndNorm, Schedule: o.Schedule, WarmupSteps: int(o.WarmupEpochs * float64(per)), Steps: per * tr.Epochs, Gamma: o.Gamma}
	for _, m := range o.Milestones {
		cfg.Milestones = append(cfg.Milestones, m*per)
	}
	if workers == 0 {
		workers = tr.Workers
	}
	t, err := train.NewTrainer(ctx, train.Config{Plugins: plugins, Data: set.Train, Mean: mean, Std: std, Optim: cfg, Seed: e.Seed(), Workers: workers, BF16: tr.Precision == experiment.BF16, Fours: tr.Winograd == experiment.F4, Memory: tr.Memory, Parts: tr.BatchSize / tr.MicroBatch, CheckFinite: tr.CheckFinite, Localization: schedule(e), Modules: modules,
		Facts: train.Facts{Batch: tr.MicroBatch, Samples: set.Train.Len(), Channels: d.Channels, ImageSize: d.ImageSize}})
	if small := (*train.MemoryError)(nil); errors.As(err, &small) {
		return nil, fmt.Errorf("%s: %w", e.Where("train.memory"), err)
	}
	if parts := (*train.PartsError)(nil); errors.As(err, &parts) {
		return nil, fmt.Errorf("%s: %w; leave train.micro_batch out, and see train.memory", e.Where("train.micro_batch"), err)
	}
	if alien := (*train.ModuleError)(nil); errors.As(err, &alien) {
		return nil, fmt.Errorf("%s: %w", e.Where("modules."+alien.Name), err)
	}
	if err != nil {
		return nil, err
	}
	return &Session{Experiment: e, Set: set, Trainer: t, size: d.ImageSize}, nil
}

// schedule is when the experiment's crop strategy gets boxes; nil for one that
// does not go by them.
func schedule(e *experiment.Experiment) *localize.Schedule {
	l, ok := e.Localization()
	if !ok {
		return nil
	}
	b := l.InitBox
	return &localize.Schedule{WarmupEpochs: l.WarmupEpochs, EveryEpochs: l.EveryEpochs, Threshold: float32(l.Threshold), Heat: localize.Heat(l.Heat),
		Initial: view.Box{Y0: float32(b[0]), X0: float32(b[1]), Y1: float32(b[2]), X1: float32(b[3])}}
}

// Steps is where the run ends: after all epochs, or at train.steps if that is sooner.
func (s *Session) Steps() int {
	if n := s.Experiment.Train().Steps; n > 0 {
		return min(n, s.Trainer.Optim.Steps)
	}
	return s.Trainer.Optim.Steps
}

// Params is the number of scalars in all parameters but those that are averages
// of others.
func (s *Session) Params() (n int) {
	flat := s.Trainer.Flat
	for _, p := range flat.Params {
		if _, _, average := flat.TargetOf(p.Name); !average {
			n += p.Shape.Size()
		}
	}
	return n
}

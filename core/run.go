// Package core owns the whole flow: an experiment and its plugins become a
// trained, evaluated encoder and a record of how. Start from [Run].
package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/fwlab/fw/core/compile"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/eval"
	"github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/optim"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/train"
)

// Progress is told what happens; every field may be nil.
type Progress struct {
	Step func(step, steps int, loss float64, imagesPerSecond float64)
	Eval func(e Score)
	Note func(format string, args ...any)
}

// Score is one number with its protocol.
type Score struct {
	Protocol string             `json:"protocol"` // knn, linear
	Subject  string             `json:"subject"`  // trained, untrained, pixels
	Top1     float64            `json:"top1"`     // percent
	Seed     int                `json:"seed"`
	Epoch    int                `json:"epoch"`
	Choice   string             `json:"choice"` // last
	Settings map[string]float64 `json:"settings"`
}

// Point is the loss at a step.
type Point struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss"`
	LR   float64 `json:"lr"`
}

// Report is report.json.
type Report struct {
	SchemaVersion int     `json:"schema_version"`
	Name          string  `json:"name"`
	Evals         []Score `json:"evals"`
	Train         struct {
		Steps           int     `json:"steps"`
		Epochs          int     `json:"epochs"`
		ImagesPerSecond float64 `json:"images_per_second"`
		MSPerStep       float64 `json:"ms_per_step"`
		DataWaitShare   float64 `json:"data_wait_share"`
		PluginShare     float64 `json:"plugin_share"`
		PlannedBytes    int     `json:"planned_bytes"`
		Parameters      int     `json:"parameters"`
		FLOPsPerStep    int64   `json:"flops_per_step"`
		FirstLoss       float64 `json:"loss_first"`
		LastLoss        float64 `json:"loss_last"`
	} `json:"train"`
	Plugins  []PluginRow        `json:"plugins"`
	Skipped  []string           `json:"skipped_images"`
	Collapse map[string]float64 `json:"collapse"`
	Warnings []string           `json:"warnings"`
	Curve    []Point            `json:"curve"`
}

// PluginRow is a plugin of the run.
type PluginRow struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Carrier string `json:"carrier"`
	SHA256  string `json:"sha256"`
}

// Session is an experiment ready to run.
type Session struct {
	Experiment *experiment.Experiment
	Set        *data.Set
	Trainer    *train.Trainer
	size       int
}

// Prepare opens the data and builds the step.
func Prepare(ctx context.Context, e *experiment.Experiment, plugins train.Plugins, workers int) (*Session, error) {
	d, tr, o := e.Data(), e.Train(), e.Optim()
	if err := unsupported(e); err != nil {
		return nil, err
	}
	set, err := data.Open(d.Dataset, data.Options{Path: d.Path, EXIF: d.EXIF, AllowPartial: d.AllowPartial, Count: d.Count, Classes: d.Classes, Size: d.ImageSize, Channels: d.Channels})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Where("data"), err)
	}
	set.Train = data.First(set.Train, d.Limit)
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
	per := set.Train.Len() / tr.BatchSize
	cfg := optim.Config{Name: o.Name, LR: o.Peak(tr.BatchSize), MinLR: o.MinLR, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay,
		Betas: o.Betas, Eps: o.Eps, Eta: o.Eta, Exclude: o.ExcludeBiasAndNorm, Schedule: o.Schedule, WarmupSteps: int(o.WarmupEpochs * float64(per)), Steps: per * tr.Epochs, Gamma: o.Gamma}
	for _, m := range o.Milestones {
		cfg.Milestones = append(cfg.Milestones, m*per)
	}
	if workers == 0 {
		workers = tr.Workers
	}
	t, err := train.NewTrainer(ctx, train.Config{Plugins: plugins, Data: set.Train, Mean: mean, Std: std, Optim: cfg, Seed: e.Seed(), Workers: workers,
		Facts: train.Facts{Batch: tr.BatchSize, Samples: set.Train.Len(), Channels: d.Channels, ImageSize: d.ImageSize}})
	if err != nil {
		return nil, err
	}
	return &Session{Experiment: e, Set: set, Trainer: t, size: d.ImageSize}, nil
}

// unsupported refuses what the language has and the datasets do not do yet,
// rather than ignore it.
func unsupported(e *experiment.Experiment) error {
	d := e.Data()
	for key, bad := range map[string]bool{
		"data.train_split": d.TrainSplit != "" && d.TrainSplit != "train",
		"data.test_split":  d.TestSplit != "" && d.TestSplit != "test",
		"data.holdout":     d.Holdout != 0 && d.Holdout != 0.2,
		"data.path":        d.Dataset == experiment.FashionMNIST && d.Path != "",
	} {
		if bad {
			return fmt.Errorf("%s: %s: this dataset takes the default only; leave it out", e.Where(key), key)
		}
	}
	return nil
}

// keep saves a numbered checkpoint and removes those beyond the number to keep.
func (s *Session) keep(dir string, epoch int) error {
	n, every := s.Experiment.Train().KeepCheckpoints, s.Experiment.Train().CheckpointEveryEpochs
	if n == 0 {
		return nil
	}
	name := func(e int) string { return filepath.Join(dir, "checkpoints", fmt.Sprintf("epoch-%04d.safetensors", e)) }
	if err := s.Trainer.State.Save(name(epoch), s.Trainer.Step, nil); err != nil {
		return err
	}
	if old := epoch - n*every; old > 0 {
		if err := os.Remove(name(old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// Run trains from the trainer's step to the end, evaluates, and leaves
// checkpoints, the encoder and the report in dir. When ctx ends it saves and
// returns ctx's error.
func (s *Session) Run(ctx context.Context, dir string, p Progress) (*Report, error) {
	t, tr := s.Trainer, s.Experiment.Train()
	per := t.StepsPerEpoch()
	last := filepath.Join(dir, "checkpoints", "last.safetensors")
	r := &Report{SchemaVersion: 1, Name: s.Experiment.Name(), Skipped: []string{}, Warnings: []string{}, Collapse: map[string]float64{}}
	began, from := time.Now(), t.Step
	steps := t.Optim.Steps
	if tr.Steps > 0 {
		steps = min(steps, tr.Steps)
	}
	for t.Step < steps {
		if ctx.Err() != nil {
			return nil, s.interrupted(ctx, last)
		}
		loss, metrics, err := t.Run()
		if err != nil {
			return nil, err
		}
		if len(t.Skipped) > s.Experiment.Data().MaxCorrupt {
			return nil, fmt.Errorf("%s: %d images could not be read, the limit is %d; the last: %w", s.Experiment.Where("data.max_corrupt"), len(t.Skipped), s.Experiment.Data().MaxCorrupt, t.Skipped[len(t.Skipped)-1].Err)
		}
		if r.Train.LastLoss = loss; len(r.Curve) == 0 {
			r.Train.FirstLoss = loss
		}
		if t.Step%tr.LogEverySteps == 0 || t.Step == steps || len(r.Curve) == 0 {
			r.Curve = append(r.Curve, Point{t.Step, loss, metrics["train/lr"]})
		}
		if p.Step != nil {
			p.Step(t.Step, steps, loss, float64((t.Step-from)*tr.BatchSize)/time.Since(began).Seconds())
		}
		if t.Step%per != 0 {
			continue
		}
		epoch := t.Step / per
		if every := tr.CheckpointEveryEpochs; every > 0 && epoch%every == 0 {
			if err := t.State.Save(last, t.Step, nil); err != nil {
				return nil, err
			}
			if err := s.keep(dir, epoch); err != nil {
				return nil, err
			}
		}
		if err := s.online(ctx, epoch, steps, r, p); err != nil {
			return nil, err
		}
	}
	spent := time.Since(began)
	if err := t.State.Save(last, t.Step, nil); err != nil {
		return nil, err
	}
	if err := t.State.Export(filepath.Join(dir, "encoder.safetensors"), train.EncoderScope(t.Flat), t.Step, s.metadata()); err != nil {
		return nil, err
	}
	if n := t.Step - from; n > 0 {
		r.Train.ImagesPerSecond = float64(n*tr.BatchSize) / spent.Seconds()
		r.Train.MSPerStep = spent.Seconds() * 1000 / float64(n)
		r.Train.DataWaitShare = t.DataWait.Seconds() / spent.Seconds()
	}
	r.Train.Steps, r.Train.Epochs = t.Step, t.Step/per
	r.Train.PlannedBytes, r.Train.FLOPsPerStep = t.Exec.Memory(), t.Exec.FLOPs()
	for _, leaf := range t.Flat.Params {
		r.Train.Parameters += leaf.Shape.Size()
	}
	for _, x := range t.Skipped {
		r.Skipped = append(r.Skipped, x.ID)
	}
	return r, s.final(ctx, r, p)
}

func (s *Session) interrupted(ctx context.Context, last string) error {
	if err := s.Trainer.State.Save(last, s.Trainer.Step, nil); err != nil {
		return err
	}
	return fmt.Errorf("interrupted at step %d, state saved: %w", s.Trainer.Step, ctx.Err())
}

// metadata goes into the exported encoder.
func (s *Session) metadata() map[string]string {
	m, _ := json.Marshal(s.Set.Mean)
	d, _ := json.Marshal(s.Set.Std)
	return map[string]string{"mean": string(m), "std": string(d), "image_size": fmt.Sprint(s.size), "layout": "torchvision/timm names, OIHW"}
}

// evalBatch is the images that probes take at once.
const evalBatch = 250

// features of both splits under a state; a nil state gives pixels.
func (s *Session) features(ctx context.Context, state *train.State) (tr, te *eval.Features, err error) {
	t := s.Trainer
	var ex *exec.Executable
	if state != nil {
		flat, err := t.Plugins.Encoder(ctx, t.Facts, evalBatch, train.EncoderScope(t.Flat))
		if err != nil {
			return nil, nil, err
		}
		f, err := compile.Func(flat.Func)
		if err != nil {
			return nil, nil, err
		}
		if ex, err = exec.New(f, exec.Options{Pool: t.Pool, Inputs: state.Buffers()}); err != nil {
			return nil, nil, err
		}
	}
	out := [2]*eval.Features{}
	for i, ds := range []data.Dataset{s.Set.Train, s.Set.Test} {
		plain, err := eval.Plain(ds, s.size, s.Set.Channels, evalBatch, s.Set.Mean, s.Set.Std)
		if err != nil {
			return nil, nil, err
		}
		if out[i], err = eval.Extract(ds, plain, ex, evalBatch, t.Pool); err != nil {
			return nil, nil, err
		}
	}
	runtime.GC()
	return out[0], out[1], nil
}

// online runs the probes that are due after an epoch, the last one excepted.
func (s *Session) online(ctx context.Context, epoch, steps int, r *Report, p Progress) error {
	for _, e := range s.Experiment.Evals() {
		if e.EveryEpochs == 0 || epoch%e.EveryEpochs != 0 || s.Trainer.Step >= steps {
			continue
		}
		tr, te, err := s.features(ctx, s.Trainer.State)
		if err != nil {
			return err
		}
		if err := s.probe(e, "trained", epoch, tr, te, r, p); err != nil {
			return err
		}
	}
	return nil
}

// final runs every probe on the trained encoder, on the untrained one and on pixels.
func (s *Session) final(ctx context.Context, r *Report, p Progress) error {
	subjects := []struct {
		name  string
		state *train.State
		epoch int
	}{{"trained", s.Trainer.State, r.Train.Epochs}, {"untrained", s.Trainer.Fresh(), 0}, {"pixels", nil, 0}}
	for _, sub := range subjects {
		tr, te, err := s.features(ctx, sub.state)
		if err != nil {
			return err
		}
		if sub.name == "trained" && te.N > 0 {
			r.Collapse["std"] = te.Std()
			if r.Collapse["std"] < 0.05 {
				r.Warnings = append(r.Warnings, fmt.Sprintf("the features' deviation is %.4f of the healthy value: the encoder has collapsed, every image looks the same to it", r.Collapse["std"]))
			}
		}
		for _, e := range s.Experiment.Evals() {
			if err := s.probe(e, sub.name, sub.epoch, tr, te, r, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) probe(e experiment.Eval, subject string, epoch int, tr, te *eval.Features, r *Report, p Progress) error {
	classes := len(s.Set.Classes)
	if classes == 0 || tr.N == 0 || te.N == 0 {
		return nil // nothing is labelled: a probe has nothing to say
	}
	add := func(score Score) {
		r.Evals = append(r.Evals, score)
		if p.Eval != nil {
			p.Eval(score)
		}
	}
	tr = tr.First(e.TrainLimit)
	if e.Protocol == experiment.KNN {
		top1, err := eval.KNN(tr, te, classes, e.K, e.Temperature, s.Trainer.Pool)
		if err != nil {
			return err
		}
		add(Score{e.Protocol, subject, top1, int(s.Experiment.Seed()), epoch, "last", map[string]float64{"k": float64(e.K), "temperature": e.Temperature}})
		return nil
	}
	for _, seed := range e.Seeds {
		top1, err := eval.Linear(tr, te, classes, eval.LinearConfig{Epochs: e.Epochs, BatchSize: e.BatchSize, LR: e.LR, Seed: uint64(seed)}, s.Trainer.Pool)
		if err != nil {
			return err
		}
		add(Score{e.Protocol, subject, top1, seed, epoch, "last", map[string]float64{"epochs": float64(e.Epochs), "lr": e.LR, "batch_size": float64(e.BatchSize)}})
	}
	return nil
}

// WriteJSON replaces the file at path by v.
func WriteJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(b, '\n'))
}

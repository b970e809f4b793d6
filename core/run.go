// Package core owns the whole flow: an experiment and its plugins become a
// trained, evaluated encoder and a record of how. Start from [Prepare], then
// [Begin] or [Session.Resume], then [Session.Run].
package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/report/progress"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
)

// Job is what a run is given besides its session.
type Job struct {
	Dir         *rundir.Run
	Environment rundir.Environment
	Lock        []byte               // fw.lock
	PluginTime  func() time.Duration // spent in plugin calls so far
	Out         io.Writer            // results, also kept in the run's log
	Screen      Screen
}

// Screen is where progress is shown.
type Screen struct {
	Out      io.Writer
	Terminal bool // Out moves its cursor
	Width    int  // columns of the terminal
}

// Run trains from the trainer's step to the end, evaluates, and leaves everything
// in the job's directory. When ctx ends it finishes the step, saves, says how to
// resume, and returns ctx's error.
func (s *Session) Run(ctx context.Context, j Job) (*report.Report, error) {
	r, err := s.start(j)
	if err != nil {
		return nil, err
	}
	if err = r.train(ctx); err == nil {
		err = r.finish(ctx)
	}
	return r.report, r.end(err)
}

// running is a session at work.
type running struct {
	*Session
	*record
	job     Job
	report  *report.Report
	lines   lines
	losses  []float64 // of every step of this process
	from    int       // steps done before it
	skipped map[string]bool
}

func (s *Session) start(j Job) (*running, error) {
	rec, err := s.openRecord(j)
	if err != nil {
		return nil, err
	}
	r := &running{Session: s, record: rec, job: j, from: s.Trainer.Step, skipped: map[string]bool{}}
	r.report = s.describe(j)
	for _, x := range s.restored.skipped {
		r.skip(x)
	}
	o := progress.Options{Epochs: s.Experiment.Train().Epochs, StepsPerEpoch: s.Trainer.StepsPerEpoch(), Steps: s.Steps(), Done: s.Trainer.Step, Now: time.Now, Out: r.log}
	screen := o
	screen.Out, screen.Terminal, screen.Width = j.Screen.Out, j.Screen.Terminal, j.Screen.Width
	r.lines = lines{progress.New(screen), progress.New(o)}
	return r, nil
}

// train runs the steps that are left, with the probes and checkpoints between.
func (r *running) train(ctx context.Context) error {
	t, tr := r.Trainer, r.Experiment.Train()
	defer r.lines.close()
	if t.Step == 0 && !r.restored.resumed {
		if err := r.phases(context.WithoutCancel(ctx), 0); err != nil {
			return err
		}
	}
	for t.Step < r.Steps() {
		if ctx.Err() != nil {
			r.lines.pause()
			if err := r.save(false); err != nil {
				return err
			}
			return &interrupted{fmt.Sprintf("interrupted after step %d of %d, which is saved", t.Step, r.Steps()), ctx.Err()}
		}
		if err := r.step(); err != nil {
			return err
		}
		if t.Step%t.StepsPerEpoch() != 0 {
			continue
		}
		epoch := t.Step / t.StepsPerEpoch()
		r.lines.pause()
		if err := r.relocalize(context.WithoutCancel(ctx), epoch); err != nil {
			return err
		}
		if err := r.phases(context.WithoutCancel(ctx), epoch); err != nil {
			return err
		}
		if t.Step < r.Steps() {
			if err := r.online(context.WithoutCancel(ctx), epoch); err != nil {
				return err
			}
		}
		if every := tr.CheckpointEveryEpochs; every > 0 && epoch%every == 0 {
			if err := r.save(tr.KeepCheckpoints > 0); err != nil {
				return err
			}
		}
	}
	if r.saved == t.Step {
		return nil
	}
	return r.save(false)
}

// step does one update and records it.
func (r *running) step() error {
	t, tr := r.Trainer, r.Experiment.Train()
	loss, metrics, err := r.clock.step(t, r.job.PluginTime)
	if bad := (*train.NotFiniteError)(nil); errors.As(err, &bad) {
		return r.diverged(bad)
	}
	if err != nil {
		return fmt.Errorf("train: step %d: %w", t.Step+1, err)
	}
	for _, x := range t.Skipped {
		if r.skip(report.Skipped{Image: x.ID, Reason: x.Err.Error()}) {
			r.note("warning: %s could not be read and is left out: %v", x.ID, x.Err)
		}
	}
	t.Skipped = nil
	if limit := r.Experiment.Data().MaxCorrupt; len(r.skipped) > limit {
		last := r.report.Data.Skipped[len(r.report.Data.Skipped)-1]
		return fmt.Errorf("%s: %d images could not be read, the limit is %d; the last: %s: %s", r.Experiment.Where("data.max_corrupt"), len(r.skipped), limit, last.Image, last.Reason)
	}
	r.losses = append(r.losses, loss)
	r.lines.step(t.Step, loss, tr.BatchSize)
	if t.Step%tr.LogEverySteps != 0 && t.Step != r.Steps() && t.Step != 1 {
		return nil
	}
	metrics[rundir.TrainLoss] = loss
	if share, crops := t.FellBack(); crops {
		metrics[rundir.CropsFellBack] = share
	}
	metrics[rundir.TrainImages] = r.clock.lap(tr.BatchSize)
	return r.metrics.Append(t.Step, t.Step/t.StepsPerEpoch(), metrics)
}

// skip counts an image that could not be read, and reports whether it is new.
func (r *running) skip(x report.Skipped) bool {
	if r.skipped[x.Image] {
		return false
	}
	r.skipped[x.Image] = true
	d := &r.report.Data
	d.SkippedCount++
	d.Skipped = append(d.Skipped, x)
	return true
}

// interrupted is the user's wish to stop: context.Canceled, in words.
type interrupted struct {
	text  string
	cause error
}

func (e *interrupted) Error() string { return e.text }
func (e *interrupted) Unwrap() error { return e.cause }

// lines show progress: on the screen, and in the run's log.
type lines []*progress.Line

func (ls lines) step(done int, loss float64, images int) {
	for _, l := range ls {
		l.Step(done, loss, images)
	}
}

func (ls lines) probe(name string, top1 float64) {
	for _, l := range ls {
		l.Probe(name, top1)
	}
}

func (ls lines) pause() {
	for _, l := range ls {
		l.Pause()
	}
}

func (ls lines) close() {
	for _, l := range ls {
		l.Close()
	}
}

// note shows a line above the progress, and keeps it.
func (r *running) note(format string, args ...any) {
	for _, l := range r.lines {
		l.Note(format, args...)
	}
}

// say prints a result, and keeps it.
func (r *running) say(format string, args ...any) {
	fmt.Fprintf(io.MultiWriter(r.job.Out, r.log), format+"\n", args...)
}

// end records how the run stands and closes its files.
func (r *running) end(err error) error {
	s := rundir.Status{State: rundir.Completed}
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		s.State = rundir.Interrupted
	default:
		s.State = rundir.Failed
	}
	if err != nil {
		s.Message = err.Error()
		fmt.Fprintln(r.log, err)
		if bad := (*train.NotFiniteError)(nil); !errors.As(err, &bad) && r.saved >= 0 {
			err = fmt.Errorf("%w\ngo on with: fw run --resume %s", err, r.job.Dir.Dir)
		}
	}
	return errors.Join(err, r.close(s))
}

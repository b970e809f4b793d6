package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

// Load takes over the state in a checkpoint of the session's experiment.
func (s *Session) Load(c *checkpoint.Checkpoint) error {
	if want := hash(s.Experiment.Decisive()); c.Meta.Experiment != want {
		return fmt.Errorf("%s is of another experiment: expected hash %.12s, found %.12s", c.Path, want, c.Meta.Experiment)
	}
	if err := s.Trainer.Restore(c.Meta.Step, c.Tensors); err != nil {
		return fmt.Errorf("%s: %w", c.Path, err)
	}
	return nil
}

// Evaluate measures one protocol on a checkpoint of the session's run, on the
// untrained encoder and on pixels; show is told of each result.
func (s *Session) Evaluate(ctx context.Context, c *checkpoint.Checkpoint, e experiment.Eval, show func(report.Eval)) error {
	if err := s.Load(c); err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	choice := report.Last
	if c.Meta.Step != s.Steps() {
		choice = report.Epoch
	}
	see := func(_ subject, f splits) error {
		if len(s.Set.Classes) == 0 || !f.train.Labelled() || !f.test.Labelled() {
			return fmt.Errorf("eval: %s: %s needs labelled training and test images, the dataset has none", s.Experiment.Where("data.dataset"), e.Protocol)
		}
		return nil
	}
	return s.measure(ctx, []experiment.Eval{e}, c.Meta.Epoch, choice, see, show)
}

// AddEvals puts measurements into the report of a finished run, in the place of
// those of the same thing.
func AddEvals(d rundir.Dir, evals []report.Eval) error {
	return amend(d, func(r *report.Report) {
		for _, e := range evals {
			r.Evals = put(r.Evals, e, func(x report.Eval) bool {
				return x.Protocol == e.Protocol && x.Subject == e.Subject && x.Seed == e.Seed && x.Epoch == e.Epoch && x.Choice == e.Choice && maps.Equal(x.Settings, e.Settings)
			})
		}
	})
}

// AddLocalization puts measurements into the report of a finished run, in the place
// of those of the same thing.
func AddLocalization(d rundir.Dir, list []report.Localization) error {
	return amend(d, func(r *report.Report) {
		for _, l := range list {
			r.Localization = put(r.Localization, l, l.Same)
		}
	})
}

// put is the list with x in the place of the first that is the same, or behind all.
func put[T any](list []T, x T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = x
		return list
	}
	return append(list, x)
}

// amend changes the report of a finished run.
func amend(d rundir.Dir, change func(*report.Report)) error {
	r, err := report.Read(d.ReportJSON())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("eval: %s has no report yet, the results are not added: finish it with fw run --resume %s", d, d)
	}
	if err != nil {
		return err
	}
	change(&r)
	return WriteReport(d, r)
}

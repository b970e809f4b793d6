package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// fileArgs are the arguments of verbs that take an experiment.
type fileArgs struct {
	File string `arg:"" help:"Experiment file (TOML)."`
	settings
	watch callWatcher
}

// settings are the flags of verbs that take an experiment.
type settings struct {
	registryArgs
	Set     []string `help:"Override a key, as in --set train.epochs=10; may be repeated." placeholder:"KEY=VALUE" sep:"none"`
	Memory  string   `help:"Most memory of a step, as in 2GB; the same as --set train.memory=2GB. The results do not depend on it." placeholder:"SIZE"`
	Workers int      `help:"Threads; 0 means one a core. The results do not depend on it." default:"0"`
}

// overrides is what --set and the flags that stand for keys say.
func (s *settings) overrides() []string {
	if s.Memory == "" {
		return s.Set
	}
	return append(slices.Clone(s.Set), "train.memory="+s.Memory)
}

// open reads the experiment and builds its step. The caller closes both.
func (a *fileArgs) open(con *console) (*core.Session, *pluginSet, error) {
	s, err := openPlugins(con.ctx, a.registryArgs, a.File, lockFile(filepath.Dir(a.File)))
	if err != nil {
		return nil, nil, err
	}
	s.watch = a.watch
	e, err := experiment.Read(a.File, s, a.overrides()...)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	session, err := s.prepare(con.ctx, e, a.Workers)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return session, s, nil
}

// prepare makes the experiment's plugins callable and builds its step.
func (s *pluginSet) prepare(ctx context.Context, e *experiment.Experiment, workers int) (*core.Session, error) {
	plugins, err := s.connect(ctx, e)
	if err != nil {
		return nil, err
	}
	session, err := core.Prepare(ctx, e, plugins, workers)
	if err == nil {
		boundGarbage(session.Trainer.Planned())
	}
	return session, located(e, err)
}

// located says where the experiment sets the parameter that a plugin refuses.
func located(e *experiment.Experiment, err error) error {
	var said *host.Error
	if !errors.As(err, &said) || said.Kind != host.Refused {
		return err
	}
	for _, kind := range experiment.Kinds() {
		id := e.Plugin(kind).ID
		if param, text, ok := wire.FaultyParam(id, said.Err.Error()); ok {
			key := kind + "." + param
			return fmt.Errorf("%s: %s: plugin %q: %s", e.Where(key), key, id, text)
		}
	}
	return err
}

type checkCmd struct{ fileArgs }

// Run prints what a run would need.
func (c *checkCmd) Run(con *console) error {
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	t := session.Trainer
	defer t.Close()
	fmt.Fprintf(con.out, "%s: all is well\n", c.File)
	fmt.Fprintf(con.out, "  data        %s, %d training images, %d for testing, %d classes\n", session.Set.Name, session.Set.Train.Len(), session.Set.Test.Len(), len(session.Set.Classes))
	fmt.Fprintf(con.out, "  steps       %d in %d epochs of %d\n", t.Optim.Steps, session.Experiment.Train().Epochs, t.StepsPerEpoch())
	fmt.Fprintf(con.out, "  peak rate   %g\n", t.Optim.LR)
	fmt.Fprintf(con.out, "  parameters  %d\n", session.Params())
	fmt.Fprintf(con.out, "  FLOPs       %.2f G a step\n", float64(t.FLOPs())/1e9)
	fmt.Fprintf(con.out, "  memory      %s planned: %s of values that share one arena, the rest state, batches and scratch\n", plan.Size(t.Planned()), plan.Size(t.Exec.Plan().Arena))
	fmt.Fprintf(con.out, "  loading     %s of that are batches filled ahead; decoded images take %s and one image for each worker at most\n", plan.Size(t.LoadedAhead()), plan.Size(view.MaxDecoded))
	if f := t.Fitted; f != nil && f.Again > 0 {
		fmt.Fprintf(con.out, "  again       %d instructions are run a second time in the backward pass, about %.1f %% of a step\n", f.Again, 100*f.Share)
	}
	if cut := t.Cut; cut != nil {
		fmt.Fprintf(con.out, "  parts       a batch of %d in parts of %d; the gradient is the mean of theirs\n", t.BatchSize(), t.Facts.Batch)
		if cut.Norm {
			fmt.Fprintf(con.out, "  note        BatchNorm's statistics are those of %d images, not of %d: results differ from those without train.micro_batch\n", t.Facts.Batch, t.BatchSize())
		}
	}
	for _, m := range session.Experiment.Modules() {
		fmt.Fprintf(con.out, "  module      %s from %s, sha256 %.12s…\n", m.Name, m.From, m.SHA256)
	}
	for _, r := range s.rows(session.Experiment) {
		fmt.Fprintf(con.out, "  %-10s  %s %s (%s)\n", r.Kind, r.ID, r.Version, r.Carrier)
	}
	return nil
}

type graphCmd struct {
	fileArgs
	Stage string `help:"views, traced, linked, grad, compiled, plan, or update: what follows the parts of a batch." enum:"views,traced,linked,grad,compiled,plan,update" default:"traced"`
}

// Run prints the program.
func (c *graphCmd) Run(con *console) error {
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	defer session.Trainer.Close()
	if c.Stage == "plan" {
		fmt.Fprint(con.out, session.Trainer.Exec.Plan())
		return nil
	}
	f := session.Trainer.Stages[c.Stage]
	if f == nil {
		return fmt.Errorf("graph: no stage %s: the experiment does a batch at once (train.micro_batch is not less than train.batch_size)", c.Stage)
	}
	fmt.Fprint(con.out, f)
	return nil
}

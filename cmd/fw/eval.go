package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

type evalCmd struct {
	registryArgs
	Dir        string `arg:"" name:"run-dir" help:"Run directory."`
	Protocol   string `help:"knn or linear; boxes: where the encoder looks and what is cropped by that, against the boxes of objects." enum:"knn,linear,boxes" default:"knn"`
	Checkpoint string `help:"last, or the number of an epoch that was kept." default:"last"`
	JSON       bool   `help:"Print JSON for programs."`
	Workers    int    `help:"Threads; 0 means one a core. The results do not depend on it." default:"0"`

	K           *string `help:"knn: neighbours that vote."`
	Temperature *string `help:"knn: weight of a vote is exp(cosine / temperature)."`
	Epochs      *string `help:"linear: passes over the labelled images."`
	BatchSize   *string `help:"linear: images a step."`
	LR          *string `name:"lr" help:"linear: peak learning rate."`
	Seeds       *string `help:"linear: one classifier for each, as in 0,1,2."`
	TrainLimit  *string `help:"Labelled images that the probe may use; 0 means all."`

	Draws     int       `help:"boxes: how often each image is cropped." default:"1"`
	Threshold []float64 `help:"boxes: how hot a place must be to lie in the box, one or several, as in 0.1,0.3."`
}

// Run measures one protocol on the trained encoder, the untrained one and pixels.
// Settings that are not given are the experiment's own.
func (c *evalCmd) Run(con *console) error {
	dir, err := rundir.At(c.Dir)
	if err != nil {
		return err
	}
	s, err := openPlugins(con.ctx, c.registryArgs, dir.Resolved(), lockFile(c.Dir))
	if err != nil {
		return err
	}
	defer s.close()
	if c.Protocol == boxesProtocol {
		return c.boxes(con, dir, s)
	}
	e, i, err := c.experiment(dir, s)
	if err != nil {
		return err
	}
	session, ckpt, err := c.session(con, dir, s, e)
	if err != nil {
		return err
	}
	defer session.Trainer.Close()
	var evals []report.Eval
	show := func(x report.Eval) {
		evals = append(evals, x)
		if !c.JSON {
			fmt.Fprintln(con.out, core.EvalLine(x))
		}
	}
	if err := session.Evaluate(con.ctx, ckpt, e.Evals()[i], show); err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(con.out, evals); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(con.out, report.Headline(evals))
	}
	return addTo(dir, func() error { return core.AddEvals(dir, evals) })
}

// session is the experiment made ready, and the checkpoint that is measured. The caller
// closes its trainer.
func (c *evalCmd) session(con *console, dir rundir.Dir, s *pluginSet, e *experiment.Experiment) (*core.Session, *checkpoint.Checkpoint, error) {
	ckpt, err := c.load(dir)
	if err != nil {
		return nil, nil, err
	}
	session, err := s.prepare(con.ctx, e, c.Workers)
	return session, ckpt, err
}

// addTo changes the report of a run that no other process is at.
func addTo(dir rundir.Dir, change func() error) error {
	run, err := rundir.Resume(string(dir))
	if err != nil {
		return fmt.Errorf("eval: the results are not added to the report: %w", err)
	}
	defer run.Close()
	return change()
}

// experiment is the run's own, and the index of the probe to measure among its evals.
func (c *evalCmd) experiment(dir rundir.Dir, s *pluginSet) (*experiment.Experiment, int, error) {
	src, err := os.ReadFile(dir.Resolved())
	if err != nil {
		return nil, 0, fmt.Errorf("eval: %w", err)
	}
	run, err := experiment.Read(dir.Resolved(), s)
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(run.Evals(), func(e experiment.Eval) bool { return e.Protocol == c.Protocol })
	if i < 0 {
		i = len(run.Evals())
		src = fmt.Appendf(src, "\n[[eval]]\nprotocol = %q\n", c.Protocol)
	}
	d, err := experiment.Parse(string(dir.Resolved()), src, c.sets(i)...)
	if err != nil {
		return nil, 0, err
	}
	e, err := experiment.Validate(d, s)
	return e, i, err
}

// sets are the flags as assignments to the i-th eval.
func (c *evalCmd) sets(i int) (sets []string) {
	for _, f := range []struct {
		key   string
		value *string
	}{{"k", c.K}, {"temperature", c.Temperature}, {"epochs", c.Epochs}, {"batch_size", c.BatchSize}, {"lr", c.LR}, {"train_limit", c.TrainLimit}} {
		if f.value != nil {
			sets = append(sets, fmt.Sprintf("eval.%d.%s=%s", i, f.key, *f.value))
		}
	}
	if c.Seeds != nil {
		sets = append(sets, fmt.Sprintf("eval.%d.seeds=[%s]", i, *c.Seeds))
	}
	return sets
}

// load reads the checkpoint that was asked for.
func (c *evalCmd) load(dir rundir.Dir) (*checkpoint.Checkpoint, error) {
	folder := checkpoint.At(dir.Checkpoints())
	if c.Checkpoint == "last" {
		return folder.Last()
	}
	n, err := strconv.Atoi(strings.TrimPrefix(c.Checkpoint, "epoch-"))
	if err != nil || n < 1 {
		return nil, fmt.Errorf("eval: --checkpoint %q: expected last or the number of an epoch", c.Checkpoint)
	}
	epochs, err := folder.Epochs()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(epochs, n) {
		return nil, fmt.Errorf("eval: --checkpoint %d: expected one of the epochs kept in %s, %v, or last; train.keep_checkpoints keeps more", n, dir.Checkpoints(), epochs)
	}
	return checkpoint.Load(folder.EpochPath(n))
}

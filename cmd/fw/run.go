package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rundir"
)

type runCmd struct {
	File string `arg:"" optional:"" help:"Experiment file (TOML). With --resume it may be left out: the run has kept it."`
	settings
	Out    string `help:"Run directory; runs/NAME-ID if not given. An existing one is never overwritten." placeholder:"DIR"`
	Resume string `help:"Go on with the run in this directory from its last checkpoint." placeholder:"DIR"`
}

// Run trains and evaluates.
func (c *runCmd) Run(con *console) error {
	switch {
	case c.Resume != "" && c.Out != "":
		return errors.New("run: --out is for a new run; --resume goes on in its own directory")
	case c.Resume != "":
		return c.resume(con)
	case c.File == "":
		return errors.New("run: expected an experiment file, as in: fw run experiments/quickstart.toml")
	}
	if c.Out != "" {
		if err := rundir.Free(c.Out); err != nil {
			return err
		}
	}
	began := time.Now()
	source, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	a := fileArgs{File: c.File, settings: c.settings}
	session, s, err := a.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	defer session.Trainer.Close()
	dir, err := c.create(session.Experiment.Name())
	if err != nil {
		return err
	}
	defer dir.Close()
	j, err := newJob(con, s, session, dir)
	if err != nil {
		return err
	}
	if err := session.Begin(j, source); err != nil {
		return err
	}
	t := session.Trainer
	fmt.Fprintf(con.out, "%s: %d images, %d steps of %d, %.1f M parameters; ready in %.1f s; writing %s\n", session.Experiment.Name(),
		session.Set.Train.Len(), session.Steps(), t.BatchSize(), float64(session.Params())/1e6, time.Since(began).Seconds(), dir.Dir)
	_, err = session.Run(con.ctx, j)
	return err
}

// resume goes on with a run, from the experiment that it has kept unless a file is given.
func (c *runCmd) resume(con *console) error {
	dir, err := rundir.Resume(c.Resume)
	if err != nil {
		return err
	}
	defer dir.Close()
	at := c.File
	if at == "" {
		at = dir.Resolved()
	}
	s, err := openPlugins(con.ctx, c.registryArgs, at, lockFile(c.Resume, filepath.Dir(at)))
	if err != nil {
		return err
	}
	defer s.close()
	old, err := experiment.Read(dir.Resolved(), s)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	e, err := experiment.Read(at, s, c.overrides()...)
	if err != nil {
		return err
	}
	session, err := s.prepare(con.ctx, e, c.Workers)
	if err != nil {
		return err
	}
	defer session.Trainer.Close()
	j, err := newJob(con, s, session, dir)
	if err != nil {
		return err
	}
	changes, err := session.Resume(j, old)
	if err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(con.out, "changed:", change)
	}
	fmt.Fprintf(con.out, "%s: going on after step %d of %d; writing %s\n", e.Name(), session.Trainer.Step, session.Steps(), dir.Dir)
	_, err = session.Run(con.ctx, j)
	return err
}

// create makes --out, or a new directory among runs.
func (c *runCmd) create(name string) (*rundir.Run, error) {
	if c.Out != "" {
		return rundir.CreateAt(c.Out)
	}
	for {
		id := sha256.Sum256(fmt.Append(nil, time.Now().UnixNano(), os.Getpid()))
		r, err := rundir.Create("runs", name, hex.EncodeToString(id[:3]))
		if !errors.Is(err, os.ErrExist) {
			return r, err
		}
	}
}

func newJob(con *console, s *pluginSet, session *core.Session, dir *rundir.Run) (core.Job, error) {
	lock, err := s.lock(session.Experiment)
	return core.Job{
		Dir: dir, Lock: lock, PluginTime: s.spent, Out: con.out, Screen: screen(con.errout),
		Environment: rundir.Here(version(), session.Trainer.Pool.Workers(), s.rows(session.Experiment)),
	}, err
}

// screen is where progress goes: w, and its columns if it is a terminal.
func screen(w io.Writer) core.Screen {
	s := core.Screen{Out: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.Terminal = true
		s.Width, _, _ = term.GetSize(int(f.Fd())) // 0 is the usual width
	}
	return s
}

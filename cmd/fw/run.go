package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/rundir/atomicfile"
)

type runCmd struct {
	fileArgs
	Out    string `help:"Run directory; runs/NAME-TIME if not given. An existing one is never overwritten." placeholder:"DIR"`
	Resume string `help:"Continue the run in this directory from its last checkpoint." placeholder:"DIR"`
}

// Run trains and evaluates.
func (c *runCmd) Run(con *console) error {
	began := time.Now()
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	t := session.Trainer
	defer t.Close()
	dir, err := c.directory(session)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: %d images, %d steps of %d, %.1f M parameters planned into %.0f MB; ready in %.1f s; writing %s\n", session.Experiment.Name(),
		session.Set.Train.Len(), t.Optim.Steps, t.Facts.Batch, float64(params(session))/1e6, float64(t.Exec.Memory())/1e6, time.Since(began).Seconds(), dir)
	before, start := s.spent(), time.Now()
	var wall float64
	var called float64
	bar := newProgress(con.errout, session)
	report, err := session.Run(con.ctx, dir, core.Progress{
		Step: func(step, steps int, loss, rate float64) {
			bar.step(step, steps, loss, rate)
			if step == steps {
				wall, called = time.Since(start).Seconds(), s.spent()-before
			}
		},
		Eval: func(e core.Score) {
			bar.note(con.out, fmt.Sprintf("%-6s %-9s epoch %3d  top-1 %5.2f %%  (seed %d, %s)", e.Protocol, e.Subject, e.Epoch, e.Top1, e.Seed, e.Choice))
		},
	})
	bar.finish()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w\ncontinue with: fw run %s --resume %s", err, c.File, dir)
		}
		return err
	}
	report.Plugins = s.rows(session.Experiment)
	if wall > 0 {
		report.Train.PluginShare = called / wall
	}
	if err := core.WriteJSON(filepath.Join(dir, "report.json"), report); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s\n%.0f images/s, %.1f ms a step; plugin calls %.2f %% of the time, waiting for data %.2f %%\n", headline(report),
		report.Train.ImagesPerSecond, report.Train.MSPerStep, 100*report.Train.PluginShare, 100*report.Train.DataWaitShare)
	for _, w := range report.Warnings {
		fmt.Fprintln(con.out, "warning:", w)
	}
	fmt.Fprintf(con.out, "done in %.0f s; the encoder is %s\n", time.Since(began).Seconds(), filepath.Join(dir, "encoder.safetensors"))
	return nil
}

func params(s *core.Session) (n int) {
	for _, p := range s.Trainer.Flat.Params {
		n += p.Shape.Size()
	}
	return n
}

// headline says in words how much the training helped.
func headline(r *core.Report) string {
	last := map[string]float64{}
	for _, e := range r.Evals {
		if e.Protocol == "knn" {
			last[e.Subject] = e.Top1
		}
	}
	trained, ok := last["trained"]
	if !ok {
		return "no nearest-neighbour probe was asked for"
	}
	return fmt.Sprintf("kNN %.2f %%: %s the untrained encoder, %s raw pixels", trained, points(trained-last["untrained"]), points(trained-last["pixels"]))
}

func points(d float64) string {
	if d < 0 {
		return fmt.Sprintf("%.2f points below", -d)
	}
	return fmt.Sprintf("%.2f points above", d)
}

// directory makes the run's folder, or takes up the one to resume.
func (c *runCmd) directory(session *core.Session) (string, error) {
	resolved := session.Experiment.Resolved()
	if c.Resume != "" {
		old, err := os.ReadFile(filepath.Join(c.Resume, "resolved.toml"))
		if err != nil {
			return "", fmt.Errorf("resume: %w", err)
		}
		if string(old) != string(resolved) {
			return "", fmt.Errorf("resume: the experiment has changed since %s was started:\n%s", c.Resume, changes(string(old), string(resolved)))
		}
		return c.Resume, session.Trainer.Load(filepath.Join(c.Resume, "checkpoints", "last.safetensors"))
	}
	dir := c.Out
	if dir == "" {
		dir = filepath.Join("runs", session.Experiment.Name()+"-"+time.Now().UTC().Format("20060102-150405"))
	}
	if _, err := os.Stat(dir); err == nil {
		return "", fmt.Errorf("run: %s is already there; give another --out, or --resume it", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "checkpoints"), 0o755); err != nil {
		return "", err
	}
	source, err := os.ReadFile(c.File)
	if err != nil {
		return "", err
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "experiment.toml"), source); err != nil {
		return "", err
	}
	return dir, atomicfile.WriteBytes(filepath.Join(dir, "resolved.toml"), resolved)
}

// changes lists the lines of two resolved experiments that differ.
func changes(old, now string) string {
	was := map[string]bool{}
	for _, l := range strings.Split(old, "\n") {
		was[l] = true
	}
	is := map[string]bool{}
	var out []string
	for _, l := range strings.Split(now, "\n") {
		is[l] = true
		if !was[l] {
			out = append(out, "  now  "+l)
		}
	}
	for _, l := range strings.Split(old, "\n") {
		if !is[l] {
			out = append(out, "  was  "+l)
		}
	}
	return strings.Join(out, "\n")
}

// progress is a bar on a terminal, and a line now and then elsewhere.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	last  time.Time
	batch int
}

func newProgress(w io.Writer, s *core.Session) *progress {
	p := &progress{w: w, batch: s.Trainer.Facts.Batch}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(s.Trainer.Optim.Steps, progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(true), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		_ = p.bar.Set(s.Trainer.Step)
	}
	return p
}

func (p *progress) step(step, steps int, loss, rate float64) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("loss %.4f  %.0f images/s", loss, rate))
		_ = p.bar.Set(step)
		return
	}
	if time.Since(p.last) < 10*time.Second && step != steps {
		return
	}
	p.last = time.Now()
	eta := time.Duration(float64((steps-step)*p.batch) / rate * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(p.w, "step %d/%d  loss %.4f  %.0f images/s  %s left\n", step, steps, loss, rate, eta)
}

func (p *progress) note(out io.Writer, line string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(out, line)
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

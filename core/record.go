package core

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
)

// Begin writes what describes a new run: the experiment as the user wrote it and
// as it was resolved, the lock and the environment. resolved.toml, by which a run
// directory is known, comes last.
func (s *Session) Begin(j Job, source []byte) error {
	d := j.Dir
	if err := d.Write(d.Experiment(), source); err != nil {
		return err
	}
	return s.begin(j)
}

func (s *Session) begin(j Job) error {
	d := j.Dir
	if err := d.Write(d.Lock(), j.Lock); err != nil {
		return err
	}
	if err := d.SetEnvironment(j.Environment); err != nil {
		return err
	}
	return d.Write(d.Resolved(), s.Experiment.Resolved())
}

// record is the open files of a run.
type record struct {
	dir     *rundir.Run
	folder  *checkpoint.Folder
	metrics *rundir.Metrics
	log     *os.File
	clock   clock
	saved   int // step of the last checkpoint; -1 if there is none
	session *Session
	meta    checkpoint.Meta
}

// openRecord opens the record after the trainer's step.
func (s *Session) openRecord(j Job) (rec *record, err error) {
	rec = &record{dir: j.Dir, session: s, saved: s.restored.step}
	if !s.restored.resumed {
		rec.saved = -1
	}
	rec.meta = checkpoint.Meta{Experiment: hash(s.Experiment.Decisive()), Lock: hash(j.Lock), FW: j.Environment.FW, Go: runtime.Version()}
	if rec.folder, err = checkpoint.OpenFolder(j.Dir.Checkpoints(), s.Experiment.Train().KeepCheckpoints); err != nil {
		return nil, err
	}
	if rec.log, err = j.Dir.OpenLog(); err != nil {
		return nil, err
	}
	dropped := 0
	if rec.metrics, dropped, err = j.Dir.OpenMetrics(rec.saved); err != nil {
		return nil, errors.Join(err, rec.log.Close())
	}
	if dropped > 0 {
		fmt.Fprintf(rec.log, "%d lines of metrics from after the checkpoint are taken away\n", dropped)
	}
	h, err := j.Dir.ReadHistory()
	if err == nil {
		rec.clock.restore(h)
		err = rec.setStatus(rundir.Status{State: rundir.Running})
	}
	if err != nil {
		return nil, errors.Join(err, rec.metrics.Close(), rec.log.Close())
	}
	return rec, nil
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (r *record) setStatus(s rundir.Status) error {
	t := r.session.Trainer
	s.PID, s.Step, s.Epoch = os.Getpid(), t.Step, t.Step/t.StepsPerEpoch()
	return r.dir.SetStatus(s)
}

// close records how the run stands.
func (r *record) close(s rundir.Status) error {
	return errors.Join(r.setStatus(s), r.metrics.Close(), r.log.Close())
}

const skippedKey = "skipped"

// save writes a checkpoint: numbered too, if it is an epoch's to keep. The record
// of metrics goes to disk before it.
func (r *running) save(numbered bool) error {
	t := r.Trainer
	m := r.meta
	m.Step, m.Epoch = t.Step, t.Step/t.StepsPerEpoch()
	if len(r.report.Data.Skipped) > 0 {
		b, err := json.Marshal(r.report.Data.Skipped)
		if err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		m.Extra = map[string]string{skippedKey: string(b)}
	}
	if err := r.metrics.Append(m.Step, m.Epoch, r.clock.metrics()); err != nil {
		return err
	}
	if err := r.metrics.Sync(); err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	save := r.folder.Save
	if numbered {
		save = r.folder.SaveEpoch
	}
	if err := save(m, t.State.Items()); err != nil {
		return fmt.Errorf("%w; the checkpoint before is untouched", err)
	}
	r.saved = m.Step
	return r.setStatus(rundir.Status{State: rundir.Running})
}

// diverged keeps the batch of an update that was not finite, and the state before it.
func (r *running) diverged(bad *train.NotFiniteError) error {
	path := r.dir.NaNBatch()
	meta := map[string]string{"step": fmt.Sprint(bad.Step), "loss": fmt.Sprint(bad.Loss), "first": bad.First}
	err := atomicfile.Write(path, func(w io.Writer) error { return tensor.Write(w, bad.Batch, meta) })
	if err == nil && bad.Undone && r.saved != r.Trainer.Step {
		err = r.save(false)
	}
	if err != nil {
		return errors.Join(bad, err)
	}
	if r.saved < 0 {
		return fmt.Errorf("%w\nits batch is %s", bad, path)
	}
	return fmt.Errorf("%w\nits batch is %s; the last good checkpoint, of step %d, is %s", bad, path, r.saved, r.folder.LastPath())
}

// restored is what a session took over from a checkpoint.
type restored struct {
	resumed bool // false: there was none
	step    int
	skipped []report.Skipped
}

// Resume takes over the last checkpoint of a run that old describes, and says
// which settings change. A run that was killed before its first checkpoint starts
// again from step 0, with the same result.
func (s *Session) Resume(j Job, old *experiment.Experiment) (changes []experiment.Change, err error) {
	d := j.Dir
	changes = experiment.Diff(old, s.Experiment)
	if breaking := experiment.Breaking(changes); len(breaking) > 0 {
		text := ""
		for _, c := range breaking {
			text += "\n  " + c.String()
		}
		return nil, fmt.Errorf("resume: the experiment has changed since %s was started, and would be another one:%s\nundo the changes, or start a new run", d.Dir, text)
	}
	lock, err := os.ReadFile(d.Lock())
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	if string(lock) != string(j.Lock) {
		return nil, fmt.Errorf("resume: the plugins are not those that %s was started with: expected what %s pins, found other versions or hashes; install them, or start a new run", d.Dir, d.Lock())
	}
	if err := s.restore(d, hash(s.Experiment.Decisive())); err != nil {
		return nil, err
	}
	status, err := d.ReadStatus()
	complete := err == nil && status.State == rundir.Completed
	if complete && !s.restored.resumed {
		return nil, fmt.Errorf("resume: %s is complete, and its checkpoint is gone: put it back, or start a new run", d.Dir)
	}
	if complete && s.restored.step == s.Steps() {
		return nil, fmt.Errorf("resume: %s is complete: all %d steps are done, and its results are in %s; more probes: fw eval %s", d.Dir, s.Steps(), d.ReportHTML(), d.Dir)
	}
	if s.restored.step > s.Steps() {
		return nil, fmt.Errorf("resume: train.steps: %s is at step %d already, beyond the last step %d", d.Dir, s.restored.step, s.Steps())
	}
	return changes, s.begin(j)
}

// restore takes over the last checkpoint of the experiment with that hash.
func (s *Session) restore(d *rundir.Run, experiment string) error {
	folder, err := checkpoint.OpenFolder(d.Checkpoints(), s.Experiment.Train().KeepCheckpoints)
	if err != nil {
		return err
	}
	c, err := folder.Last()
	if errors.Is(err, os.ErrNotExist) {
		epochs, err := folder.Epochs()
		if err == nil && len(epochs) > 0 {
			err = fmt.Errorf("resume: %s is missing; copy %s there to go on from that epoch", folder.LastPath(), folder.EpochPath(epochs[len(epochs)-1]))
		}
		return err
	}
	if err != nil {
		return err
	}
	if c.Meta.Experiment != experiment {
		return fmt.Errorf("resume: %s is of another experiment than %s: expected hash %.12s, found %.12s; put the run's own checkpoint back", c.Path, d.Resolved(), experiment, c.Meta.Experiment)
	}
	s.restored = restored{resumed: true, step: c.Meta.Step}
	if text := c.Meta.Extra[skippedKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &s.restored.skipped); err != nil {
			return fmt.Errorf("resume: %s: the list of skipped images: %w", c.Path, err)
		}
	}
	if err := s.Trainer.Restore(c.Meta.Step, c.Tensors); err != nil {
		return fmt.Errorf("resume: %s: %w", c.Path, err)
	}
	return nil
}

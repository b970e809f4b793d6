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
	m.Extra = r.metadata()
	if len(r.report.Data.Skipped) > 0 {
		b, err := json.Marshal(r.report.Data.Skipped)
		if err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		m.Extra[skippedKey] = string(b)
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
	if err := save(m, t.Items()); err != nil {
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

package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/rundir"
)

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

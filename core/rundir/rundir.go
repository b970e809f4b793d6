// Package rundir owns the folder that a run leaves: its names, its record of
// metrics and status, and the lock that keeps two processes from writing one
// run. It does not know what is trained. Start from [Create]; a run goes on
// through [Resume] and is looked at through [At].
package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/rundir/filelock"
)

// Dir is the path of a run directory. Its methods are the paths of what is in it.
type Dir string

func (d Dir) join(name string) string { return filepath.Join(string(d), name) }

// Name is the directory's own name, also where the path is relative, as ".".
func (d Dir) Name() string {
	if abs, err := filepath.Abs(string(d)); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(string(d))
}

// Experiment is the experiment file as the user wrote it.
func (d Dir) Experiment() string { return d.join("experiment.toml") }

// Resolved is the experiment with every default filled in.
func (d Dir) Resolved() string { return d.join("resolved.toml") }

// Environment is what the run ran on; see [Environment].
func (d Dir) Environment() string { return d.join("environment.json") }

// Lock pins the plugins of the run.
func (d Dir) Lock() string { return d.join("fw.lock") }

// Metrics has one JSON object per line; see [Metrics].
func (d Dir) Metrics() string { return d.join("metrics.jsonl") }

// Log is what the run printed.
func (d Dir) Log() string { return d.join("log.txt") }

// Status says how the run stands; see [Status].
func (d Dir) Status() string { return d.join("status.json") }

// Checkpoints is the folder of checkpoints.
func (d Dir) Checkpoints() string { return d.join("checkpoints") }

// Encoder is the trained encoder, for other programs to load.
func (d Dir) Encoder() string { return d.join("encoder.safetensors") }

// NaNBatch is the batch of the step at which training broke off, if a value was not finite.
func (d Dir) NaNBatch() string { return d.join("nan-batch.safetensors") }

// ReportJSON is the report for programs.
func (d Dir) ReportJSON() string { return d.join("report.json") }

// ReportHTML is the report for people.
func (d Dir) ReportHTML() string { return d.join("report.html") }

// Plots is the folder of pictures.
func (d Dir) Plots() string { return d.join("plots") }

func (d Dir) lockFile() string { return d.join(".lock") }

// Run is a run directory that this process alone may write, until Close.
type Run struct {
	Dir
	lock *os.File
}

// word keeps names usable on every file system and in every shell.
var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Create makes parent/name-id and locks it. id tells runs of one name apart; it
// is the caller's, a short hash or a time. A directory that exists is never
// written to: the error is os.ErrExist with its cure.
func Create(parent, name, id string) (*Run, error) {
	for _, x := range []struct{ what, text string }{{"name", name}, {"id", id}} {
		if !word.MatchString(x.text) {
			return nil, fmt.Errorf("run: %s %q: expected letters, digits, '.', '_' and '-', at most 100, the first a letter or digit", x.what, x.text)
		}
	}
	return CreateAt(filepath.Join(parent, name+"-"+id))
}

// CreateAt is Create where the caller gives the whole path.
func CreateAt(path string) (*Run, error) {
	d := Dir(filepath.Clean(path))
	if err := os.MkdirAll(filepath.Dir(string(d)), 0o777); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if err := os.Mkdir(string(d), 0o777); errors.Is(err, os.ErrExist) {
		return nil, d.exists()
	} else if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	r, err := lock(d)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{d.Checkpoints(), d.Plots()} {
		if err := os.Mkdir(sub, 0o777); err != nil {
			return nil, errors.Join(fmt.Errorf("run: %w", err), r.Close())
		}
	}
	return r, nil
}

// Free refuses a path where something is already; its error is os.ErrExist with its cure.
func Free(path string) error {
	d := Dir(filepath.Clean(path))
	if _, err := os.Lstat(string(d)); err == nil {
		return d.exists()
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

func (d Dir) exists() error {
	return fmt.Errorf("run: %s is there already and is not written over: go on with it by --resume %s, move it away, or choose another --out: %w", d, d, os.ErrExist)
}

// Resume locks an existing run directory, and removes what a killed process
// left unfinished.
func Resume(path string) (*Run, error) {
	d, err := At(path)
	if err != nil {
		return nil, err
	}
	r, err := lock(d)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{string(d), d.Plots()} {
		if err := atomicfile.Clean(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("run: %w", err), r.Close())
		}
	}
	return r, nil
}

// At is an existing run directory, to look at. It is known by its resolved.toml.
func At(path string) (Dir, error) {
	d := Dir(filepath.Clean(path))
	if _, err := os.Stat(d.Resolved()); err != nil {
		return "", fmt.Errorf("run: %s is not a run directory, it has no resolved.toml: %w", d, err)
	}
	return d, nil
}

// Write replaces the file at path, one of the methods of Dir, whole or not at all.
func (r *Run) Write(path string, data []byte) error {
	if err := atomicfile.WriteBytes(path, data); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// OpenLog opens log.txt to append.
func (r *Run) OpenLog() (*os.File, error) {
	f, err := os.OpenFile(r.Log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return f, nil
}

// Close lets other processes write the run.
func (r *Run) Close() error { return r.lock.Close() }

// lock takes d for this process. The system gives it back when the process
// ends, however it ends.
func lock(d Dir) (*Run, error) {
	f, err := os.OpenFile(d.lockFile(), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if err := filelock.Try(f); err != nil {
		who := "another process"
		if s, readErr := d.ReadStatus(); readErr == nil && s.State == Running && s.PID != 0 {
			who = fmt.Sprintf("process %d", s.PID)
		}
		return nil, errors.Join(fmt.Errorf("run: %s is being written by %s: wait for it, or stop it: %w", d, who, err), f.Close())
	}
	return &Run{Dir: d, lock: f}, nil
}

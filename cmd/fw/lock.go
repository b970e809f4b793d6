package main

import (
	"os"
	"path/filepath"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/registry"
)

// lockFile is the fw.lock of the first folder that has one, "" if none has: a run's
// own goes before the one beside an experiment.
func lockFile(folders ...string) string {
	for _, f := range folders {
		path := filepath.Join(f, registry.LockName)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// lock is fw.lock of an experiment: its plugins with their versions and hashes.
func (s *pluginSet) lock(e *experiment.Experiment) ([]byte, error) {
	used, err := s.used(e)
	if err != nil {
		return nil, err
	}
	return registry.NewLock(used).Encode(), nil
}

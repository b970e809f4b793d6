package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/rundir/filelock"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
)

// Store is a home folder: registry.toml, plugins, keys, trust.toml.
type Store struct{ home string }

// Open takes a home folder, which may not exist yet; "" where the system knows none.
func Open(home string) (*Store, error) {
	if home == "" {
		return nil, errors.New("store: the system knows no folder for the user's configuration; FW_HOME names one")
	}
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Store{home}, nil
}

const (
	pluginsDir   = "plugins"
	downloadsDir = "downloads"
	lockName     = ".lock"
)

// Registry is the path of the registry.toml that lists what is installed.
func (s *Store) Registry() string { return filepath.Join(s.home, registry.FileName) }

// Downloads is the folder of transfers that were cut, made if it is not there.
func (s *Store) Downloads() (string, error) {
	dir := filepath.Join(s.home, downloadsDir)
	return dir, os.MkdirAll(dir, 0o777)
}

// locked runs a change of the store, alone among all processes.
func (s *Store) locked(change func() error) (err error) {
	if err := os.MkdirAll(s.home, 0o777); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.home, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := filelock.Wait(f); err != nil {
		return fmt.Errorf("store: %s: %w", f.Name(), err)
	}
	return change()
}

// listing reads registry.toml, empty where there is none.
func (s *Store) listing() (*registry.Listing, error) {
	src, err := os.ReadFile(s.Registry())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %w", err)
	}
	return registry.ReadListing(s.Registry(), src)
}

// Installed is the plugins that the user's registry.toml lists by their folders.
func (s *Store) Installed() ([]registry.Listed, error) {
	l, err := s.listing()
	if err != nil {
		return nil, err
	}
	return l.Plugins, nil
}

// write replaces a file of the home folder.
func (s *Store) write(name string, data []byte) error {
	path := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return atomicfile.WriteBytes(path, data)
}

// holds reports whether a plugin's folder is one of the store's own.
func (s *Store) holds(folder string) bool {
	return filepath.Dir(filepath.Clean(folder)) == filepath.Join(s.home, pluginsDir)
}

// Read is the bundle of an installed plugin, every hash checked.
func (s *Store) Read(p *registry.Listed) (*bundle.Bundle, error) {
	if p.Broken != nil {
		return nil, p.Broken
	}
	b, err := ReadFolder(p.Folder)
	if err != nil {
		return nil, err
	}
	if s.holds(p.Folder) && b.Content() != filepath.Base(p.Folder) {
		return nil, fmt.Errorf("%s: expected the content that the folder is named by, found %s", p.Folder, b.Content())
	}
	return b, nil
}

// ReadFolder is the bundle of a plugin's folder. One that was never packed has only the
// hashes of its manifest.
func ReadFolder(folder string) (*bundle.Bundle, error) {
	if _, err := os.Stat(filepath.Join(folder, bundle.SumsName)); errors.Is(err, fs.ErrNotExist) {
		return bundle.FromFolder(folder)
	}
	return bundle.Installed(folder)
}

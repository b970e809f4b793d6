package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/registry"
)

// Find is the installed plugin of an id, or of "id@version".
func (s *Store) Find(use string) (*registry.Listed, error) {
	all, err := s.Installed()
	if err != nil {
		return nil, err
	}
	p, err := s.find(all, use)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Registry(), err)
	}
	return p, nil
}

// find takes what lies in the store before a folder of the same id and version.
func (s *Store) find(all []registry.Listed, use string) (*registry.Listed, error) {
	id, version, pinned := strings.Cut(use, "@")
	var found []*registry.Listed
	var versions []string
	for i := range all {
		if p := &all[i]; p.Manifest.Info.ID == id && id != "" {
			versions = append(versions, id+"@"+p.Manifest.Info.Version)
			if !pinned || p.Manifest.Info.Version == version {
				found = append(found, p)
			}
		}
	}
	if stored := slices.DeleteFunc(slices.Clone(found), func(p *registry.Listed) bool { return !s.holds(p.Folder) }); len(stored) == 1 && pinned {
		return stored[0], nil
	}
	switch {
	case versions == nil:
		return nil, fmt.Errorf("no plugin %q is installed", id)
	case len(found) == 0:
		return nil, fmt.Errorf("plugin %q is not installed as version %s; there is %s", id, version, strings.Join(versions, ", "))
	case len(found) > 1:
		return nil, fmt.Errorf("plugin %q is installed more than once; say which: %s", id, strings.Join(versions, ", "))
	}
	return found[0], nil
}

// Remove takes a plugin out of registry.toml, its files out of the store, and its
// processes out of what is trusted. A folder outside of the store stays.
func (s *Store) Remove(use string) (gone *registry.Listed, err error) {
	err = s.locked(func() error {
		l, err := s.listing()
		if err != nil {
			return err
		}
		p, err := s.find(l.Plugins, use)
		if err != nil {
			return fmt.Errorf("remove: %s: %w", s.Registry(), err)
		}
		text, err := l.Removed(p)
		if err != nil {
			return fmt.Errorf("remove: %w", err)
		}
		if err := s.write(registry.FileName, text); err != nil {
			return err
		}
		gone = p
		if err := s.distrust(p.Manifest.Artifacts); err != nil {
			return err
		}
		for _, other := range l.Plugins {
			if other.From != p.From && filepath.Clean(other.Folder) == filepath.Clean(p.Folder) {
				return nil
			}
		}
		if !s.holds(p.Folder) {
			return nil
		}
		return os.RemoveAll(p.Folder)
	})
	return gone, err
}

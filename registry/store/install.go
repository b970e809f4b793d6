package store

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
)

// staged begins the names of folders that are being written.
const staged = ".new-"

// Install puts a bundle into the store and lists it in registry.toml. The bytes that are
// there already stay, and damage to them is mended. fresh says whether it was listed now.
func (s *Store) Install(b *bundle.Bundle, source string) (fresh bool, err error) {
	err = s.locked(func() error {
		l, err := s.listing()
		if err != nil {
			return err
		}
		folder := path.Join(pluginsDir, b.Content())
		for _, p := range l.Plugins {
			if filepath.Clean(p.Folder) == filepath.Join(s.home, filepath.FromSlash(folder)) {
				return s.unpack(b, folder)
			}
			if err := sameVersion(b, &p); err != nil {
				return err
			}
		}
		if err := s.unpack(b, folder); err != nil {
			return err
		}
		fresh = true
		return s.write(registry.FileName, l.Added(folder, source))
	})
	return fresh, err
}

// sameVersion refuses a bundle whose id and version another content has.
func sameVersion(b *bundle.Bundle, p *registry.Listed) error {
	i, j := &b.Manifest.Info, &p.Manifest.Info
	if p.Broken != nil || i.ID != j.ID || i.Version != j.Version {
		return nil
	}
	if old, err := ReadFolder(p.Folder); err == nil && old.Content() == b.Content() { // the author's own
		return nil
	}
	from := p.Source
	if from == "" {
		from = p.Folder
	}
	return fmt.Errorf("install: plugin %q %s is there already with other bytes (%s, from %s): %w: give this one another version, or remove that one with `fw plugin remove %s@%s`",
		i.ID, i.Version, p.From, from, bundle.ErrChanged, i.ID, i.Version)
}

// unpack makes a folder of the store hold a bundle: whole, or not at all.
func (s *Store) unpack(b *bundle.Bundle, folder string) (err error) {
	target := filepath.Join(s.home, filepath.FromSlash(folder))
	if old, err := bundle.Installed(target); err == nil {
		return s.resign(b, old, target)
	}
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := cleared(parent); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	staging, err := os.MkdirTemp(parent, staged+"*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	if err := os.Chmod(staging, 0o755); err != nil { // MkdirTemp's is for this user alone
		return fmt.Errorf("store: %w", err)
	}
	if err := writeFiles(b, staging); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := os.RemoveAll(target); err != nil { // damaged, or cut by a kill
		return fmt.Errorf("store: %w", err)
	}
	if err := os.Rename(staging, target); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return atomicfile.SyncDir(parent)
}

// cleared takes away what a killed process left half written; no other is at work.
func cleared(parent string) error {
	entries, err := os.ReadDir(parent)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), staged) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(parent, e.Name())))
		}
	}
	return err
}

// resign gives the folder of old the signature of b, which has the same content.
func (s *Store) resign(b, old *bundle.Bundle, target string) error {
	text := b.File(bundle.SignatureName)
	if text == nil || slices.Equal(text, old.File(bundle.SignatureName)) {
		return nil
	}
	return atomicfile.WriteBytes(filepath.Join(target, bundle.SignatureName), text)
}

// writeFiles writes a bundle's files below a folder and syncs them, and the folders.
func writeFiles(b *bundle.Bundle, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folders := map[string]bool{".": true}
	for _, f := range b.Files {
		name := filepath.FromSlash(f.Path)
		for d := filepath.Dir(name); !folders[d]; d = filepath.Dir(d) {
			folders[d] = true
		}
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o444)
		if b.Executable(f.Path) {
			mode = 0o555
		}
		if err := writeSynced(root, name, f.Data, mode); err != nil {
			return err
		}
	}
	for d := range folders {
		if err := atomicfile.SyncDir(filepath.Join(dir, d)); err != nil {
			return err
		}
	}
	return nil
}

func writeSynced(root *os.Root, name string, data []byte, mode os.FileMode) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

package main

import (
	"fmt"
	"path/filepath"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
	"github.com/fwlab/fw/registry/transport"
)

type pluginLockCmd struct {
	File string   `arg:"" help:"Experiment file (TOML)."`
	Set  []string `help:"Override a key, as in --set crop.use=mine/corner; may be repeated." placeholder:"KEY=VALUE" sep:"none"`
	registryArgs
}

// Run pins the experiment's plugins as they are found now, whatever an older lock says.
func (c *pluginLockCmd) Run(con *console) error {
	s, err := openPlugins(con.ctx, c.registryArgs, c.File, "")
	if err != nil {
		return err
	}
	defer s.close()
	e, err := experiment.Read(c.File, s, c.Set...)
	if err != nil {
		return err
	}
	text, err := s.lock(e)
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(c.File), registry.LockName)
	if err := atomicfile.WriteBytes(path, text); err != nil {
		return err
	}
	used, err := s.used(e)
	if err != nil {
		return err
	}
	for _, p := range used {
		fmt.Fprintf(con.out, "%s %s\n", p.Manifest.Info.ID, p.Manifest.Info.Version)
	}
	_, err = fmt.Fprintln(con.out, path)
	return err
}

// locked installs what a lock pins and is not installed yet.
func (c *pluginInstallCmd) locked(con *console, s *store.Store) error {
	lock, err := registry.ReadLock(c.Lock)
	if err != nil {
		return err
	}
	for i := range lock.Plugins {
		p := &lock.Plugins[i]
		name := p.ID + "@" + p.Version
		if p.BuiltIn {
			continue
		}
		if have, err := s.Find(name); err == nil && have.Broken == nil && p.Differs(&have.Manifest) == "" {
			fmt.Fprintf(con.out, "%s is installed\n", name)
			continue
		}
		if ref, err := transport.ParseRef(p.Source); err != nil || ref.Path != "" {
			return fmt.Errorf("install: %s does not say where %s is to be had; ask its author for the packed file", c.Lock, name)
		}
		_, b, at, err := c.get(con, s, p.Source)
		if err != nil {
			return err
		}
		if text := p.Differs(&b.Manifest); text != "" {
			return fmt.Errorf("install: %s is not what %s pins: %s", at, c.Lock, text)
		}
		if err := install(con, s, b, at.String(), c.Signed); err != nil {
			return err
		}
	}
	return nil
}

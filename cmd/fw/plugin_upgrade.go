package main

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/store"
	"github.com/fwlab/fw/registry/transport"
)

type pluginUpgradeCmd struct {
	ID     string `arg:"" help:"The plugin's id."`
	Ref    string `arg:"" optional:"" help:"What to install, if not the newest version of the registry that it came from."`
	Yes    bool   `help:"Do not ask."`
	Signed bool   `help:"Refuse what no known key signed."`
	netArgs
}

// Run shows what a newer version changes and installs it beside the older ones, which
// locks may pin.
func (c *pluginUpgradeCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	old, err := c.newest(s)
	if err != nil {
		return err
	}
	if c.Ref == "" {
		from, err := transport.ParseRef(old.Source)
		if err != nil || from.Repository == "" {
			return fmt.Errorf("upgrade: plugin %q came from %s, which has no versions to look for; say what to install: fw plugin upgrade %s REF", c.ID, orDash(old.Source), c.ID)
		}
		c.Ref = transport.Ref{Repository: from.Repository}.String()
	}
	_, b, at, err := c.get(con, s, c.Ref)
	if err != nil {
		return err
	}
	if err := newer(&old.Manifest, b); err != nil {
		return err
	}
	if v := b.Manifest.Info.Version; v == old.Manifest.Info.Version {
		_, err := fmt.Fprintf(con.out, "%s %s is the newest\n", c.ID, v)
		return err
	}
	if err := c.show(con, s, old, b); err != nil {
		return err
	}
	if !c.Yes {
		answer, asked := askOnTerminal("Install it? [y/N] ")
		if !asked {
			return errors.New("upgrade: nothing is changed; this is no terminal to ask on: --yes installs it")
		}
		if !yes(answer) {
			return errors.New("upgrade: nothing is changed")
		}
	}
	return install(con, s, b, at.String(), c.Signed)
}

// newest is the installed version that would be used.
func (c *pluginUpgradeCmd) newest(s *store.Store) (*registry.Listed, error) {
	all, err := s.Installed()
	if err != nil {
		return nil, err
	}
	var best *registry.Listed
	for i := range all {
		p := &all[i]
		if p.Manifest.Info.ID == c.ID && (best == nil || registry.CompareVersions(p.Manifest.Info.Version, best.Manifest.Info.Version) > 0) {
			best = p
		}
	}
	if best == nil {
		return nil, fmt.Errorf("upgrade: no plugin %q is installed (%s)", c.ID, s.Registry())
	}
	return best, nil
}

// newer refuses another plugin, and an older version.
func newer(old *registry.Manifest, b *bundle.Bundle) error {
	a, n := &old.Info, &b.Manifest.Info
	if a.ID != n.ID {
		return fmt.Errorf("upgrade: expected plugin %q, found %q", a.ID, n.ID)
	}
	if registry.CompareVersions(n.Version, a.Version) < 0 {
		return fmt.Errorf("upgrade: plugin %q: version %s is installed, %s is older; fw plugin install takes it", n.ID, a.Version, n.Version)
	}
	return nil
}

// show prints what changes, and who signed before and now.
func (c *pluginUpgradeCmd) show(con *console, s *store.Store, old *registry.Listed, b *bundle.Bundle) error {
	fmt.Fprintln(con.out, c.ID)
	for _, line := range registry.Changes(&old.Manifest, &b.Manifest) {
		fmt.Fprintln(con.out, "  "+printable(line))
	}
	now, err := s.Signer(b)
	if err != nil {
		return err
	}
	before := "its files cannot be read"
	if read, err := s.Read(old); err == nil {
		who, err := s.Signer(read)
		if before = who.String(); err != nil {
			before = err.Error()
		}
	}
	word := before
	if before != now.String() {
		word = before + " -> " + now.String()
	}
	_, err = fmt.Fprintln(con.out, "  "+word)
	return err
}

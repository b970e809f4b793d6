package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
)

type pluginTrustCmd struct {
	registryArgs
	Plugin string `arg:"" optional:"" help:"A plugin's id, ID@VERSION, or folder; without one, what is trusted is listed."`
	SHA256 string `name:"sha256" help:"Trust it without a question if it has this hash." placeholder:"HASH"`
	Yes    bool   `help:"Trust it without a question, whatever it is."`
	Revoke bool   `help:"Trust it no more."`
}

// Run trusts the program that would be started for a plugin on this machine.
func (c *pluginTrustCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	if c.Plugin == "" {
		return listTrust(con, s)
	}
	set, err := openPlugins(con.ctx, c.registryArgs, registry.FileName, "")
	if err != nil {
		return err
	}
	defer set.close()
	p, err := set.Find(c.Plugin)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	if p.Builtin != nil || p.Artifact.Carrier != registry.Process {
		_, err := fmt.Fprintf(con.out, "%s %s needs no trust: it is %s\n", p.Manifest.Info.ID, p.Manifest.Info.Version, harmless(p))
		return err
	}
	if c.Revoke {
		return s.Distrust(p.Manifest.Artifacts)
	}
	if err := p.Verify(); err != nil {
		return err
	}
	if c.SHA256 != "" && c.SHA256 != p.Artifact.SHA256 {
		return fmt.Errorf("trust: plugin %q: expected sha256 %s, found %s (%s): it is another program", p.Manifest.Info.ID, c.SHA256, p.Artifact.SHA256, p.Path)
	}
	if c.SHA256 == "" && !c.Yes {
		answer, asked := askOnTerminal(describeTrust(p, p.Manifest.Capabilities) + "Let it run? [y/N] ")
		if !asked {
			return fmt.Errorf("trust: this is no terminal to ask on; in scripts:\n  %s\n%s", trustCommand(p), describeTrust(p, p.Manifest.Capabilities))
		}
		if !yes(answer) {
			return fmt.Errorf("trust: plugin %q is not trusted", p.Manifest.Info.ID)
		}
	}
	if err := s.Trust(trustOf(p)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "%s %s may run: %s\n", p.Manifest.Info.ID, p.Manifest.Info.Version, p.Artifact.SHA256)
	return err
}

func harmless(p *registry.Resolved) string {
	if p.Builtin != nil {
		return "a part of fw"
	}
	return "a sandboxed module"
}

func listTrust(con *console, s *store.Store) error {
	list, err := s.Trusts()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PLUGIN\tSHA256\tMAY\tSOURCE")
	for _, t := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Plugin, t.SHA256, orDash(strings.Join(t.Capabilities, ",")), t.Source)
	}
	return w.Flush()
}

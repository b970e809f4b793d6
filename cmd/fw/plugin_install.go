package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/store"
)

type pluginInstallCmd struct {
	Ref    string `arg:"" optional:"" help:"A packed file, https://..., or HOST/PATH:VERSION of a registry; @sha256:DIGEST pins it."`
	Lock   string `help:"Install what a fw.lock pins and is not there, from where it was installed for the lock." placeholder:"FILE"`
	Signed bool   `help:"Refuse what no known key signed."`
	netArgs
}

// Run installs a plugin into the user's store and lists it in the user's registry.toml.
func (c *pluginInstallCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	switch {
	case (c.Ref == "") == (c.Lock == ""):
		return errors.New("install: expected a reference, or --lock FILE")
	case c.Lock != "":
		return c.locked(con, s)
	}
	_, b, at, err := c.get(con, s, c.Ref)
	if err != nil {
		return err
	}
	return install(con, s, b, at.String(), c.Signed)
}

// install installs a bundle and says what it is.
func install(con *console, s *store.Store, b *bundle.Bundle, source string, signed bool) error {
	who, err := s.Signer(b)
	if err != nil {
		return err
	}
	if signed && who.Name == "" {
		return fmt.Errorf("install: plugin %s is %s, and --signed asks for a key of `fw plugin key list`", nameOf(b), who)
	}
	if err := notBuiltin(b); err != nil {
		return err
	}
	fresh, err := s.Install(b, source)
	if err != nil {
		return err
	}
	word := "installed"
	if !fresh {
		word = "was installed already"
	}
	fmt.Fprintf(con.out, "%s %s, %s\n", nameOf(b), word, who)
	if who.Signed && who.Name == "" {
		fmt.Fprintf(con.out, "nothing was verified: `fw plugin key add NAME RW...` makes a key known, with what its owner published\n")
	}
	if native(&b.Manifest) {
		fmt.Fprintf(con.out, "it is a native program; to let it run: fw plugin trust %s@%s\n", b.Manifest.Info.ID, b.Manifest.Info.Version)
	}
	return nil
}

// notBuiltin refuses what could never be used beside a built-in plugin.
func notBuiltin(b *bundle.Bundle) error {
	i := &b.Manifest.Info
	for _, p := range builtin.Plugins() {
		if have := p.Info(); have.ID == i.ID && have.Version == i.Version {
			return fmt.Errorf("install: plugin %s is built into fw: %w: give this one another id or version", nameOf(b), bundle.ErrChanged)
		}
	}
	return nil
}

// native reports whether a plugin has nothing but programs of the machine's own kind; a
// module goes before them.
func native(m *registry.Manifest) bool {
	return !slices.ContainsFunc(m.Artifacts, func(a registry.Artifact) bool { return a.Carrier == registry.WASM })
}

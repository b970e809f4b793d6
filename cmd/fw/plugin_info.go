package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/store"
)

type pluginInfoCmd struct {
	registryArgs
	netArgs
	What string `arg:"" help:"A plugin's id or ID@VERSION, a folder, a packed file, or a reference."`
}

// Run prints a plugin's manifest for people. It starts nothing.
func (c *pluginInfoCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	m, from, signed, err := c.look(con, s)
	if err != nil {
		return err
	}
	i := &m.Info
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	for _, row := range [][2]string{
		{i.ID, i.Version + ", a " + i.Kind}, {"", i.Doc}, {"licence", m.Licence}, {"from", from}, {"signature", signed},
		{"written as", strings.TrimSpace(i.Style + " " + i.Signature)}, {"defaults", strings.Trim(i.DefaultLoss+" "+i.DefaultCrop+" "+i.DefaultAugment, " ")},
		{"may", may(&m)},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", printable(row[0]), printable(row[1]))
		}
	}
	for _, a := range m.Artifacts {
		fmt.Fprintf(w, "%s on %s\t%s  sha256 %s\n", a.Carrier, a.Platform, a.Path, a.SHA256)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printParams(con, i.Params)
}

// look finds what is meant: what is registered or a folder, then what install takes.
func (c *pluginInfoCmd) look(con *console, s *store.Store) (m registry.Manifest, from, signed string, err error) {
	set, err := openPlugins(con.ctx, c.registryArgs, registry.FileName, "")
	if err != nil {
		return m, "", "", err
	}
	defer set.close()
	p, err := set.Find(c.What)
	if err == nil {
		if p.Folder != "" {
			b, err := store.ReadFolder(p.Folder)
			if err != nil {
				return m, "", "", err
			}
			signed, err = signedBy(s, b)
			return p.Manifest, cmp.Or(p.Source, p.From), signed, err
		}
		return p.Manifest, p.From, "", nil
	}
	_, b, at, getErr := c.get(con, s, c.What)
	if getErr != nil {
		return m, "", "", errors.Join(err, getErr)
	}
	signed, err = signedBy(s, b)
	return b.Manifest, at.String(), signed, err
}

func signedBy(s *store.Store, b *bundle.Bundle) (string, error) {
	who, err := s.Signer(b)
	return who.String(), err
}

// may is what a plugin could do.
func may(m *registry.Manifest) string {
	if !native(m) {
		return "compute: it is a sandboxed module, without files, network, clock or environment"
	}
	text := "run as a native program, once it is trusted"
	if len(m.Capabilities) > 0 {
		text += "; it asks for " + strings.Join(m.Capabilities, ", ")
	}
	return text + ". " + confinement()
}

func printParams(con *console, params []schema.Param) error {
	if len(params) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nPARAMETER\tTYPE\tDEFAULT\tRANGE\tMEANING")
	for i := range params {
		p := &params[i]
		value := "-"
		if p.Default.Type != "" {
			value = p.Default.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, p.Type, printable(value), orDash(printable(p.Range())), printable(p.Doc))
	}
	return w.Flush()
}

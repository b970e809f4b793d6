package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/registry/bundle"
)

type pluginPackCmd struct {
	Dir  string `arg:"" optional:"" help:"The plugin's folder." default:"."`
	Out  string `help:"The file to write; NAMESPACE-NAME-VERSION.fwplugin if it is not said." placeholder:"FILE"`
	Sign bool   `help:"Sign it with your key."`
	Key  string `help:"Sign it with the key of that name." placeholder:"NAME"`
}

// Run packs the folder; the same files give the same bytes.
func (c *pluginPackCmd) Run(con *console) error {
	b, err := bundle.FromFolder(c.Dir)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	s, err := openStore()
	if err != nil {
		return err
	}
	if c.Sign || c.Key != "" {
		k, err := s.SecretKey(c.Key, func() (string, error) { return askPassword(con, "Password of the key: ") })
		if err != nil {
			return err
		}
		if b, err = b.Sign(k); err != nil {
			return err
		}
	}
	im, err := b.Image()
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	if c.Out == "" {
		c.Out = fileOf(b)
	}
	if err := writePacked(c.Out, im, b); err != nil {
		return err
	}
	who, err := s.Signer(b)
	if err != nil {
		return err
	}
	for _, f := range b.Files {
		fmt.Fprintf(con.out, "%9d  %s\n", len(f.Data), f.Path)
	}
	_, err = fmt.Fprintf(con.out, "%s: %s, %s\n%s\n", c.Out, nameOf(b), who, im.Root.Digest)
	return err
}

// fileOf is the usual name of a packed plugin.
func fileOf(b *bundle.Bundle) string {
	i := &b.Manifest.Info
	return strings.ReplaceAll(i.ID, "/", "-") + "-" + i.Version + bundle.Extension
}

// writePacked writes a packed plugin whole or not at all.
func writePacked(path string, im *bundle.Image, b *bundle.Bundle) error {
	return atomicfile.Write(path, func(w io.Writer) error { return im.WriteTar(w, b.Manifest.Info.Version) })
}

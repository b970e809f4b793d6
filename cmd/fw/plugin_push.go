package main

import (
	"fmt"

	"github.com/fwlab/fw/registry/transport"
)

type pluginPushCmd struct {
	File string `arg:"" help:"A packed plugin, or anything that fw plugin install takes."`
	Ref  string `arg:"" help:"HOST/PATH of a registry; the version is the tag."`
	netArgs
}

// Run sends a packed plugin to a registry and prints its reference with the digest.
func (c *pluginPushCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	to, err := transport.ParseRef(c.Ref)
	if err != nil {
		return err
	}
	im, b, _, err := c.get(con, s, c.File)
	if err != nil {
		return err
	}
	if _, err := s.Signer(b); err != nil {
		return err
	}
	o, err := c.options(con, s)
	if err != nil {
		return err
	}
	at, err := transport.Push(con.ctx, to, im, b, o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(con.out, at)
	return err
}

package main

import "fmt"

type pluginPullCmd struct {
	Ref string `arg:"" help:"https://..., or HOST/PATH:VERSION of a registry; @sha256:DIGEST pins it."`
	Out string `help:"The file to write; NAMESPACE-NAME-VERSION.fwplugin if it is not said." placeholder:"FILE"`
	netArgs
}

// Run brings a packed plugin, checked, and writes it as it was pushed.
func (c *pluginPullCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	im, b, at, err := c.get(con, s, c.Ref)
	if err != nil {
		return err
	}
	who, err := s.Signer(b)
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = fileOf(b)
	}
	if err := writePacked(c.Out, im, b); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "%s: %s, %s\n%s\n", c.Out, nameOf(b), who, at)
	return err
}

package main

import "fmt"

type pluginRemoveCmd struct {
	ID string `arg:"" help:"The plugin's id, or ID@VERSION where several are installed."`
}

// Run removes an installed plugin and the trust in it.
func (c *pluginRemoveCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	p, err := s.Remove(c.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "%s %s is removed\n", p.Manifest.Info.ID, p.Manifest.Info.Version)
	return err
}

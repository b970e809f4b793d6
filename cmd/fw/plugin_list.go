package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/registry"
)

type pluginListCmd struct {
	registryArgs
	JSON bool `help:"Print JSON for programs."`
}

// Run prints the plugins that an experiment in the working directory could use.
func (c *pluginListCmd) Run(con *console) error {
	s, err := openPlugins(con.ctx, c.registryArgs, registry.FileName, "")
	if err != nil {
		return err
	}
	defer s.close()
	rows := s.List()
	for i := range rows {
		if r := &rows[i]; r.Error == "" && r.SHA256 == "" { // built in as a process
			r.SHA256 = ownHash()
		}
	}
	if c.JSON {
		return printJSON(con.out, rows)
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tVERSION\tCARRIER\tSHA256\tFROM")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", orDash(r.ID), orDash(r.Kind), orDash(r.Version), orDash(r.Carrier), orDash(r.SHA256[:min(12, len(r.SHA256))]), r.From)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(con.out, "%s (%s) cannot be used: %s\n", orDash(r.ID), r.From, strings.ReplaceAll(r.Error, "\n", "\n  "))
		}
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

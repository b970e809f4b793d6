package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
)

type pluginListCmd struct {
	registryArgs
	JSON bool `help:"Print JSON for programs."`
}

// listed is a line of fw plugin list.
type listed struct {
	registry.Row
	Signed  string `json:"signed,omitempty"`  // a word on the signature of what was packed
	Trusted string `json:"trusted,omitempty"` // whether it may run
}

// Run prints the plugins that an experiment in the working directory could use.
func (c *pluginListCmd) Run(con *console) error {
	s, err := openPlugins(con.ctx, c.registryArgs, registry.FileName, "")
	if err != nil {
		return err
	}
	defer s.close()
	rows, err := listRows(s)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(con.out, rows)
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tVERSION\tCARRIER\tSHA256\tSIGNED\tTRUSTED\tFROM")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", orDash(r.ID), orDash(r.Kind), orDash(r.Version), orDash(r.Carrier), orDash(r.SHA256[:min(12, len(r.SHA256))]),
			orDash(r.Signed), orDash(r.Trusted), cmp.Or(r.Source, r.From))
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

func listRows(s *pluginSet) (rows []listed, err error) {
	user, err := openStore()
	if err != nil {
		return nil, err
	}
	trusts, err := user.Trusts()
	if err != nil {
		return nil, err
	}
	for _, r := range s.List() {
		l := listed{Row: r, Signed: signature(user, &r)}
		builtIn := r.Error == "" && r.Folder == "" && r.From == registry.BuiltIn
		switch {
		case builtIn && r.SHA256 == "": // as a process
			l.SHA256 = ownHash()
		case builtIn, r.Error != "", r.Carrier == registry.WASM: // can do nothing, trusted or not
		case slices.ContainsFunc(trusts, func(t store.Trusted) bool { return t.SHA256 == r.SHA256 }):
			l.Trusted = "yes"
		default:
			l.Trusted = "no"
		}
		rows = append(rows, l)
	}
	return rows, nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

package main

import (
	"errors"
	"fmt"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/store"
)

type pluginVerifyCmd struct {
	What   []string `arg:"" optional:"" help:"Ids of installed plugins, packed files or references; everything installed if none is named."`
	Signed bool     `help:"Fail where no known key signed."`
	netArgs
}

// Run checks every hash and signature, says a line for each, and fails if one is wrong.
func (c *pluginVerifyCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	targets, err := c.targets(con, s)
	if err != nil {
		return err
	}
	bad := 0
	for _, t := range targets {
		b, err := t.read()
		var who store.Signer
		if err == nil {
			who, err = s.Signer(b)
		}
		if err == nil && c.Signed && who.Name == "" {
			err = errors.New(who.String())
		}
		if err != nil {
			bad++
			fmt.Fprintf(con.out, "%s: BAD: %v\n", t.name, err)
			continue
		}
		fmt.Fprintf(con.out, "%s: %d files fit their hashes, %s\n", t.name, len(b.Files), who)
	}
	if bad > 0 {
		return fmt.Errorf("verify: %d of %d are not what they should be; what is installed is mended by installing it again", bad, len(targets))
	}
	return nil
}

// target is something to verify.
type target struct {
	name string
	read func() (*bundle.Bundle, error)
}

func (c *pluginVerifyCmd) targets(con *console, s *store.Store) (list []target, err error) {
	for _, what := range c.What {
		list = append(list, target{what, func() (*bundle.Bundle, error) { return c.bundle(con, s, what) }})
	}
	if len(c.What) > 0 {
		return list, nil
	}
	all, err := s.Installed()
	for _, p := range all {
		list = append(list, target{p.Name(), func() (*bundle.Bundle, error) { return s.Read(&p) }})
	}
	return list, err
}

// bundle is what a name stands for: an installed plugin, or what install would take.
func (a netArgs) bundle(con *console, s *store.Store, what string) (*bundle.Bundle, error) {
	p, err := s.Find(what)
	if err == nil {
		return s.Read(p)
	}
	_, b, _, getErr := a.get(con, s, what)
	if getErr != nil {
		return nil, errors.Join(err, getErr)
	}
	return b, nil
}

// signature is the word on an entry of the registry, "" where there can be none.
func signature(s *store.Store, r *registry.Row) string {
	if r.Folder == "" || r.Error != "" {
		return ""
	}
	b, err := store.ReadFolder(r.Folder)
	if err != nil {
		return ""
	}
	who, err := s.Signer(b)
	if err != nil {
		return "FORGED"
	}
	return who.String()
}

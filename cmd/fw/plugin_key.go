package main

import (
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/fwlab/fw/registry/minisign"
)

type pluginKeyCmd struct {
	New    pluginKeyNewCmd    `cmd:"" help:"Make a key to sign with."`
	Add    pluginKeyAddCmd    `cmd:"" help:"Know someone's public key by a name."`
	List   pluginKeyListCmd   `cmd:"" help:"List known keys."`
	Remove pluginKeyRemoveCmd `cmd:"" help:"Forget a key."`
}

type pluginKeyNewCmd struct {
	Name       string `arg:"" help:"A name for the key, as alice."`
	NoPassword bool   `help:"Keep it without a password, as in a build that signs."`
}

// Run makes a key and prints its public half.
func (c *pluginKeyNewCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	password := ""
	if !c.NoPassword {
		if password, err = newPassword(con); err != nil {
			return err
		}
	}
	public, path, err := s.NewKey(c.Name, password)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "%s: keep it secret; others check what you sign with\n\n    fw plugin key add %s %s\n", path, c.Name, public)
	return err
}

// newPassword asks twice.
func newPassword(con *console) (string, error) {
	first, err := askPassword(con, "Password for the new key: ")
	if err != nil {
		return "", fmt.Errorf("%w; --no-password makes a key without one", err)
	}
	second, err := askPassword(con, "The same again: ")
	switch {
	case err != nil:
		return "", err
	case first != second:
		return "", errors.New("key: the two passwords differ")
	case first == "":
		return "", errors.New("key: the password is empty; --no-password makes a key without one")
	}
	return first, nil
}

type pluginKeyAddCmd struct {
	Name string `arg:"" help:"A name for the key, as alice."`
	Key  string `arg:"" help:"The public key, RW..., or a .pub file of minisign."`
}

// Run makes a public key known.
func (c *pluginKeyAddCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	text := []byte(c.Key)
	if b, err := os.ReadFile(c.Key); err == nil {
		text = b
	}
	public, err := minisign.ParsePublicKey(text)
	if err != nil {
		return fmt.Errorf("key: %q is no file, and no key: %w", c.Key, err)
	}
	if err := s.AddKey(c.Name, public); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "key %s is %s's\n", public.ID, c.Name)
	return err
}

type pluginKeyListCmd struct{}

// Run prints the known keys.
func (c *pluginKeyListCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tID\tSIGNS\tPUBLIC")
	for _, k := range keys {
		signs := "-"
		if k.Secret {
			signs = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Name, k.Public.ID, signs, k.Public)
	}
	return w.Flush()
}

type pluginKeyRemoveCmd struct {
	Name string `arg:"" help:"A name of fw plugin key list."`
}

// Run forgets a key.
func (c *pluginKeyRemoveCmd) Run(con *console) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	return s.RemoveKey(c.Name)
}

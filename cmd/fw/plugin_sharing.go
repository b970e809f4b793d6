package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
	"github.com/fwlab/fw/registry/store"
	"github.com/fwlab/fw/registry/transport"
)

// pluginSharing is the verbs that pack, send, install and trust plugins.
type pluginSharing struct {
	Pack    pluginPackCmd    `cmd:"" help:"Pack a plugin's folder into one file: manifest, artifacts, documents, licence, hashes, signature."`
	Push    pluginPushCmd    `cmd:"" help:"Send a packed plugin to an OCI registry."`
	Pull    pluginPullCmd    `cmd:"" help:"Bring a packed plugin from a registry or an address, as a file."`
	Install pluginInstallCmd `cmd:"" help:"Install a plugin: from a packed file, an https address or an OCI registry."`
	Upgrade pluginUpgradeCmd `cmd:"" help:"Install a newer version of a plugin, after showing what changes."`
	Remove  pluginRemoveCmd  `cmd:"" help:"Remove an installed plugin."`
	Info    pluginInfoCmd    `cmd:"" help:"Say what a plugin is: parameters, artifacts, what it may do, who signed it."`
	Verify  pluginVerifyCmd  `cmd:"" help:"Check hashes and signatures: of everything installed, or of what is named."`
	Trust   pluginTrustCmd   `cmd:"" help:"Let a plugin that is a native program run."`
	Lock    pluginLockCmd    `cmd:"" help:"Write fw.lock beside an experiment, which pins its plugins on every platform."`
	Key     pluginKeyCmd     `cmd:"" help:"Keys that sign plugins: make, add, list, remove."`
}

// openStore is the user's store.
func openStore() (*store.Store, error) { return store.Open(registry.Home(os.Getenv)) }

// netArgs are the arguments of verbs that take a reference.
type netArgs struct {
	PlainHTTP bool `name:"plain-http" help:"Speak plain HTTP, to a registry or server on this machine."`
}

// get brings a packed plugin.
func (a netArgs) get(con *console, s *store.Store, ref string) (*bundle.Image, *bundle.Bundle, transport.Ref, error) {
	r, err := transport.ParseRef(ref)
	if err != nil {
		return nil, nil, r, err
	}
	o, err := a.options(con, s)
	if err != nil {
		return nil, nil, r, err
	}
	im, b, at, err := transport.Get(con.ctx, r, o)
	if err == nil && at.Path != "" {
		at.Path, err = filepath.Abs(at.Path)
	}
	return im, b, at, err
}

func (a netArgs) options(con *console, s *store.Store) (transport.Options, error) {
	dir, err := s.Downloads()
	show := transfer{out: con.errout, terminal: screen(con.errout).Terminal}
	return transport.Options{Downloads: dir, PlainHTTP: a.PlainHTTP, Progress: func(name string, done, total int64) {
		if total > 1<<20 {
			show.progress(name, done, total)
		}
	}}, err
}

// nameOf is the id and version of a bundle.
func nameOf(b *bundle.Bundle) string {
	i := &b.Manifest.Info
	return i.ID + " " + i.Version
}

// asker puts a question to the user; ok is false where nobody can answer.
type asker func(question string) (answer string, ok bool)

// askOnTerminal asks where both the question is seen and an answer can be typed.
func askOnTerminal(question string) (string, bool) {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stderr.Fd())) {
		return "", false
	}
	return ask(os.Stdin, os.Stderr, question)
}

func ask(in io.Reader, out io.Writer, question string) (string, bool) {
	fmt.Fprint(out, question)
	line, err := bufio.NewReader(in).ReadString('\n')
	return strings.TrimSpace(line), err == nil
}

// yes reports whether an answer agrees.
func yes(answer string) bool {
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// passwordKey is the variable that holds the password of a secret key in scripts.
const passwordKey = "FW_KEY_PASSWORD"

// askPassword reads a password unseen, or takes it from the environment.
func askPassword(con *console, prompt string) (string, error) {
	if p, ok := os.LookupEnv(passwordKey); ok {
		return p, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", errors.New("key: it has a password, and this is no terminal: set " + passwordKey)
	}
	fmt.Fprint(con.errout, prompt)
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(con.errout)
	return string(p), err
}

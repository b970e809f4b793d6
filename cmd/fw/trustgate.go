package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process/confine"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/store"
)

// trustGate lets no native program start that the user does not trust. What is built in
// needs no trust, and a module can do nothing.
type trustGate struct{ ask asker }

// guard is start behind the gate.
func (g trustGate) guard(p *registry.Resolved, start func(context.Context) (host.Caller, error)) func(context.Context) (host.Caller, error) {
	if !needsTrust(p) {
		return start
	}
	return func(ctx context.Context) (host.Caller, error) {
		if err := g.allow(p); err != nil {
			return nil, err
		}
		sayOnce()
		return start(ctx)
	}
}

func needsTrust(p *registry.Resolved) bool {
	return p.Builtin == nil && p.Artifact.Carrier == registry.Process
}

// pass asks what guard would at the start.
func (g trustGate) pass(p *registry.Resolved) error {
	if !needsTrust(p) {
		return nil
	}
	return g.allow(p)
}

// allow asks on the terminal at the first use, and elsewhere says which command to run.
func (g trustGate) allow(p *registry.Resolved) error {
	s, err := openStore()
	if err != nil {
		return err
	}
	missing, ok, err := s.Missing(p.Artifact.SHA256, p.Manifest.Capabilities)
	if err != nil || ok {
		return err
	}
	t := trustOf(p)
	answer, asked := g.ask(describeTrust(p, missing) + "Let it run? [y/N] ")
	switch {
	case asked && yes(answer):
		return s.Trust(t)
	case asked:
		return fmt.Errorf("trust: plugin %q is not trusted", p.Manifest.Info.ID)
	}
	return fmt.Errorf("trust: plugin %q is a native program that was not allowed to run; this allows it:\n  %s\n%s",
		p.Manifest.Info.ID, trustCommand(p), describeTrust(p, missing))
}

func trustOf(p *registry.Resolved) store.Trusted {
	i := &p.Manifest.Info
	return store.Trusted{SHA256: p.Artifact.SHA256, Plugin: i.ID + " " + i.Version, Source: cmp.Or(p.Source, p.Path), Capabilities: p.Manifest.Capabilities}
}

// trustCommand trusts exactly these bytes, wherever it is run.
func trustCommand(p *registry.Resolved) string {
	what := p.Manifest.Info.ID + "@" + p.Manifest.Info.Version
	if file, ok := placeFile(p.From); ok {
		what += " --registry " + quoted(file)
	} else if dir, err := filepath.Abs(p.From); err == nil {
		what = quoted(dir)
	}
	return "fw plugin trust " + what + " --sha256 " + p.Artifact.SHA256
}

// quoted is a path as one word of a shell.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/\\:._-+@~") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// placeFile is the registry.toml of a place FILE:LINE:COLUMN.
func placeFile(place string) (string, bool) {
	m := placeOf.FindStringSubmatch(place)
	if m == nil {
		return "", false
	}
	file, err := filepath.Abs(m[1])
	return file, err == nil
}

var placeOf = regexp.MustCompile(`^(.+):\d+:\d+$`)

// describeTrust says what would run, and what it could do.
func describeTrust(p *registry.Resolved, missing []string) string {
	i := &p.Manifest.Info
	var b strings.Builder
	fmt.Fprintf(&b, "plugin  %s %s\nfile    %s\nsha256  %s\nfrom    %s\n", i.ID, i.Version, p.Path, p.Artifact.SHA256, cmp.Or(p.Source, p.From))
	asks := "nothing beyond computing"
	if len(missing) > 0 {
		asks = strings.Join(missing, ", ")
	}
	fmt.Fprintf(&b, "asks    %s\nIt is a native program, not a sandboxed module. %s.\n", asks, confinement())
	return b.String()
}

// confinement is what keeps a native program from the rest.
func confinement() string {
	able, missing := confine.Available()
	switch {
	case missing == "":
		return "The kernel keeps it from what it does not ask for: files, network, other programs"
	case able:
		return "The kernel keeps it from a part of what it does not ask for: " + missing
	}
	return "It runs with your rights: " + missing
}

// sayOnce tells the user at the first start of a native plugin what cannot be kept
// from it.
var sayOnce = sync.OnceFunc(func() {
	if _, missing := confine.Available(); missing != "" {
		fmt.Fprintln(os.Stderr, "warning:", missing)
	}
})

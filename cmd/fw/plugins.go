package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/builtin"
	"github.com/fwlab/fw/registry"
)

// registryArgs are the arguments of verbs that look for plugins.
type registryArgs struct {
	Registry      string        `help:"A registry.toml that goes before the project's, the user's and what is built in." placeholder:"FILE"`
	PluginTimeout time.Duration `help:"How long a native plugin may take for a call before it is stopped." default:"2m" placeholder:"TIME"`
}

// pluginSet is the plugins that there are, and the artifacts started so far.
type pluginSet struct {
	*registry.Registry
	artifacts map[string]*artifact
	watch     callWatcher // nil: nobody looks
	timeout   time.Duration
	gate      trustGate
}

// thisPlatform is the machine that fw runs on.
const thisPlatform = runtime.GOOS + "/" + runtime.GOARCH

// callWatcher is told of each call of an artifact when it is over.
type callWatcher func(artifact string, m abi.Method, began time.Time, took time.Duration)

// openPlugins reads the registries that hold for a file, and the lock at a path, ""
// for none. It starts nothing.
func openPlugins(ctx context.Context, a registryArgs, file, lock string) (*pluginSet, error) {
	project, err := registry.ProjectFile(file)
	if err != nil {
		return nil, err
	}
	s := &pluginSet{artifacts: map[string]*artifact{}, gate: trustGate{ask: askOnTerminal}, timeout: a.PluginTimeout}
	o := registry.Options{
		User: registry.UserFile(os.Getenv), Project: project, File: a.Registry, Lock: lock,
		ABI: abi.Version, IR: ir.Version, Platform: thisPlatform,
		Describe: func(p *registry.Resolved) (wire.DescribeReply, error) { return s.artifact(p).describe(ctx) },
	}
	modules := builtin.Modules()
	for _, p := range builtin.Plugins() {
		o.Builtin = append(o.Builtin, registry.Builtin{Info: p.Info(), Module: modules[p.Info().ID]})
	}
	if s.Registry, err = registry.Open(o); err != nil {
		return nil, err
	}
	return s, nil
}

// of is the experiment's plugin of a kind, nil if it has none.
func (s *pluginSet) of(e *experiment.Experiment, kind string) (*registry.Resolved, error) {
	p := e.Plugin(kind)
	if p.ID == "" {
		return nil, nil
	}
	return s.Resolve(kind, p.Use) // as the experiment was checked against: it remembers
}

// connect starts the artifacts that an experiment uses, refusing one that says
// other things of itself than its manifest, and makes its plugins callable.
func (s *pluginSet) connect(ctx context.Context, e *experiment.Experiment) (train.Plugins, error) {
	var p train.Plugins
	signatures := map[string]string{}
	clients := map[string]**client.Client{experiment.Pretext: &p.Pretext, experiment.Backbone: &p.Backbone,
		experiment.Loss: &p.Loss, experiment.Crop: &p.Crop, experiment.Augment: &p.Augment}
	if err := s.start(ctx, e); err != nil {
		return p, err
	}
	for _, kind := range experiment.Kinds() {
		r, err := s.of(e, kind)
		if err != nil {
			return p, err
		}
		if r == nil {
			continue
		}
		a := s.artifact(r)
		said, err := a.describe(ctx)
		if err == nil {
			err = registry.CheckSelf(&r.Manifest, said)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", e.Where(kind+".use"), err)
		}
		if r.Manifest.Info.Style != "trace" { // training calls it
			go a.host.Ready()
		}
		signatures[kind] = r.Manifest.Info.Signature
		*clients[kind] = &client.Client{Host: a.host, ID: r.Manifest.Info.ID, Params: e.Plugin(kind).Params}
	}
	if want, got := signatures[experiment.Pretext], signatures[experiment.Loss]; p.Loss != nil && want != got {
		return p, fmt.Errorf("%s: link: pretext %q needs a loss of signature %s, %q is one of signature %s", e.Where("loss.use"), p.Pretext.ID, want, p.Loss.ID, got)
	}
	return p, nil
}

// start starts the artifacts of an experiment, several at once, and asks each what it has.
// Whether a native program may start is asked before, one after the other.
func (s *pluginSet) start(ctx context.Context, e *experiment.Experiment) error {
	var started sync.WaitGroup
	defer started.Wait()
	begun := map[*artifact]bool{}
	for _, kind := range experiment.Kinds() {
		r, err := s.of(e, kind)
		if err == nil && r != nil {
			err = s.gate.pass(r)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.Where(kind+".use"), err)
		}
		if r == nil {
			continue
		}
		if a := s.artifact(r); !begun[a] {
			begun[a] = true
			started.Go(func() { _, _ = a.describe(ctx) })
		}
	}
	return nil
}

// used is the plugins of an experiment, by kind.
func (s *pluginSet) used(e *experiment.Experiment) (list []*registry.Resolved, err error) {
	for _, kind := range experiment.Kinds() {
		r, err := s.of(e, kind)
		if err != nil {
			return nil, err
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list, nil
}

// rows is the plugins of a connected experiment, for its record.
func (s *pluginSet) rows(e *experiment.Experiment) (rows []rundir.Plugin) {
	used, _ := s.used(e) // connect would have failed
	for _, r := range used {
		i := &r.Manifest.Info
		row := rundir.Plugin{ID: i.ID, Kind: i.Kind, Version: i.Version, Carrier: r.Artifact.Carrier, SHA256: r.Artifact.SHA256}
		if r.Builtin != nil && row.SHA256 == "" {
			row.SHA256 = ownHash()
		}
		rows = append(rows, row)
	}
	return rows
}

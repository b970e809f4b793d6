package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/builtin"
)

// shipped is the first-party plugins: this executable as a process for most,
// a WASM module for those that ship as one.
type shipped struct {
	infos   []wire.PluginInfo
	carrier map[string]string
	hash    map[string]string
	self    *host.Plugin
	modules map[string]*host.Plugin
}

func newShipped() (*shipped, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	s := &shipped{carrier: map[string]string{}, hash: map[string]string{}, modules: map[string]*host.Plugin{}}
	s.self = host.New("fw", func(ctx context.Context) (host.Caller, error) { return process.Start(ctx, process.Config{Path: exe}) })
	for _, p := range builtin.Plugins() {
		s.infos = append(s.infos, p.Info())
		s.carrier[p.Info().ID] = "process"
	}
	for id, module := range builtin.Modules() {
		s.carrier[id], s.hash[id] = "wasm", sum(module)
		s.modules[id] = host.New(id, func(ctx context.Context) (host.Caller, error) {
			return wasm.Open(ctx, module, filepath.Join(cache, "fw", "wasm"))
		})
	}
	return s, nil
}

// Lookup finds a first-party plugin for an experiment.
func (s *shipped) Lookup(kind, use string) (experiment.Spec, error) {
	id, version, pinned := strings.Cut(use, "@")
	var known []string
	for _, p := range s.infos {
		if p.Kind != kind {
			continue
		}
		known = append(known, p.ID)
		if p.ID != id {
			continue
		}
		if pinned && version != p.Version {
			return experiment.Spec{}, fmt.Errorf("%s has version %s, not %s", id, p.Version, version)
		}
		return experiment.Spec{ID: p.ID, Version: p.Version, Params: p.Params, DefaultLoss: p.DefaultLoss, DefaultCrop: p.DefaultCrop, DefaultAugment: p.DefaultAugment}, nil
	}
	hint := ""
	if n := schema.Nearest(id, known); n != "" {
		hint = fmt.Sprintf("; did you mean %q?", n)
	}
	return experiment.Spec{}, fmt.Errorf("unknown %s %q; known: %s%s", kind, id, strings.Join(known, ", "), hint)
}

func (s *shipped) client(e *experiment.Experiment, kind string) *client.Client {
	p := e.Plugin(kind)
	if p.ID == "" {
		return nil
	}
	h := s.self
	if m := s.modules[p.ID]; m != nil {
		h = m
	}
	return &client.Client{Host: h, ID: p.ID, Params: p.Params}
}

// connect describes the artifacts that an experiment uses, refusing one that
// says other things of itself than it should, and makes its plugins callable.
func (s *shipped) connect(ctx context.Context, e *experiment.Experiment) (train.Plugins, error) {
	p := train.Plugins{Pretext: s.client(e, experiment.Pretext), Backbone: s.client(e, experiment.Backbone),
		Loss: s.client(e, experiment.Loss), Crop: s.client(e, experiment.Crop), Augment: s.client(e, experiment.Augment)}
	for _, c := range []*client.Client{p.Pretext, p.Backbone, p.Loss, p.Crop, p.Augment} {
		if c == nil {
			continue
		}
		infos, err := client.Describe(ctx, c.Host)
		if err != nil {
			return p, err
		}
		found := false
		for _, i := range infos {
			found = found || i.ID == c.ID
		}
		if !found {
			return p, fmt.Errorf("plugin %q: its artifact does not have it", c.ID)
		}
	}
	if p.Loss != nil {
		want, got := s.info(p.Pretext.ID).Signature, s.info(p.Loss.ID).Signature
		if want != got {
			return p, fmt.Errorf("%s: link: pretext %q needs a loss of signature %s, %q is one of signature %s", e.Where("loss.use"), p.Pretext.ID, want, p.Loss.ID, got)
		}
	}
	return p, nil
}

func (s *shipped) info(id string) wire.PluginInfo {
	for _, p := range s.infos {
		if p.ID == id {
			return p
		}
	}
	return wire.PluginInfo{}
}

func (s *shipped) rows(e *experiment.Experiment) (rows []core.PluginRow) {
	for _, p := range s.infos {
		if e == nil || e.Plugin(p.Kind).ID == p.ID {
			rows = append(rows, core.PluginRow{ID: p.ID, Kind: p.Kind, Version: p.Version, Carrier: s.carrier[p.ID], SHA256: s.hash[p.ID]})
		}
	}
	return rows
}

// spent is the time that calls have taken so far, in seconds.
func (s *shipped) spent() float64 {
	_, d := s.self.Stats()
	for _, m := range s.modules {
		_, x := m.Stats()
		d += x
	}
	return d.Seconds()
}

func (s *shipped) close() {
	s.self.Close()
	for _, m := range s.modules {
		m.Close()
	}
}

type pluginCmd struct {
	List pluginListCmd `cmd:"" help:"List plugins: id, kind, version, carrier, hash, where from."`
}

type pluginListCmd struct {
	JSON bool `help:"Print JSON for programs."`
}

// Run prints the plugins.
func (c *pluginListCmd) Run(con *console) error {
	s, err := newShipped()
	if err != nil {
		return err
	}
	defer s.close()
	if c.JSON {
		enc := json.NewEncoder(con.out)
		enc.SetIndent("", "  ")
		return enc.Encode(s.rows(nil))
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tVERSION\tCARRIER\tSHA256\tFROM")
	for _, r := range s.rows(nil) {
		hash := r.SHA256
		if hash == "" {
			hash = "(this executable)"
		} else {
			hash = hash[:12]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\tbuilt in\n", r.ID, r.Kind, r.Version, r.Carrier, hash)
	}
	return w.Flush()
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/plan"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/toolchain"
)

type pluginBuildCmd struct {
	Dir      string   `arg:"" optional:"" help:"The plugin's folder." default:"."`
	Carrier  []string `help:"wasm or process, beside what the manifest has." placeholder:"CARRIER"`
	Platform []string `help:"With --carrier process, of a compiled language: for which, as linux/arm64; this machine's if none is named." placeholder:"OS/ARCH"`
	JSON     bool     `help:"Print JSON for programs."`
}

// built is what --json prints of an artifact.
type built struct {
	Path     string `json:"path"`
	Carrier  string `json:"carrier"`
	Platform string `json:"platform"`
	Bytes    int    `json:"bytes"`
	SHA256   string `json:"sha256"`
}

// Run builds every artifact of the manifest and those asked for, and renews the
// manifest by what the plugin says of itself.
func (c *pluginBuildCmd) Run(con *console) error {
	file := filepath.Join(c.Dir, registry.ManifestName)
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("build: %s has no %s; start a plugin with: fw plugin new NAME --kind crop", c.Dir, registry.ManifestName)
	}
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	m, err := registry.ParseManifest(file, src)
	if err != nil {
		return err
	}
	lang, err := toolchain.Of(c.Dir)
	if err != nil {
		return err
	}
	if m.Artifacts, err = c.targets(&m, lang); err != nil {
		return err
	}
	list := make([]built, len(m.Artifacts))
	for i := range m.Artifacts {
		a := &m.Artifacts[i]
		size, err := buildOne(con.ctx, lang, c.Dir, a)
		if err != nil {
			return err
		}
		list[i] = built{a.Path, a.Carrier, a.Platform, size, a.SHA256}
	}
	if err := c.renew(con.ctx, &m); err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(file, m.Encode()); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	if err := c.trust(&m); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(con.out, list)
	}
	for _, b := range list {
		fmt.Fprintf(con.out, "%s  %s  sha256 %s\n", filepath.ToSlash(filepath.Join(c.Dir, b.Path)), plan.Size(b.Bytes), b.SHA256)
	}
	fmt.Fprintf(con.out, "%s  %s %s, %s\n", filepath.ToSlash(file), m.Info.ID, m.Info.Version, m.Info.Kind)
	return nil
}

// trust lets what the user has built from their own sources run here.
func (c *pluginBuildCmd) trust(m *registry.Manifest) error {
	for _, a := range m.Artifacts {
		if a.Carrier != registry.Process || !runsHere(a) {
			continue
		}
		s, err := openStore()
		if err != nil {
			return err
		}
		file, err := filepath.Abs(filepath.Join(c.Dir, filepath.FromSlash(a.Path)))
		if err != nil {
			return fmt.Errorf("build: %w", err)
		}
		if err := s.Trust(trustOf(&registry.Resolved{Manifest: *m, Artifact: a, Path: file})); err != nil {
			return err
		}
	}
	return nil
}

// targets is the artifacts to build, without their hashes.
func (c *pluginBuildCmd) targets(m *registry.Manifest, lang *toolchain.Language) ([]registry.Artifact, error) {
	name, list := path.Base(m.Info.ID), slices.Clone(m.Artifacts)
	add := func(carrier, platform, path string) {
		if !slices.ContainsFunc(list, func(a registry.Artifact) bool { return a.Carrier == carrier && a.Platform == platform }) {
			list = append(list, registry.Artifact{Carrier: carrier, Platform: platform, Path: path})
		}
	}
	carriers := c.Carrier
	if len(list)+len(carriers) == 0 {
		carriers = []string{lang.Targets[0].Carrier}
	}
	anywhere := true
	for _, carrier := range carriers {
		target, err := lang.Target(carrier)
		if err != nil {
			return nil, err
		}
		if target.Anywhere {
			add(carrier, registry.AnyPlatform, name+target.Ext)
			continue
		}
		anywhere = false
		platforms := c.Platform
		if platforms == nil {
			platforms = []string{thisPlatform}
		}
		for _, p := range platforms {
			system, arch, ok := strings.Cut(p, "/")
			if !ok {
				return nil, fmt.Errorf("build: expected --platform as linux/amd64, found %q", p)
			}
			file := name + "-" + system + "-" + arch
			if system == "windows" {
				file += ".exe"
			}
			add(carrier, p, file)
		}
	}
	if anywhere && c.Platform != nil {
		return nil, fmt.Errorf("build: --platform %s: what is built here runs on every platform; a program for one is made in go, by --carrier process", c.Platform[0])
	}
	return list, nil
}

// buildOne builds beside the place of the artifact, moves it there and notes its hash.
func buildOne(ctx context.Context, lang *toolchain.Language, dir string, a *registry.Artifact) (size int, err error) {
	to, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(a.Path)))
	if err != nil {
		return 0, fmt.Errorf("build: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, fmt.Errorf("build: %w", err)
	}
	beside := to + ".new"
	defer os.Remove(beside)
	if err := lang.Build(ctx, toolchain.Job{Dir: dir, Out: beside, Carrier: a.Carrier, Platform: a.Platform}); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(beside)
	if err != nil {
		return 0, fmt.Errorf("build: %w", err)
	}
	if err := os.Rename(beside, to); err != nil {
		return 0, fmt.Errorf("build: %w", err)
	}
	sum := sha256.Sum256(b)
	a.SHA256 = hex.EncodeToString(sum[:])
	return len(b), nil
}

// renew starts an artifact that runs here and puts into the manifest what it says of
// itself. What only the manifest knows stays: licence, capabilities, limits.
func (c *pluginBuildCmd) renew(ctx context.Context, m *registry.Manifest) error {
	i := slices.IndexFunc(m.Artifacts, runsHere)
	if i < 0 {
		return fmt.Errorf("build: none of the artifacts runs on %s, so nothing is known of the plugin; add one with --carrier", thisPlatform)
	}
	a := m.Artifacts[i]
	file, err := filepath.Abs(filepath.Join(c.Dir, filepath.FromSlash(a.Path)))
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	r := &registry.Resolved{Manifest: *m, Artifact: a, Path: file, From: c.Dir}
	h := host.New(a.Path, starter(r, 0))
	defer h.Close()
	said, err := client.Describe(ctx, h)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	n := slices.IndexFunc(said.Plugins, func(p wire.PluginInfo) bool { return p.ID == m.Info.ID })
	switch {
	case n < 0 && len(said.Plugins) == 1:
		n = 0 // it was renamed
	case n < 0:
		var ids []string
		for _, p := range said.Plugins {
			ids = append(ids, p.ID)
		}
		return fmt.Errorf("build: %s has plugins %q, the manifest is of %q; name one of them there", a.Path, ids, m.Info.ID)
	}
	m.Info, m.ABI, m.IRMin, m.IRMax = said.Plugins[n], said.ABI, said.IRVersion, said.IRVersion
	return nil
}

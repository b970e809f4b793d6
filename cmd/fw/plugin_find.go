package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/registry"
)

// pluginArg names one plugin.
type pluginArg struct {
	registryArgs
	Plugin string `arg:"" optional:"" help:"A plugin's folder, or its id." default:"."`
}

// open finds the plugin among those that there are. The caller closes the set.
func (a *pluginArg) open(con *console) (*pluginSet, *registry.Resolved, error) {
	use := a.Plugin
	if _, err := os.Stat(filepath.Join(use, registry.ManifestName)); err == nil {
		if use, err = filepath.Abs(use); err != nil { // whatever reads it: an experiment's folder is another
			return nil, nil, err
		}
	}
	s, err := openPlugins(con.ctx, a.registryArgs, registry.FileName, "")
	if err != nil {
		return nil, nil, err
	}
	r, err := s.named(use)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, r, nil
}

// named is a plugin of whatever kind.
func (s *pluginSet) named(use string) (*registry.Resolved, error) {
	var kind string
	if experiment.IsPath(use) {
		file := filepath.Join(use, registry.ManifestName)
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("plugin folder %s: %w", use, err)
		}
		m, err := registry.ParseManifest(file, src)
		if err != nil {
			return nil, err
		}
		if len(m.Artifacts) == 0 {
			return nil, fmt.Errorf("plugin %q (%s) is not built yet: fw plugin build %s", m.Info.ID, use, use)
		}
		kind = m.Info.Kind
	} else {
		id, _, _ := strings.Cut(use, "@")
		rows := s.List()
		i := slices.IndexFunc(rows, func(r registry.Row) bool { return r.ID == id && r.Kind != "" })
		if i < 0 {
			return nil, fmt.Errorf("there is no plugin %q: expected a plugin's folder, or an id of fw plugin list", use)
		}
		kind = rows[i].Kind
	}
	return s.Resolve(kind, use)
}

// carriers is the plugin on each carrier that it has here, the one that runs use first.
func carriers(r *registry.Resolved) (list []*registry.Resolved) {
	list = append(list, r)
	if r.Builtin != nil {
		if r.Artifact.Carrier == registry.WASM { // it is also in this program
			other := *r
			plain := *r.Builtin
			plain.Module = nil
			other.Builtin, other.Artifact = &plain, registry.Artifact{Carrier: registry.Process, Platform: registry.AnyPlatform}
			list = append(list, &other)
		}
		return list
	}
	dir := strings.TrimSuffix(r.Path, filepath.FromSlash(r.Artifact.Path))
	for _, a := range r.Manifest.Artifacts {
		here := a.Platform == registry.AnyPlatform || a.Platform == thisPlatform
		if here && a.Carrier != r.Artifact.Carrier {
			other := *r
			other.Artifact, other.Path = a, filepath.Join(dir, filepath.FromSlash(a.Path))
			list = append(list, &other)
		}
	}
	return list
}

// use is what an experiment calls the plugin by, wherever it lies.
func (a *pluginArg) use(r *registry.Resolved) string {
	if _, err := os.Stat(filepath.Join(a.Plugin, registry.ManifestName)); err == nil {
		if abs, err := filepath.Abs(a.Plugin); err == nil {
			return abs
		}
	}
	return r.Manifest.Info.ID + "@" + r.Manifest.Info.Version
}

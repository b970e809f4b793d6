package main

import (
	"os"
	"path/filepath"
	"strings"

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
	r, err := s.Resolve("", use)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, r, nil
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
		if runsHere(a) && a.Carrier != r.Artifact.Carrier {
			other := *r
			other.Artifact, other.Path = a, filepath.Join(dir, filepath.FromSlash(a.Path))
			list = append(list, &other)
		}
	}
	return list
}

// runsHere reports whether an artifact is for this machine.
func runsHere(a registry.Artifact) bool {
	return a.Platform == registry.AnyPlatform || a.Platform == thisPlatform
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

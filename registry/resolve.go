package registry

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
)

var _ experiment.Plugins = (*Registry)(nil)

// Lookup is Resolve for [experiment.Validate].
func (r *Registry) Lookup(kind, use string) (experiment.Spec, error) {
	p, err := r.Resolve(kind, use)
	if err != nil {
		return experiment.Spec{}, err
	}
	i := p.Manifest.Info
	return experiment.Spec{ID: i.ID, Version: i.Version, Params: i.Params, Boxes: i.Kind == experiment.Crop && i.Signature == wire.CropsByBox,
		DefaultLoss: i.DefaultLoss, DefaultCrop: i.DefaultCrop, DefaultAugment: i.DefaultAugment}, nil
}

// Resolve finds the plugin of a kind, "" for any, that an experiment's `use` names: "id",
// "id@version", or the path of a plugin's folder. An id alone means the locked
// version if there is one, else the newest of the strongest layer that has it.
func (r *Registry) Resolve(kind, use string) (*Resolved, error) {
	asked := question{kind, use}
	if p := r.resolved[asked]; p != nil {
		return p, nil
	}
	e, err := r.find(kind, use)
	if err != nil {
		return nil, err
	}
	p, err := r.usable(e)
	if err != nil {
		return nil, err
	}
	if r.lock != nil {
		if err := r.lock.check(p, r.o.Lock); err != nil {
			return nil, err
		}
	}
	if e.inline {
		if p, err = r.described(p); err != nil {
			return nil, err
		}
	}
	r.resolved[asked] = p
	return p, nil
}

// Find is Resolve for a plugin of any kind, without the lock, and without starting one
// that is listed without a manifest: its parameters are then not known.
func (r *Registry) Find(use string) (*Resolved, error) {
	e, err := r.find("", use)
	if err != nil {
		return nil, err
	}
	return r.usable(e)
}

// usable is an entry as this host would start it.
func (r *Registry) usable(e *entry) (*Resolved, error) {
	if e.broken != nil {
		return nil, e.broken
	}
	if err := r.speaks(&e.manifest, e.inline); err != nil {
		return nil, err
	}
	a, err := r.choose(e)
	if err != nil {
		return nil, err
	}
	if a.Carrier == WASM {
		if err := fits(&e.manifest); err != nil {
			return nil, err
		}
	}
	p := &Resolved{Manifest: e.manifest, Artifact: a, Builtin: e.builtin, From: e.from, Source: e.source}
	if e.builtin == nil && !e.inline {
		p.Folder = e.dir
	}
	if e.builtin == nil {
		// absolute, as a bare name would be searched for elsewhere
		if p.Path, err = filepath.Abs(filepath.Join(e.dir, filepath.FromSlash(a.Path))); err != nil {
			return nil, fmt.Errorf("plugin %q: %w", e.manifest.Info.ID, err)
		}
	}
	return p, nil
}

// find is the entry that is meant; the kind "" takes any.
func (r *Registry) find(kind, use string) (*entry, error) {
	if experiment.IsPath(use) {
		m, err := readManifestFile(filepath.Join(use, ManifestName))
		if err != nil {
			return nil, fmt.Errorf("plugin folder %s: %w", use, err)
		}
		e := &entry{from: use, dir: use, manifest: m}
		return e, ofKind(e, kind)
	}
	id, version, pinned := strings.Cut(use, "@")
	locked := ""
	var same []*entry
	for _, e := range r.entries {
		if e.broken == nil && e.manifest.Info.ID == id {
			same = append(same, e)
		}
	}
	if len(same) == 0 {
		return nil, r.unknown(kind, id)
	}
	if err := ofKind(same[len(same)-1], kind); err != nil {
		return nil, err
	}
	if !pinned && r.lock != nil {
		if l := r.lock.find(id); l != nil {
			version, pinned, locked = l.Version, true, " as "+r.o.Lock+" pins it"
		}
	}
	if pinned {
		all := same
		same = slices.DeleteFunc(slices.Clone(same), func(e *entry) bool { return e.manifest.Info.Version != version })
		if len(same) == 0 {
			return nil, fmt.Errorf("plugin %q has no version %s%s; there is %s", id, version, locked, versions(all))
		}
	}
	best := slices.MaxFunc(same, func(a, b *entry) int {
		if a.layer != b.layer {
			return a.layer - b.layer
		}
		return CompareVersions(a.manifest.Info.Version, b.manifest.Info.Version)
	})
	for _, e := range same {
		if err := sameVersion(e, best); err != nil {
			return nil, err
		}
	}
	return best, nil
}

func ofKind(e *entry, kind string) error {
	if k := e.manifest.Info.Kind; k != kind && kind != "" {
		return fmt.Errorf("plugin %q is of kind %s (%s), expected one of kind %s", e.manifest.Info.ID, k, e.from, kind)
	}
	return nil
}

// unknown says what is near, and what could not be read: perhaps the plugin that is
// meant.
func (r *Registry) unknown(kind, id string) error {
	var known []string
	var broken []*entry
	for _, e := range r.entries {
		switch i := &e.manifest.Info; {
		case e.broken != nil && i.ID == id:
			return fmt.Errorf("plugin %q (%s) cannot be used: %w", id, e.from, e.broken)
		case e.broken != nil:
			broken = append(broken, e)
		case (i.Kind == kind || kind == "") && !slices.Contains(known, i.ID):
			known = append(known, i.ID)
		}
	}
	slices.Sort(known)
	text := fmt.Sprintf("unknown %s %q", cmp.Or(kind, "plugin"), id)
	switch hint := schema.DidYouMean(id, known); {
	case hint != "":
		text += hint
	case len(known) > 0:
		text += "; known: " + strings.Join(known, ", ")
	default:
		text += "; no plugin of this kind is registered"
	}
	for _, e := range broken {
		first, _, more := strings.Cut(e.broken.Error(), "\n")
		if more {
			first += " ..."
		}
		text += fmt.Sprintf("; the plugin of %s cannot be read: %s", e.from, first)
	}
	return errors.New(text)
}

func versions(entries []*entry) string {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b *entry) int {
		return CompareVersions(a.manifest.Info.Version, b.manifest.Info.Version)
	})
	var list []string
	for _, e := range sorted {
		list = append(list, fmt.Sprintf("%s (%s)", e.manifest.Info.Version, e.from))
	}
	return strings.Join(list, ", ")
}

// sameVersion refuses two artifacts under one version: versions never change.
func sameVersion(a, b *entry) error {
	if a == b || a.manifest.Info.Version != b.manifest.Info.Version {
		return nil
	}
	if (a.builtin == nil) != (b.builtin == nil) {
		if a.builtin != nil {
			a = b
		}
		return fmt.Errorf("plugin %q: version %s is built in, and %s has another under the same version; a version never changes: give that one another version, or remove it",
			a.manifest.Info.ID, a.manifest.Info.Version, a.from)
	}
	for _, x := range a.manifest.Artifacts {
		for _, y := range b.manifest.Artifacts {
			if x.Carrier == y.Carrier && x.Platform == y.Platform && x.SHA256 != y.SHA256 {
				return fmt.Errorf("plugin %q: two artifacts under version %s, as %s on %s: sha256 %s (%s) and %s (%s); a version never changes: give one another version, or remove it",
					a.manifest.Info.ID, a.manifest.Info.Version, x.Carrier, x.Platform, short(x.SHA256), a.from, short(y.SHA256), b.from)
			}
		}
	}
	return nil
}

// speaks refuses a plugin of another interface than the host's.
func (r *Registry) speaks(m *Manifest, inline bool) error {
	i := &m.Info
	switch {
	case inline: // says so itself once it runs
	case m.ABI > r.o.ABI:
		return fmt.Errorf("plugin %q %s speaks ABI %d, this fw speaks %d; use a newer fw, or an older version of the plugin", i.ID, i.Version, m.ABI, r.o.ABI)
	case m.ABI < r.o.ABI:
		return fmt.Errorf("plugin %q %s speaks ABI %d, this fw speaks %d; build the plugin again with this fw's SDK", i.ID, i.Version, m.ABI, r.o.ABI)
	case m.IRMin > r.o.IR:
		return fmt.Errorf("plugin %q %s traces programs of version %d and above, this fw runs %d; use a newer fw, or an older version of the plugin", i.ID, i.Version, m.IRMin, r.o.IR)
	case m.IRMax < r.o.IR:
		return fmt.Errorf("plugin %q %s traces programs of version %d at most, this fw runs %d; build the plugin again with this fw's SDK", i.ID, i.Version, m.IRMax, r.o.IR)
	}
	return nil
}

// fits refuses a module that needs more memory or work than one gets.
func fits(m *Manifest) error {
	i, fuel := &m.Info, abi.FuelDefault
	if i.Style == "crop" {
		fuel = abi.FuelCrop
	}
	switch {
	case m.Limits.MemoryMiB > abi.MaxMemory>>20:
		return fmt.Errorf("plugin %q %s asks for %d MiB of memory, this fw gives %d; build it to need less, or as a process", i.ID, i.Version, m.Limits.MemoryMiB, abi.MaxMemory>>20)
	case m.Limits.Fuel > fuel:
		return fmt.Errorf("plugin %q %s asks for %d units of work in a call, this fw gives %d; build it to need less, or as a process", i.ID, i.Version, m.Limits.Fuel, fuel)
	}
	return nil
}

// choose is the artifact for this machine, by the order of carriers; one for this
// platform goes before one for any.
func (r *Registry) choose(e *entry) (Artifact, error) {
	for _, carrier := range r.o.Carriers {
		for _, platform := range []string{r.o.Platform, AnyPlatform} {
			for _, a := range e.manifest.Artifacts {
				if a.Carrier == carrier && a.Platform == platform {
					return a, nil
				}
			}
		}
	}
	var list []string
	for _, a := range e.manifest.Artifacts {
		list = append(list, a.Carrier+" on "+a.Platform)
	}
	if list == nil {
		return Artifact{}, fmt.Errorf("plugin %q (%s) is not built yet: fw plugin build %s", e.manifest.Info.ID, e.from, e.dir)
	}
	return Artifact{}, fmt.Errorf("plugin %q %s (%s) has no artifact for %s as %s; it has %s",
		e.manifest.Info.ID, e.manifest.Info.Version, e.from, r.o.Platform, strings.Join(r.o.Carriers, " or "), strings.Join(list, ", "))
}

// described completes an entry without a manifest by what the plugin says.
func (r *Registry) described(p *Resolved) (*Resolved, error) {
	i := &p.Manifest.Info
	if r.o.Describe == nil {
		return nil, fmt.Errorf("plugin %q (%s) is listed without a manifest, so its parameters are not known; list its folder instead: manifest = \"folder\"", i.ID, p.From)
	}
	if err := p.Verify(); err != nil {
		return nil, err
	}
	reply, err := r.o.Describe(p)
	if err != nil {
		return nil, fmt.Errorf("plugin %q (%s): %w", i.ID, p.From, err)
	}
	said := Manifest{ABI: reply.ABI, IRMin: reply.IRVersion, IRMax: reply.IRVersion, Artifacts: p.Manifest.Artifacts}
	for _, info := range reply.Plugins {
		if info.ID == i.ID {
			said.Info = info
		}
	}
	switch {
	case said.Info.ID == "":
		return nil, fmt.Errorf("plugin %q (%s): its artifact does not have it", i.ID, p.From)
	case said.Info.Kind != i.Kind || said.Info.Version != i.Version:
		return nil, fmt.Errorf("plugin %q (%s): listed as %s %s, it says %s %s", i.ID, p.From, i.Kind, i.Version, said.Info.Kind, said.Info.Version)
	}
	for n := range said.Info.Params {
		if err := said.Info.Params[n].Verify(); err != nil {
			return nil, fmt.Errorf("plugin %q (%s): %w", i.ID, p.From, err)
		}
	}
	if err := r.speaks(&said, false); err != nil {
		return nil, err
	}
	p.Manifest = said
	return p, nil
}

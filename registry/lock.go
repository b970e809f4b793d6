package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
)

// LockName is the file that pins the plugins of an experiment.
const LockName = "fw.lock"

// lockVersion is that of the file's language.
const lockVersion = 1

// Lock is fw.lock: the version of every plugin of an experiment, and the hash of
// its artifact on every platform.
type Lock struct {
	Plugins []Locked // by id
}

// Locked is one pinned plugin.
type Locked struct {
	ID, Version, Kind string
	BuiltIn           bool   // a part of the host, which then stands for its code
	Source            string // where others can install it from, "" if that is not known
	Artifacts         []LockedArtifact
}

// LockedArtifact is the hash of one artifact.
type LockedArtifact struct{ Carrier, Platform, SHA256 string }

// NewLock pins plugins, with the artifacts of all platforms.
func NewLock(plugins []*Resolved) *Lock {
	l := &Lock{}
	for _, p := range plugins {
		i := &p.Manifest.Info
		if l.find(i.ID) != nil {
			continue
		}
		k := Locked{ID: i.ID, Version: i.Version, Kind: i.Kind, BuiltIn: p.Builtin != nil}
		if strings.Contains(p.Source, "://") { // a path means nothing to others
			k.Source = p.Source
		}
		for _, a := range p.Manifest.Artifacts {
			if a.SHA256 != "" {
				k.Artifacts = append(k.Artifacts, LockedArtifact{a.Carrier, a.Platform, a.SHA256})
			}
		}
		l.Plugins = append(l.Plugins, k)
	}
	l.sort()
	return l
}

func (l *Lock) sort() {
	slices.SortFunc(l.Plugins, func(a, b Locked) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range l.Plugins {
		slices.SortFunc(p.Artifacts, func(a, b LockedArtifact) int {
			return cmp.Or(cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Platform, b.Platform))
		})
	}
}

func (l *Lock) find(id string) *Locked {
	for i := range l.Plugins {
		if l.Plugins[i].ID == id {
			return &l.Plugins[i]
		}
	}
	return nil
}

// Encode is the lock as canonical TOML.
func (l *Lock) Encode() []byte {
	var w tomlx.Writer
	w.Set("version", schema.OfInt(lockVersion))
	for _, p := range l.Plugins {
		w.Item("plugin")
		w.SetString("id", p.ID)
		w.SetString("version", p.Version)
		w.SetString("kind", p.Kind)
		if p.BuiltIn {
			w.Set("built_in", schema.OfBool(true))
		}
		w.SetString("source", p.Source)
		for _, a := range p.Artifacts {
			w.Item("plugin.artifact")
			w.SetString("carrier", a.Carrier)
			w.SetString("platform", a.Platform)
			w.SetString("sha256", a.SHA256)
		}
	}
	return w.Bytes()
}

// ReadLock reads fw.lock; an error that is fs.ErrNotExist means there is none.
func ReadLock(path string) (*Lock, error) {
	src, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return ParseLock(path, src)
}

// ParseLock reads a lock strictly; the error is a [tomlx.Errors].
func ParseLock(file string, src []byte) (*Lock, error) {
	root, err := tomlx.Parse(file, src)
	if err != nil {
		return nil, err
	}
	var ps tomlx.Problems
	r := tomlx.NewReader(root, &ps)
	if v, ok := r.Need(atLeastOne("version")); ok && v.I > lockVersion {
		n := root.Field("version")
		ps.Add(n.At, "version: this fw reads locks of version %d, found %s; use a newer fw, or remove the file to lock anew", lockVersion, v)
	}
	l := &Lock{}
	for _, n := range r.Tables("plugin") {
		p := readLocked(n, &ps)
		if l.find(p.ID) != nil {
			ps.Add(n.Key, "%s: plugin %q is locked twice", n.Path, p.ID)
		}
		l.Plugins = append(l.Plugins, p)
	}
	r.Done(nil)
	if err := ps.Err(); err != nil {
		return nil, err
	}
	l.sort()
	return l, nil
}

func readLocked(n *tomlx.Node, ps *tomlx.Problems) (p Locked) {
	r := tomlx.NewReader(n, ps)
	p.ID = checked(r, n, ps, "id", validID, idWords)
	p.Version = checked(r, n, ps, "version", IsVersion, versionWords)
	p.Kind = need(r, &schema.Param{Name: "kind", Type: schema.String, Choices: experiment.Kinds()}).S
	p.BuiltIn = need(r, &schema.Param{Name: "built_in", Type: schema.Bool, Default: schema.OfBool(false)}).Bool()
	p.Source = text(r, "source")
	for _, an := range r.Tables("artifact") {
		ar := tomlx.NewReader(an, ps)
		a := LockedArtifact{
			Carrier:  need(ar, &schema.Param{Name: "carrier", Type: schema.String, Choices: []string{WASM, Process}}).S,
			Platform: checked(ar, an, ps, "platform", validPlatform, `expected "any" or as "linux/amd64"`),
			SHA256:   checked(ar, an, ps, "sha256", validSHA256, "expected 64 lower-case hexadecimal digits"),
		}
		ar.Done(nil)
		if p.sha256(a.Carrier, a.Platform) != "" {
			ps.Add(an.Key, "%s: a second artifact for %s on %s", an.Path, a.Carrier, a.Platform)
		}
		p.Artifacts = append(p.Artifacts, a)
	}
	if !p.BuiltIn && len(p.Artifacts) == 0 {
		r.Missing("artifact", "expected [[plugin.artifact]] with the hash that is pinned")
	}
	r.Done(nil)
	return p
}

// sha256 is the locked hash, "" if that artifact is not locked.
func (p *Locked) sha256(carrier, platform string) string {
	for _, a := range p.Artifacts {
		if a.Carrier == carrier && a.Platform == platform {
			return a.SHA256
		}
	}
	return ""
}

// Differs says how a manifest is not the one that was locked, "" if it has the same
// artifacts.
func (p *Locked) Differs(m *Manifest) string {
	l := &Lock{Plugins: []Locked{*p}}
	return l.differs(&Resolved{Manifest: *m, From: p.Source}, LockName)
}

// check refuses a plugin that is not what the lock pins. file is where the lock
// lies, for the cure.
func (l *Lock) check(p *Resolved, file string) error {
	if text := l.differs(p, file); text != "" {
		return fmt.Errorf("lock: plugin %q: %s", p.Manifest.Info.ID, text)
	}
	return nil
}

// differs says how a plugin is not the locked one, "" if it is.
func (l *Lock) differs(p *Resolved, file string) string {
	i := &p.Manifest.Info
	k := l.find(i.ID)
	switch {
	case k == nil:
		return fmt.Sprintf("it is not locked; remove %s to lock it anew", file)
	case k.Kind != i.Kind:
		return fmt.Sprintf("expected kind %s, found %s", k.Kind, i.Kind)
	case k.Version != i.Version:
		return fmt.Sprintf("expected version %s, found %s (%s); use = \"%s@%s\" names the locked one, removing %s takes the new one", k.Version, i.Version, p.From, i.ID, k.Version, file)
	case k.BuiltIn != (p.Builtin != nil):
		return fmt.Sprintf("expected the one %s, found one from %s under the same version %s", place(k.BuiltIn), p.From, i.Version)
	}
	var changed []string
	for _, a := range p.Manifest.Artifacts {
		if want := k.sha256(a.Carrier, a.Platform); want != "" && want != a.SHA256 {
			changed = append(changed, fmt.Sprintf("expected sha256 %s, found %s, as %s on %s", want, orNothing(a.SHA256), a.Carrier, a.Platform))
		}
	}
	if changed != nil {
		return strings.Join(changed, "; ") + fmt.Sprintf("; version %s changed under its name (%s): put it back, or remove %s if the change is meant", i.Version, p.From, file)
	}
	for _, a := range p.Manifest.Artifacts { // the one that would be started, and those of other machines
		if a.SHA256 != "" && k.sha256(a.Carrier, a.Platform) == "" {
			return fmt.Sprintf("its artifact for %s on %s is not locked; remove %s to lock it anew", a.Carrier, a.Platform, file)
		}
	}
	return ""
}

func place(builtIn bool) string {
	if builtIn {
		return "built in"
	}
	return "registered"
}

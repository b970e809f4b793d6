package registry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"runtime"
	"slices"

	"github.com/fwlab/fw/core/wire"
)

// Builtin is a plugin that ships inside the host.
type Builtin struct {
	Info   wire.PluginInfo
	Module []byte // the WASM module; nil when the host starts itself as a process
	// SHA256 stands for the code of a process: of the executable or of sources. Without
	// it a lock pins the version alone, which the host's own code stands for.
	SHA256 string
}

// Options say where to look for plugins, the weakest first: what ships, the user's
// registry, the project's, and one named on the command line.
type Options struct {
	Builtin []Builtin
	User    string // path of registry.toml; may be absent
	Project string // path of registry.toml; may be absent
	File    string // path of registry.toml that must be there, "" for none

	ABI, IR  int      // versions that this host runs
	Platform string   // "linux/amd64"; "" is this machine's
	Carriers []string // the preferred one first; nil is wasm, then process
	Lock     string   // path of fw.lock: what an id without a version means, and which hashes are taken; "" for none

	// Describe starts a plugin and asks it what it is, for entries without a manifest.
	// Without it they cannot be used.
	Describe func(*Resolved) (wire.DescribeReply, error)
}

// Registry knows every plugin of its layers. It does not change: what was resolved
// once is answered again, whatever happens to the files. It is not for several
// goroutines.
type Registry struct {
	o        Options
	lock     *Lock // nil if there is none
	entries  []*entry
	resolved map[question]*Resolved
}

// question is what Resolve was asked.
type question struct{ kind, use string }

// Open reads the layers and the lock. A registry.toml that cannot be read is an error; a
// manifest that cannot is reported when it is needed, and by List.
func Open(o Options) (*Registry, error) {
	if o.Platform == "" {
		o.Platform = runtime.GOOS + "/" + runtime.GOARCH
	}
	if o.Carriers == nil {
		o.Carriers = []string{WASM, Process}
	}
	r := &Registry{o: o, resolved: map[question]*Resolved{}}
	if o.Lock != "" {
		l, err := ReadLock(o.Lock)
		if err != nil {
			return nil, err
		}
		r.lock = l
	}
	for i := range o.Builtin {
		r.entries = append(r.entries, shipped(&o.Builtin[i], o.ABI, o.IR))
	}
	for i, layer := range []struct {
		file     string
		optional bool
	}{{o.User, true}, {o.Project, true}, {o.File, false}} {
		if layer.file == "" {
			continue
		}
		entries, err := readEntries(layer.file, i+1, o.Platform)
		if layer.optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.entries = append(r.entries, entries...)
	}
	return r, nil
}

// BuiltIn is where built-in plugins are from.
const BuiltIn = "built in"

func shipped(b *Builtin, abi, ir int) *entry {
	e := &entry{from: BuiltIn, manifest: ManifestOf(b.Info, abi, ir), builtin: b}
	a := Artifact{Carrier: Process, Platform: AnyPlatform, SHA256: b.SHA256}
	if b.Module != nil {
		sum := sha256.Sum256(b.Module)
		a.Carrier, a.SHA256 = WASM, hex.EncodeToString(sum[:])
	}
	e.manifest.Artifacts = []Artifact{a}
	return e
}

// Row is a line of `fw plugin list`.
type Row struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Carrier string `json:"carrier"`
	SHA256  string `json:"sha256"`
	From    string `json:"from"`
	Source  string `json:"source,omitempty"` // where it was installed from
	Folder  string `json:"folder,omitempty"` // of its manifest
	Error   string `json:"error,omitempty"`  // why it cannot be used here
}

// List is every plugin of every layer, by id and version, each with its hash
// checked. It starts none.
func (r *Registry) List() []Row {
	entries := slices.Clone(r.entries)
	slices.SortStableFunc(entries, func(a, b *entry) int {
		x, y := &a.manifest.Info, &b.manifest.Info
		return cmp.Or(cmp.Compare(x.ID, y.ID), CompareVersions(x.Version, y.Version), cmp.Compare(a.layer, b.layer))
	})
	var rows []Row
	for _, e := range entries {
		i := &e.manifest.Info
		row := Row{ID: i.ID, From: e.from, Source: e.source}
		if e.builtin == nil && !e.inline {
			row.Folder = e.dir
		}
		if e.broken == nil {
			row.Kind, row.Version = i.Kind, i.Version
		}
		p, err := r.usable(e)
		if err == nil {
			row.Carrier, row.SHA256 = p.Artifact.Carrier, p.Artifact.SHA256
			err = p.Verify()
		}
		if err != nil {
			row.Error = err.Error()
		}
		rows = append(rows, row)
	}
	return rows
}

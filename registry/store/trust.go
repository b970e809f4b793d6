package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
	"github.com/fwlab/fw/registry"
)

// trustName is the file of trusted processes.
const trustName = "trust.toml"

// trustVersion is that of the file's language.
const trustVersion = 1

// Trusted is an executable that the user lets run, and what beyond computing it may do.
// The hash is the key; the rest tells the user what it was.
type Trusted struct {
	SHA256       string
	Plugin       string // id and version
	Source       string
	Capabilities []string
}

// Trust lets an executable run.
func (s *Store) Trust(t Trusted) error {
	return s.locked(func() error {
		list, err := s.Trusts()
		if err != nil {
			return err
		}
		if old := trusted(list, t.SHA256); old != nil { // of another plugin in the same file
			t.Capabilities = append(slices.Clone(old.Capabilities), t.Capabilities...)
			list = slices.DeleteFunc(list, func(x Trusted) bool { return x.SHA256 == t.SHA256 })
		}
		slices.Sort(t.Capabilities)
		t.Capabilities = slices.Compact(t.Capabilities)
		return s.write(trustName, encodeTrust(append(list, t)))
	})
}

// Missing is what an executable asks for and was not granted; ok is whether it may run
// at all.
func (s *Store) Missing(sha256 string, capabilities []string) (missing []string, ok bool, err error) {
	list, err := s.Trusts()
	if err != nil {
		return nil, false, err
	}
	t := trusted(list, sha256)
	if t == nil {
		return capabilities, false, nil
	}
	for _, c := range capabilities {
		if !slices.Contains(t.Capabilities, c) {
			missing = append(missing, c)
		}
	}
	return missing, missing == nil, nil
}

// Distrust takes the trust from the executables of a plugin.
func (s *Store) Distrust(artifacts []registry.Artifact) error {
	return s.locked(func() error { return s.distrust(artifacts) })
}

func (s *Store) distrust(artifacts []registry.Artifact) error {
	list, err := s.Trusts()
	if err != nil {
		return err
	}
	kept := slices.DeleteFunc(slices.Clone(list), func(t Trusted) bool {
		return slices.ContainsFunc(artifacts, func(a registry.Artifact) bool { return a.SHA256 == t.SHA256 })
	})
	if len(kept) == len(list) {
		return nil
	}
	return s.write(trustName, encodeTrust(kept))
}

func trusted(list []Trusted, sha256 string) *Trusted {
	for i := range list {
		if list[i].SHA256 == sha256 {
			return &list[i]
		}
	}
	return nil
}

// Trusts is every trusted executable, by plugin.
func (s *Store) Trusts() ([]Trusted, error) {
	path := filepath.Join(s.home, trustName)
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("trust: %w", err)
	}
	return parseTrust(path, src)
}

func parseTrust(file string, src []byte) (list []Trusted, err error) {
	root, err := tomlx.Parse(file, src)
	if err != nil {
		return nil, err
	}
	var ps tomlx.Problems
	r := tomlx.NewReader(root, &ps)
	if v, ok := r.Need(&schema.Param{Name: "version", Type: schema.Int, HasMin: true, Min: 1, HasMax: true, Max: trustVersion}); ok && v.I != trustVersion {
		ps.Add(root.Field("version").At, "version: expected %d, found %s", trustVersion, v)
	}
	for _, n := range r.Tables("process") {
		p := tomlx.NewReader(n, &ps)
		t := Trusted{SHA256: p.String("sha256"), Plugin: p.String("plugin"), Source: p.String("source"), Capabilities: p.Strings("capabilities")}
		p.Done(nil)
		list = append(list, t)
	}
	r.Done(nil)
	return list, ps.Err()
}

func encodeTrust(list []Trusted) []byte {
	slices.SortFunc(list, func(a, b Trusted) int {
		return cmp.Or(cmp.Compare(a.Plugin, b.Plugin), cmp.Compare(a.SHA256, b.SHA256))
	})
	var w tomlx.Writer
	w.Set("version", schema.OfInt(trustVersion))
	for _, t := range list {
		w.Item("process")
		w.SetString("sha256", t.SHA256)
		w.SetString("plugin", t.Plugin)
		w.SetString("source", t.Source)
		w.SetStrings("capabilities", t.Capabilities)
	}
	return w.Bytes()
}

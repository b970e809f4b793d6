package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// Resolved is a plugin with the artifact to start. Nothing was started yet, and
// nothing but the manifest read.
type Resolved struct {
	Manifest Manifest
	Artifact Artifact
	Path     string   // of the artifact; "" when built in
	Builtin  *Builtin // nil unless built in
	From     string   // "built in", the place of its line in a registry, or its folder
	Folder   string   // of its manifest; "" when it has none
	Source   string   // where it was installed from, "" if it was not
}

// maxModule bounds a WASM module, in bytes.
const maxModule = 256 << 20

// Verify compares the artifact with its hash. What starts a file must verify it
// first, each time.
func (p *Resolved) Verify() error {
	if p.Builtin != nil {
		return nil
	}
	f, err := openRegular(p.Path)
	if err != nil {
		return p.fault(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return p.fault(err)
	}
	return p.compare(h.Sum(nil))
}

// Module is the WASM module, verified: the bytes that were hashed are returned.
func (p *Resolved) Module() ([]byte, error) {
	if p.Artifact.Carrier != WASM {
		return nil, p.fault(fmt.Errorf("it is no module but a %s", p.Artifact.Carrier))
	}
	if p.Builtin != nil {
		return p.Builtin.Module, nil
	}
	f, err := openRegular(p.Path)
	if err != nil {
		return nil, p.fault(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, p.fault(err)
	}
	if info.Size() > maxModule {
		return nil, p.fault(fmt.Errorf("%s: more than %d bytes", p.Path, maxModule))
	}
	b := make([]byte, info.Size()) // what is added meanwhile changes the hash of the next reading
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, p.fault(err)
	}
	sum := sha256.Sum256(b)
	return b, p.compare(sum[:])
}

func (p *Resolved) compare(sum []byte) error {
	if got := hex.EncodeToString(sum); got != p.Artifact.SHA256 {
		return p.fault(fmt.Errorf("%s: expected sha256 %s (%s), found %s; build it again so that its manifest is renewed, or put the file back", p.Path, p.Artifact.SHA256, p.From, got))
	}
	return nil
}

func (p *Resolved) fault(err error) error {
	return fmt.Errorf("artifact: plugin %q %s: %w", p.Manifest.Info.ID, p.Manifest.Info.Version, err)
}

// short is the beginning of a hash, for errors that name two.
func short(sum string) string {
	if len(sum) > 12 {
		return sum[:12]
	}
	return sum
}

package registry

import (
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
	"github.com/fwlab/fw/core/wire"
)

// ManifestName is the file that makes a folder a plugin's.
const ManifestName = "plugin.toml"

// The carriers that an artifact may need.
const (
	WASM    = "wasm"
	Process = "process"
)

// AnyPlatform is the platform of what runs everywhere: every WASM module, and
// scripts.
const AnyPlatform = "any"

// Manifest is plugin.toml: what a plugin is, without starting it.
type Manifest struct {
	Info         wire.PluginInfo // what the running plugin must say of itself, word for word
	ABI          int             // version of the byte-level interface it speaks
	IRMin, IRMax int             // versions of programs it can trace
	Licence      string          // SPDX expression
	Capabilities []string        // what a process asks for beyond computing; see Capabilities
	Limits       Limits
	Artifacts    []Artifact
}

// Limits are what a plugin needs at most; 0 is what the host gives. A host that
// gives a module less refuses it; a process is given the memory it names.
type Limits struct {
	MemoryMiB int
	Fuel      int // of one call
}

// Artifact is a file that runs the plugin. Path is relative to the manifest, with
// forward slashes, and stays in its folder.
type Artifact struct {
	Carrier  string // wasm, process
	Platform string // any, or as "linux/amd64"
	Path     string
	SHA256   string // lower-case hexadecimal
}

// Capabilities is everything that a process plugin may ask its user for.
func Capabilities() []string { return []string{"files", "network", "subprocess"} }

// ManifestOf makes the manifest of what a plugin says of itself, without
// artifacts.
func ManifestOf(info wire.PluginInfo, abi, ir int) Manifest {
	return Manifest{Info: info, ABI: abi, IRMin: ir, IRMax: ir}
}

// Encode is the manifest as canonical TOML; ParseManifest reads it back.
func (m *Manifest) Encode() []byte {
	var w tomlx.Writer
	i := &m.Info
	w.SetString("id", i.ID)
	w.SetString("version", i.Version)
	w.SetString("kind", i.Kind)
	w.SetString("doc", i.Doc)
	w.SetString("licence", m.Licence)
	w.SetString("style", i.Style)
	w.SetString("signature", i.Signature)
	w.Set("abi", schema.OfInt(m.ABI))
	w.Set("ir", schema.OfInts(m.IRMin, m.IRMax))
	w.SetStrings("capabilities", m.Capabilities)
	if i.DefaultLoss+i.DefaultCrop+i.DefaultAugment != "" {
		w.Table("defaults")
		w.SetString("loss", i.DefaultLoss)
		w.SetString("crop", i.DefaultCrop)
		w.SetString("augment", i.DefaultAugment)
	}
	if m.Limits != (Limits{}) {
		w.Table("limits")
		w.Set("memory_mib", schema.OfInt(m.Limits.MemoryMiB))
		w.Set("fuel", schema.OfInt(m.Limits.Fuel))
	}
	for n := range i.Params {
		encodeParam(&w, &i.Params[n])
	}
	for _, a := range m.Artifacts {
		w.Item("artifact")
		w.SetString("carrier", a.Carrier)
		w.SetString("platform", a.Platform)
		w.SetString("path", a.Path)
		w.SetString("sha256", a.SHA256)
	}
	return w.Bytes()
}

func encodeParam(w *tomlx.Writer, p *schema.Param) {
	w.Item("param")
	w.SetString("name", p.Name)
	w.SetString("type", string(p.Type))
	if p.Default.Type != "" {
		w.Set("default", p.Default)
	}
	if p.HasMin {
		w.Set("min", schema.OfFloat(p.Min))
	}
	if p.MinOpen {
		w.Set("min_open", schema.OfBool(true))
	}
	if p.HasMax {
		w.Set("max", schema.OfFloat(p.Max))
	}
	if p.MaxOpen {
		w.Set("max_open", schema.OfBool(true))
	}
	w.SetStrings("choices", p.Choices)
	w.SetString("doc", p.Doc)
}

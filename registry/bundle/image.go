package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/fwlab/fw/registry"
)

// The media types of a plugin's image. A module is an artifact of its own as the CNCF's
// layout has it (https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/),
// which allows it no second layer; so the plugin is an index over it, over the process of
// each platform, and over what is told of them: manifest, documents, hashes, signature.
const (
	wasmConfig   = "application/vnd.wasm.config.v0+json"
	wasmLayer    = "application/wasm"
	typePlugin   = "application/vnd.fwlab.plugin.v1"         // the index
	typeProcess  = "application/vnd.fwlab.plugin.process.v1" // one executable
	typeAbout    = "application/vnd.fwlab.plugin.about.v1"
	typeToml     = "application/toml"
	typeMarkdown = "text/markdown"
	typeText     = "text/plain"
	typeBytes    = "application/octet-stream"
)

// Image is a plugin as OCI registries have it: an index, and everything below it.
type Image struct {
	Root  ocispec.Descriptor   // of the index
	Order []ocispec.Descriptor // every blob and manifest, each after what it refers to, the index last
	Blobs map[digest.Digest][]byte
}

// Image is the bundle as an image, the same bytes each time.
func (b *Bundle) Image() (*Image, error) {
	im := &Image{Blobs: map[digest.Digest][]byte{}}
	i := &b.Manifest.Info
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, ArtifactType: typePlugin,
		Annotations: nonEmpty(map[string]string{ocispec.AnnotationTitle: i.ID, ocispec.AnnotationVersion: i.Version,
			ocispec.AnnotationDescription: i.Doc, ocispec.AnnotationLicenses: b.Manifest.Licence})}
	isArtifact := map[string]bool{}
	for _, a := range b.Manifest.Artifacts {
		isArtifact[a.Path] = true
		m, err := im.artifact(a, b.File(a.Path))
		if err != nil {
			return nil, err
		}
		index.Manifests = append(index.Manifests, m)
	}
	about := im.manifest(typeAbout)
	for _, f := range b.Files {
		if !isArtifact[f.Path] {
			about.Layers = append(about.Layers, im.file(f, documentType(f.Path)))
		}
	}
	m, err := im.add(about.MediaType, about)
	if err != nil {
		return nil, err
	}
	m.ArtifactType = typeAbout
	index.Manifests = append(index.Manifests, m)
	im.Root, err = im.add(index.MediaType, index)
	return im, err
}

// artifact adds the image of one artifact.
func (im *Image) artifact(a registry.Artifact, data []byte) (ocispec.Descriptor, error) {
	if a.Carrier == registry.WASM {
		layer := im.file(File{a.Path, data}, wasmLayer)
		config, err := im.add(wasmConfig, struct {
			Created      string          `json:"created"` // the layout asks for a time, the bytes for the same one
			Architecture string          `json:"architecture"`
			OS           string          `json:"os"`
			LayerDigests []digest.Digest `json:"layerDigests"`
		}{"1970-01-01T00:00:00Z", "wasm", "wasip1", []digest.Digest{layer.Digest}})
		if err != nil {
			return config, err
		}
		d, err := im.add(ocispec.MediaTypeImageManifest, ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
			Config: config, Layers: []ocispec.Descriptor{layer}})
		d.Platform = &ocispec.Platform{Architecture: "wasm", OS: "wasip1"}
		return d, err
	}
	m := im.manifest(typeProcess)
	m.Layers = append(m.Layers, im.file(File{a.Path, data}, typeProcess))
	d, err := im.add(m.MediaType, m)
	d.ArtifactType = typeProcess
	if system, arch, ok := strings.Cut(a.Platform, "/"); ok {
		d.Platform = &ocispec.Platform{Architecture: arch, OS: system}
	}
	return d, err
}

// manifest begins the manifest of what is no image to run.
func (im *Image) manifest(artifactType string) ocispec.Manifest {
	empty := im.blob(ocispec.MediaTypeEmptyJSON, []byte("{}"))
	return ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifactType, Config: empty}
}

func (im *Image) file(f File, mediaType string) ocispec.Descriptor {
	d := im.blob(mediaType, f.Data)
	d.Annotations = map[string]string{ocispec.AnnotationTitle: f.Path}
	return d
}

func (im *Image) add(mediaType string, v any) (ocispec.Descriptor, error) {
	data, err := json.Marshal(v)
	return im.blob(mediaType, data), err
}

func (im *Image) blob(mediaType string, data []byte) ocispec.Descriptor {
	d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	im.keep(d, data)
	return d
}

func (im *Image) keep(d ocispec.Descriptor, data []byte) {
	if _, known := im.Blobs[d.Digest]; !known {
		im.Blobs[d.Digest] = data
		im.Order = append(im.Order, ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size})
	}
}

func documentType(name string) string {
	switch {
	case name == registry.ManifestName:
		return typeToml
	case strings.EqualFold(path.Ext(name), ".md"):
		return typeMarkdown
	case name == SumsName || name == SignatureName:
		return typeText
	}
	return typeBytes
}

func nonEmpty(m map[string]string) map[string]string {
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}

// Fetch gets the content that a descriptor names.
type Fetch func(context.Context, ocispec.Descriptor) ([]byte, error)

const (
	maxText      = 1 << 20 // bytes of an index, a manifest, a config
	maxManifests = 100
)

// ReadImage gets an image from its root down. Whatever fetch answers is compared with
// its digest; nothing is asked for whose sizes together pass the bounds.
func ReadImage(ctx context.Context, root ocispec.Descriptor, fetch Fetch) (*Image, *Bundle, error) {
	r := &reader{ctx: ctx, fetch: fetch, im: &Image{Root: root, Blobs: map[digest.Digest][]byte{}}, left: maxSize}
	if root.MediaType != ocispec.MediaTypeImageIndex {
		return nil, nil, fmt.Errorf("expected an image index of type %s, which a plugin is, found %s", typePlugin, orNone(root.MediaType))
	}
	text, err := r.get(root, maxText)
	if err != nil {
		return nil, nil, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, nil, fmt.Errorf("index: %w", err)
	}
	if index.ArtifactType != typePlugin {
		return nil, nil, fmt.Errorf("index: expected artifactType %s, found %s: this is no fw plugin, or one for a newer fw", typePlugin, orNone(index.ArtifactType))
	}
	if len(index.Manifests) > maxManifests {
		return nil, nil, fmt.Errorf("index: expected at most %d manifests, found %d", maxManifests, len(index.Manifests))
	}
	for _, d := range index.Manifests {
		if err := r.manifest(d); err != nil {
			return nil, nil, err
		}
	}
	r.im.keep(root, text)
	b, err := r.bundle()
	return r.im, b, err
}

type reader struct {
	ctx   context.Context
	fetch Fetch
	im    *Image
	left  int64
	files []File
}

// manifest gets a manifest, its config and its layers.
func (r *reader) manifest(d ocispec.Descriptor) error {
	if d.MediaType != ocispec.MediaTypeImageManifest {
		return fmt.Errorf("index: expected manifests of type %s, found %s", ocispec.MediaTypeImageManifest, orNone(d.MediaType))
	}
	text, err := r.get(d, maxText)
	if err != nil {
		return err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	config, err := r.get(m.Config, maxText)
	if err != nil {
		return err
	}
	r.im.keep(m.Config, config)
	for _, l := range m.Layers {
		data, err := r.get(l, r.left)
		if err != nil {
			return err
		}
		r.im.keep(l, data)
		if r.files = append(r.files, File{l.Annotations[ocispec.AnnotationTitle], data}); len(r.files) > maxFiles {
			return fmt.Errorf("expected at most %d files, found more", maxFiles)
		}
	}
	r.im.keep(d, text)
	return nil
}

// get is the content of a descriptor, of a size within limit.
func (r *reader) get(d ocispec.Descriptor, limit int64) ([]byte, error) {
	if err := d.Digest.Validate(); err != nil || d.Digest.Algorithm() != digest.SHA256 {
		return nil, fmt.Errorf("expected a sha256 digest, found %q", d.Digest)
	}
	if d.Size < 0 || d.Size > min(limit, r.left) {
		return nil, fmt.Errorf("%s: expected at most %d bytes, found %d", d.Digest, min(limit, r.left), d.Size)
	}
	if data, known := r.im.Blobs[d.Digest]; known && int64(len(data)) == d.Size {
		return data, nil
	}
	r.left -= d.Size
	data, err := r.fetch(r.ctx, d)
	if err != nil {
		return nil, err
	}
	if got := digest.FromBytes(data); got != d.Digest || int64(len(data)) != d.Size {
		return nil, fmt.Errorf("expected %s of %d bytes, found %s of %d: it was changed on its way", d.Digest, d.Size, got, len(data))
	}
	return data, nil
}

// bundle is what was read, as files. The artifact of two carriers or platforms was there
// once for each.
func (r *reader) bundle() (*Bundle, error) {
	seen := map[string]bool{}
	return New(slices.DeleteFunc(r.files, func(f File) bool {
		key := sha256Of(f.Data) + f.Path
		again := seen[key]
		seen[key] = true
		return again
	}))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return fmt.Sprintf("%q", s)
}

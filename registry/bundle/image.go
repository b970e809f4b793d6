package bundle

import (
	"encoding/json"
	"path"
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

package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

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

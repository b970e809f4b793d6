package bundle

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	blobs     = ocispec.ImageBlobsDir + "/"
	blobsSHA  = blobs + "sha256/"
	maxTarred = 2*maxFiles + 2*maxManifests // entries
)

// WriteTar writes the image as one file: a tar that is an OCI image layout
// (image-layout.md of the image spec), sorted, without times or owners.
func (im *Image) WriteTar(w io.Writer, version string) error {
	named := ocispec.Descriptor{MediaType: im.Root.MediaType, ArtifactType: typePlugin, Digest: im.Root.Digest, Size: im.Root.Size,
		Annotations: map[string]string{ocispec.AnnotationRefName: version}}
	index, err := json.Marshal(ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{named}})
	if err != nil {
		return err
	}
	layout, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	put := func(name string, mode int64, kind byte, data []byte) {
		h := &tar.Header{Typeflag: kind, Name: name, Mode: mode, Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		err = errors.Join(err, t.WriteHeader(h))
		_, e := t.Write(data)
		err = errors.Join(err, e)
	}
	put(blobs, 0o755, tar.TypeDir, nil)
	put(blobsSHA, 0o755, tar.TypeDir, nil)
	for _, d := range slices.Sorted(maps.Keys(im.Blobs)) {
		put(blobsSHA+d.Encoded(), 0o644, tar.TypeReg, im.Blobs[d])
	}
	put(ocispec.ImageIndexFile, 0o644, tar.TypeReg, index)
	put(ocispec.ImageLayoutFile, 0o644, tar.TypeReg, layout)
	return errors.Join(err, t.Close())
}

// ReadTar reads a packed plugin. A file is the layout's or it is refused, so no name
// in it means anything to the file system.
func ReadTar(r io.Reader) (*Image, *Bundle, error) {
	files, err := readLayout(r)
	if err != nil {
		return nil, nil, fmt.Errorf("packed plugin: %w", err)
	}
	root, err := rootOf(files)
	if err != nil {
		return nil, nil, fmt.Errorf("packed plugin: %w", err)
	}
	im, b, err := ReadImage(context.Background(), root, func(_ context.Context, d ocispec.Descriptor) ([]byte, error) {
		data, ok := files[blobsSHA+d.Digest.Encoded()]
		if !ok {
			return nil, fmt.Errorf("%s is not in the file", d.Digest)
		}
		return data, nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("packed plugin: %w", err)
	}
	if extra := len(files) - len(im.Blobs) - 2; extra != 0 {
		return nil, nil, fmt.Errorf("packed plugin: %d blobs that nothing refers to", extra)
	}
	return im, b, nil
}

// readLayout is the files of the tar by name.
func readLayout(r io.Reader) (map[string][]byte, error) {
	t := tar.NewReader(r)
	files := map[string][]byte{}
	left := int64(maxSize)
	for entries := 0; ; entries++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		hash, isBlob := strings.CutPrefix(h.Name, blobsSHA)
		_, twice := files[h.Name]
		switch {
		case entries >= maxTarred:
			return nil, fmt.Errorf("more than %d entries", maxTarred)
		case h.Typeflag == tar.TypeDir && (h.Name == blobs || h.Name == blobsSHA):
			continue
		case h.Typeflag != tar.TypeReg || sparse(h):
			return nil, fmt.Errorf("%q: expected a file, found one of tar's type %q", h.Name, h.Typeflag)
		case h.Name != ocispec.ImageIndexFile && h.Name != ocispec.ImageLayoutFile && !(isBlob && digest.NewDigestFromEncoded(digest.SHA256, hash).Validate() == nil):
			return nil, fmt.Errorf("%q: expected %s, %s or %sHASH; a plugin is packed by fw plugin pack", h.Name, ocispec.ImageLayoutFile, ocispec.ImageIndexFile, blobsSHA)
		case twice:
			return nil, fmt.Errorf("%q: there twice", h.Name)
		case h.Size > left:
			return nil, fmt.Errorf("%q: expected at most %d bytes of files, found more", h.Name, maxSize)
		}
		data, err := io.ReadAll(io.LimitReader(t, left))
		if err == nil && int64(len(data)) != h.Size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", h.Name, err)
		}
		left -= int64(len(data))
		files[h.Name] = data
	}
}

// sparse reports whether a file has holes, which take no room in the tar.
func sparse(h *tar.Header) bool {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// rootOf is the one image of a layout.
func rootOf(files map[string][]byte) (d ocispec.Descriptor, err error) {
	var layout ocispec.ImageLayout
	var index ocispec.Index
	for _, f := range []struct {
		name string
		into any
	}{{ocispec.ImageIndexFile, &index}, {ocispec.ImageLayoutFile, &layout}} {
		text, ok := files[f.name]
		if !ok {
			return d, fmt.Errorf("no %s: it is no OCI image layout, or was cut", f.name)
		}
		if err := json.Unmarshal(text, f.into); err != nil {
			return d, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if layout.Version != ocispec.ImageLayoutVersion {
		return d, fmt.Errorf("%s: expected version %q, found %q", ocispec.ImageLayoutFile, ocispec.ImageLayoutVersion, layout.Version)
	}
	if len(index.Manifests) != 1 {
		return d, fmt.Errorf("%s: expected one image, found %d", ocispec.ImageIndexFile, len(index.Manifests))
	}
	return index.Manifests[0], nil
}

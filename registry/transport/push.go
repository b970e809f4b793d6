package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/fwlab/fw/registry/bundle"
)

// Push sends a packed plugin to a registry, under its version as the tag, and returns
// its full reference. Blobs that are there already are not sent again, so the same
// command goes on after a cut. A version that is there with other content is an error.
func Push(ctx context.Context, r Ref, im *bundle.Image, b *bundle.Bundle, o Options) (Ref, error) {
	o = o.filled()
	version := b.Manifest.Info.Version
	if r.Repository == "" {
		return r, fmt.Errorf("push %s: expected a registry, HOST/PATH", r)
	}
	if r.Tag != "" && r.Tag != version {
		return r, fmt.Errorf("push %s: expected the version %s as the tag, or none, found %s", r, version, r.Tag)
	}
	r.Tag, r.Digest = version, im.Root.Digest
	if err := o.push(ctx, r, im, b); err != nil {
		return r, fmt.Errorf("push %s: %w", r, shown(err))
	}
	return r, nil
}

func (o Options) push(ctx context.Context, r Ref, im *bundle.Image, b *bundle.Bundle) error {
	repo, err := o.repository(r)
	if err != nil {
		return err
	}
	there, err := resolve(ctx, o, repo, r.Tag)
	switch {
	case errors.Is(err, errdef.ErrNotFound):
	case err != nil:
		return err
	case there.Digest == r.Digest:
		return nil
	default:
		if err := o.sameContent(ctx, r, b); err != nil {
			return err
		}
	}
	var total, sent int64
	for _, d := range im.Order {
		total += d.Size
	}
	for i, d := range im.Order {
		last := i == len(im.Order)-1
		if err := o.again(ctx, 0, func(ctx context.Context) error { return pushOne(ctx, repo, d, im.Blobs[d.Digest], last, r.Tag) }); err != nil {
			return fmt.Errorf("%s after %d of %d bytes: %w", d.Digest, sent, total, err)
		}
		sent += d.Size
		o.Progress("plugin", sent, total)
	}
	return nil
}

// sameContent refuses to replace a version by another content; a new signature of the
// same is none.
func (o Options) sameContent(ctx context.Context, r Ref, b *bundle.Bundle) error {
	r.Digest = ""
	_, there, _, err := o.fromRegistry(ctx, r)
	if err != nil {
		return fmt.Errorf("version %s is there already, and cannot be compared: %w", r.Tag, err)
	}
	if there.Content() != b.Content() {
		return fmt.Errorf("version %s is there already with other bytes: %w: give this one another version", r.Tag, bundle.ErrChanged)
	}
	return nil
}

// pushOne sends a blob or a manifest unless it is there; the last one gets the tag.
func pushOne(ctx context.Context, repo *remote.Repository, d ocispec.Descriptor, data []byte, last bool, tag string) error {
	if last {
		return repo.PushReference(ctx, d, bytes.NewReader(data), tag)
	}
	there, err := repo.Exists(ctx, d)
	if err != nil || there {
		return err
	}
	return repo.Push(ctx, d, bytes.NewReader(data))
}

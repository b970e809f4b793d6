package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"github.com/fwlab/fw/registry"
	"github.com/fwlab/fw/registry/bundle"
)

// repository opens a repository with the credentials that docker login left.
func (o Options) repository(r Ref) (*remote.Repository, error) {
	if err := r.allowed(o.PlainHTTP); err != nil {
		return nil, err
	}
	repo, err := remote.NewRepository(r.Repository)
	if err != nil {
		return nil, err
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("credentials of docker's configuration: %w", err)
	}
	repo.PlainHTTP = o.PlainHTTP
	repo.Client = &auth.Client{Client: httpClient(o.PlainHTTP), Cache: auth.NewCache(), Credential: credentials.Credential(store),
		Header: http.Header{"User-Agent": {"fw"}}}
	return repo, nil
}

// fromRegistry brings a plugin of a registry; tag is the version that was meant.
func (o Options) fromRegistry(ctx context.Context, r Ref) (im *bundle.Image, b *bundle.Bundle, tag string, err error) {
	repo, err := o.repository(r)
	if err != nil {
		return nil, nil, r.Tag, err
	}
	if r.Tag == "" && r.Digest == "" {
		versions, err := o.versions(ctx, r)
		if err != nil {
			return nil, nil, "", err
		}
		if len(versions) == 0 {
			return nil, nil, "", errors.New("no version is there")
		}
		r.Tag = newest(versions)
	}
	what := r.Tag
	if r.Digest != "" {
		what = r.Digest.String()
	}
	root, err := resolve(ctx, o, repo, what)
	if err != nil {
		return nil, nil, r.Tag, err
	}
	var parts []string
	im, b, err = bundle.ReadImage(ctx, root, func(ctx context.Context, d ocispec.Descriptor) ([]byte, error) {
		if d.Size <= small {
			return o.smallBlob(ctx, repo, d)
		}
		p, err := o.openPart(d.Digest.String())
		if err != nil {
			return nil, err
		}
		defer p.Close()
		parts = append(parts, p.Name())
		return o.blob(ctx, repo, d, p)
	})
	for _, name := range parts {
		if err == nil {
			removePart(name)
		}
	}
	if err == nil && r.Tag == "" {
		r.Tag = b.Manifest.Info.Version
	}
	if err == nil && r.Tag != b.Manifest.Info.Version {
		err = fmt.Errorf("the plugin under the tag %s says that it is version %s", r.Tag, b.Manifest.Info.Version)
	}
	return im, b, r.Tag, err
}

// newest is the last version that is no prerelease, or the last where all are.
func newest(versions []string) string {
	for _, v := range slices.Backward(versions) {
		if !strings.Contains(v, "-") {
			return v
		}
	}
	return versions[len(versions)-1]
}

// resolve asks what a tag or a digest stands for, again while the registry is busy.
func resolve(ctx context.Context, o Options, repo *remote.Repository, what string) (d ocispec.Descriptor, err error) {
	err = o.again(ctx, stall, func(ctx context.Context) error {
		d, err = repo.Manifests().Resolve(ctx, what)
		return err
	})
	if errors.Is(err, errdef.ErrNotFound) {
		return d, fmt.Errorf("%s has no %s: %w", repo.Reference.Repository, what, errdef.ErrNotFound)
	}
	return d, err
}

// small is the size up to which a blob that was cut is simply got again.
const small = 256 << 10

func (o Options) smallBlob(ctx context.Context, repo *remote.Repository, d ocispec.Descriptor) (data []byte, err error) {
	err = o.again(ctx, stall, func(ctx context.Context) error {
		body, err := repo.Fetch(ctx, d)
		if err != nil {
			return err
		}
		data, err = io.ReadAll(io.LimitReader(body, small+1))
		return errors.Join(err, body.Close())
	})
	return data, err
}

// blob is the content of a descriptor. Bytes that are not what the digest says are taken
// away; package bundle refuses them.
func (o Options) blob(ctx context.Context, repo *remote.Repository, d ocispec.Descriptor, p part) ([]byte, error) {
	err := o.download(ctx, p, d.Size, func(ctx context.Context, from int64) (io.ReadCloser, int64, int64, error) {
		body, err := repo.Fetch(ctx, d)
		if err != nil {
			return nil, 0, 0, classify(err)
		}
		seeker, ok := body.(io.Seeker)
		if !ok || from == 0 {
			return body, 0, d.Size, nil
		}
		if _, err := seeker.Seek(from, io.SeekStart); err != nil {
			return nil, 0, 0, errors.Join(err, body.Close())
		}
		return body, from, d.Size, nil
	})
	if err != nil {
		return nil, err
	}
	data := make([]byte, d.Size)
	if _, err := p.ReadAt(data, 0); err != nil {
		return nil, err
	}
	if d.Digest.Algorithm().FromBytes(data) != d.Digest {
		removePart(p.Name())
	}
	return data, nil
}

func (o Options) versions(ctx context.Context, r Ref) ([]string, error) {
	repo, err := o.repository(r)
	if err != nil {
		return nil, err
	}
	var list []string
	err = o.again(ctx, stall, func(ctx context.Context) error {
		list = nil
		return repo.Tags(ctx, "", func(tags []string) error {
			for _, t := range tags {
				if registry.IsVersion(t) {
					list = append(list, t)
				}
			}
			return nil
		})
	})
	slices.SortFunc(list, registry.CompareVersions)
	return list, err
}

// Versions is the versions that a repository has, the newest last. Other tags are left
// out.
func Versions(ctx context.Context, r Ref, o Options) ([]string, error) {
	list, err := o.filled().versions(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("versions of %s: %w", r, shown(err))
	}
	return list, nil
}

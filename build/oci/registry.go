package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Registries reads images of registries. What it fetches is kept in the cache, by its digest.
type Registries struct {
	Cache *cache.Cache
	// Other is a cache whose blobs will do, where their digests are right; nil for none.
	Other    *cache.Cache
	Progress progress.Reporter
	// Refresh asks what tags mean whatever the age of what is known.
	Refresh bool
}

// Open reads an image. pinned is the digest that it is to have; where that is empty, the reference's own, or what its tag means.
func (r Registries) Open(ctx context.Context, ref Reference, pinned string) (*Image, error) {
	from, err := r.connect(ref)
	if err != nil {
		return nil, err
	}
	if ref.Digest != "" {
		pinned = ref.Digest
	}
	if pinned == "" {
		if pinned, err = r.resolve(ctx, ref, from.repository); err != nil {
			return nil, err
		}
	}
	top, err := from.top(ctx, pinned)
	if err != nil {
		return nil, explain(ref, err)
	}
	image, err := read(ctx, from, top)
	if err != nil {
		return nil, explain(ref, err)
	}
	image.Reference = ref
	return image, nil
}

// connect prepares to speak with a registry; it does not yet. Docker's own configuration says who we are to whom.
func (r Registries) connect(ref Reference) (*fetcher, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading docker's configuration for who we are to %s: %w", ref.Registry, err)
	}
	return &fetcher{r, &remote.Repository{
		Reference: registry.Reference{Registry: ref.Registry, Repository: ref.Repository},
		PlainHTTP: loopback(ref.Registry), MaxMetadataBytes: mostJSON,
		Client: &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache(), Credential: credentials.Credential(store)},
	}}, nil
}

// loopback says whether a registry is on this machine: to such ones docker, too, speaks without TLS.
func loopback(host string) bool {
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		host = host[:at]
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback() || host == "localhost"
}

// explain says of an error of a registry what could be done.
func explain(ref Reference, err error) error {
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return fmt.Errorf("%s has no such image in %s: %w", ref.Registry, ref.Repository, err)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return fmt.Errorf("%s wants to know who asks: %w; accepted: a login in docker's configuration, by \"docker login\" or \"skopeo login --authfile ~/.docker/config.json\"", ref.Registry, err)
	}
	return err
}

// Gone says that a registry does not have what it was asked for.
func Gone(err error) bool { return errors.Is(err, errdef.ErrNotFound) }

// fetcher reads blobs of a repository by way of the cache.
type fetcher struct {
	Registries
	repository *remote.Repository
}

// kindBlob is the cache's kind of blobs; the key is the SHA-256.
const kindBlob = "oci-blob"

// Files of a blob's entry. typeFile has the media type, which a manifest that was asked for by its digest had in the registry.
const (
	blobFile = "blob"
	typeFile = "type"
)

// Fetch implements content.Fetcher.
func (f *fetcher) Fetch(ctx context.Context, d v1.Descriptor) (io.ReadCloser, error) {
	if err := valid(d); err != nil {
		return nil, err
	}
	e, err := f.keep(ctx, string(d.Digest), func(ctx context.Context) (v1.Descriptor, io.ReadCloser, error) {
		r, err := f.repository.Fetch(ctx, d)
		return d, r, err
	})
	if err != nil {
		return nil, err
	}
	return openBlob(e)
}

// top is the descriptor of what has a digest.
func (f *fetcher) top(ctx context.Context, digest string) (v1.Descriptor, error) {
	e, err := f.keep(ctx, digest, func(ctx context.Context) (v1.Descriptor, io.ReadCloser, error) {
		d, r, err := f.repository.FetchReference(ctx, digest)
		if err == nil && d.Size > mostJSON {
			r.Close()
			err = fmt.Errorf("the manifest %s has %d bytes; one may have %d", digest, d.Size, mostJSON)
		}
		return d, r, err
	})
	if err != nil {
		return v1.Descriptor{}, err
	}
	return describe(e, digest)
}

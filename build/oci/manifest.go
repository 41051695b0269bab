package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// Bounds of what describes an image. Registries take no larger ones.
const (
	mostJSON      = 4 << 20 // bytes of a manifest, an index or a configuration
	mostManifests = 1000    // of an index
	mostDepth     = 4       // indexes in each other
	// mostLayers is the bound of docker, and of what overlayfs takes in one page of options.
	mostLayers = 127
)

// What all of this is for.
const (
	system       = "linux"
	architecture = "amd64"
	ours         = system + "/" + architecture
)

// media are kinds of documents: those of OCI, and of docker, which mean the same.
var (
	manifestTypes = []string{v1.MediaTypeImageManifest, "application/vnd.docker.distribution.manifest.v2+json"}
	indexTypes    = []string{v1.MediaTypeImageIndex, "application/vnd.docker.distribution.manifest.list.v2+json"}
	configTypes   = []string{v1.MediaTypeImageConfig, "application/vnd.docker.container.image.v1+json"}
)

// fetch reads a document whole, and compares its size and digest with what the descriptor says.
func fetch(ctx context.Context, from content.Fetcher, d v1.Descriptor) ([]byte, error) {
	if d.Size < 0 || d.Size > mostJSON {
		return nil, fmt.Errorf("%s %s has %d bytes; a document may have %d", d.MediaType, d.Digest, d.Size, mostJSON)
	}
	if err := valid(d); err != nil {
		return nil, err
	}
	r, err := from.Fetch(ctx, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := content.ReadAll(r, d)
	if err != nil {
		return nil, wrong(d, err)
	}
	return text, nil
}

// valid says whether a descriptor has a digest that can be compared.
func valid(d v1.Descriptor) error {
	if d.Digest.Validate() != nil || !strings.HasPrefix(string(d.Digest), "sha256:") {
		return fmt.Errorf("%q is no digest; accepted: sha256: and 64 hexadecimal digits", d.Digest)
	}
	return nil
}

// wrong says in words what is wrong with the bytes of a blob.
func wrong(d v1.Descriptor, err error) error {
	switch {
	case errors.Is(err, content.ErrMismatchedDigest):
		return fmt.Errorf("the blob %s holds other bytes than its name says", d.Digest)
	case errors.Is(err, content.ErrTrailingData):
		return fmt.Errorf("the blob %s has more than the %d bytes that are stated", d.Digest, d.Size)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the blob %s has less than the %d bytes that are stated", d.Digest, d.Size)
	}
	return fmt.Errorf("reading the blob %s: %w", d.Digest, err)
}

// manifest goes from a descriptor to the manifest for our platform, through indexes.
func manifest(ctx context.Context, from content.Fetcher, d v1.Descriptor) (v1.Descriptor, v1.Manifest, error) {
	for range mostDepth {
		text, err := fetch(ctx, from, d)
		if err != nil {
			return d, v1.Manifest{}, err
		}
		if slices.Contains(manifestTypes, d.MediaType) {
			var m v1.Manifest
			if err := json.Unmarshal(text, &m); err != nil {
				return d, m, fmt.Errorf("the manifest %s is none: %w", d.Digest, err)
			}
			return d, m, judgeManifest(d, m)
		}
		if !slices.Contains(indexTypes, d.MediaType) {
			return d, v1.Manifest{}, fmt.Errorf("%s is of the media type %q, which is no image; accepted: a manifest or an index of OCI, or of docker's version 2", d.Digest, d.MediaType)
		}
		var index v1.Index
		if err := json.Unmarshal(text, &index); err != nil {
			return d, v1.Manifest{}, fmt.Errorf("the index %s is none: %w", d.Digest, err)
		}
		if d, err = pick(index.Manifests); err != nil {
			return d, v1.Manifest{}, err
		}
	}
	return d, v1.Manifest{}, fmt.Errorf("indexes lie in each other, more than %d deep", mostDepth)
}

// descriptor is one of which nothing but the digest is known.
func descriptor(sum string) v1.Descriptor { return v1.Descriptor{Digest: digest.Digest(sum)} }

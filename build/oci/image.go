package oci

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
)

// Image is what a reference stands for: what describes it is read and compared, its layers are not yet.
type Image struct {
	Reference Reference
	// Pin is the digest that the reference has in its registry or layout, of an index perhaps; Digest is that of the manifest.
	Pin, Digest string
	// Config is what the image says of itself.
	Config v1.Image
	layers []layer
}

// layer is one that can be read.
type layer struct {
	// id is the digest of the archive, unpacked.
	id digest.Digest
	// size in bytes, as it is stored.
	size int64
	open func(context.Context) (io.ReadCloser, error)
}

func (l layer) name() string { return string(l.id) }

// read reads an image by its descriptor.
func read(ctx context.Context, from content.Fetcher, top v1.Descriptor) (*Image, error) {
	d, m, err := manifest(ctx, from, top)
	if err != nil {
		return nil, err
	}
	text, err := fetch(ctx, from, m.Config)
	if err != nil {
		return nil, err
	}
	image := &Image{Pin: string(top.Digest), Digest: string(d.Digest)}
	if image.Config, err = configOf(text, len(m.Layers)); err != nil {
		return nil, err
	}
	for i, blob := range m.Layers {
		if blob.Size < 0 || blob.Size > most.Layer {
			return nil, fmt.Errorf("the layer %s has %d bytes; one may have %d", blob.Digest, blob.Size, most.Layer)
		}
		image.layers = append(image.layers, layer{image.Config.RootFS.DiffIDs[i], blob.Size, func(ctx context.Context) (io.ReadCloser, error) {
			r, err := from.Fetch(ctx, blob)
			if err != nil {
				return nil, err
			}
			return &checked{content.NewVerifyReader(r, blob), r, blob}, nil
		}})
	}
	image.layers = lastOf(image.layers, layer.name)
	return image, nil
}

// lastOf leaves out layers that are there again further up, by what they are: all that one shows or hides it does there, and overlayfs
// takes none twice. Makers of images have an empty one for each step that changes no file.
func lastOf[L any](all []L, is func(L) string) (kept []L) {
	for i, l := range all {
		if !slices.ContainsFunc(all[i+1:], func(later L) bool { return is(later) == is(l) }) {
			kept = append(kept, l)
		}
	}
	return kept
}

// checked is a blob whose last read fails where its bytes are not those that its descriptor names.
type checked struct {
	*content.VerifyReader
	io.Closer
	blob v1.Descriptor
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.VerifyReader.Read(p)
	if err == io.EOF {
		if bad := c.Verify(); bad != nil {
			return n, wrong(c.blob, bad)
		}
	} else if err != nil {
		err = wrong(c.blob, err)
	}
	return n, err
}

// Open reads an image that lies on this machine.
func Open(ctx context.Context, at Place) (*Image, error) {
	info, err := os.Stat(at.Path)
	if err != nil {
		return nil, err
	}
	var fsys fs.FS = folder(at.Path)
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is neither a file nor a folder", at.Path)
	}
	if !info.IsDir() {
		if fsys, err = openTarball(at.Path); err != nil {
			return nil, err
		}
		if _, err := readSmall(fsys, v1.ImageIndexFile, mostJSON); err != nil {
			if text, none := readSmall(fsys, dockerFile, mostJSON); none == nil {
				return openDocker(fsys, text, at.Name)
			}
		}
	}
	return openLayout(ctx, fsys, at)
}

// openLayout reads an image of an OCI layout (image-layout.md of the specification).
func openLayout(ctx context.Context, fsys fs.FS, at Place) (*Image, error) {
	var layout v1.ImageLayout
	text, err := readSmall(fsys, v1.ImageLayoutFile, mostJSON)
	if err == nil {
		err = json.Unmarshal(text, &layout)
	}
	if err != nil || layout.Version != v1.ImageLayoutVersion {
		return nil, fmt.Errorf("%s is no OCI layout, for it has no %s of version %s; accepted: what umoci and skopeo write, or an archive of \"docker save\"",
			at.Path, v1.ImageLayoutFile, v1.ImageLayoutVersion)
	}
	var index v1.Index
	if text, err = readSmall(fsys, v1.ImageIndexFile, mostJSON); err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the layout %s: %w", at.Path, err)
	}
	if len(index.Manifests) > mostManifests {
		return nil, fmt.Errorf("%s has %d images; a layout may have %d", at.Path, len(index.Manifests), mostManifests)
	}
	d, err := named(index.Manifests, at.Name)
	if err != nil {
		return nil, err
	}
	return read(ctx, oci.NewStorageFromFS(fsys), d)
}

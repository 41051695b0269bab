package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// keep returns a blob from the cache, or has open fetch it.
func (f *fetcher) keep(ctx context.Context, sum string, open func(context.Context) (v1.Descriptor, io.ReadCloser, error)) (*cache.Entry, error) {
	key := strings.TrimPrefix(sum, "sha256:")
	return f.Cache.Entry(ctx, kindBlob, key, func(ctx context.Context, dir string) error {
		if f.Other != nil {
			if e, ok := f.Other.Lookup(kindBlob, key); ok {
				return f.take(e, sum, dir)
			}
		}
		d, r, err := open(ctx)
		if err != nil {
			return err
		}
		defer r.Close()
		return f.store(ctx, d, r, dir)
	})
}

// store writes a blob into an entry, and compares it with its descriptor.
func (f *fetcher) store(ctx context.Context, d v1.Descriptor, r io.Reader, dir string) (err error) {
	if d.Size < 0 || d.Size > most.Layer {
		return fmt.Errorf("the blob %s has %d bytes; one may have %d", d.Digest, d.Size, most.Layer)
	}
	step := progress.Bytes(f.Progress, "downloading "+f.repository.Reference.Repository+" "+short(string(d.Digest)), d.Size)
	defer func() { step.Done(err) }()
	out, err := os.Create(filepath.Join(dir, blobFile))
	if err != nil {
		return err
	}
	defer out.Close()
	verify := content.NewVerifyReader(counted{ctx, r, step.Add}, d)
	if _, err := io.CopyBuffer(struct{ io.Writer }{out}, verify, make([]byte, 256<<10)); err != nil {
		return wrong(d, err)
	}
	if err := verify.Verify(); err != nil {
		return wrong(d, err)
	}
	return errors.Join(out.Close(), os.WriteFile(filepath.Join(dir, typeFile), []byte(d.MediaType), 0o644))
}

// take copies a blob of another cache, of which only the digest is believed.
func (f *fetcher) take(e *cache.Entry, sum, dir string) error {
	d, err := describe(e, sum)
	if err != nil {
		return err
	}
	r, err := openBlob(e)
	if err != nil {
		return err
	}
	defer r.Close()
	return f.store(context.Background(), d, r, dir)
}

// describe is the descriptor of a blob in the cache.
func describe(e *cache.Entry, sum string) (v1.Descriptor, error) {
	kind, err := e.Text(typeFile)
	if err != nil {
		return v1.Descriptor{}, err
	}
	f, err := e.Open(blobFile)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer f.Close()
	return v1.Descriptor{MediaType: kind, Digest: digest.Digest(sum), Size: f.Size()}, nil
}

func openBlob(e *cache.Entry) (io.ReadCloser, error) {
	f, err := e.Open(blobFile)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, 0, f.Size()), f}, nil
}

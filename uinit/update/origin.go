package update

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// maxSignature bounds a signature, in bytes; RSA with 16384 bits and comments around it has less.
const maxSignature = 16 << 10

// origin is where a version comes from.
type origin interface {
	// read gives the bytes of NAME.update from offset on.
	read(ctx context.Context, offset, size int64, to io.Writer) error
	// signature is what lies beside it.
	signature(ctx context.Context) ([]byte, error)
	close()
}

// open opens a file or an address.
func (u *updater) open(ctx context.Context, name string, waits func(string)) (origin, error) {
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		t, err := u.startFetcher(ctx)
		if err != nil {
			return nil, err
		}
		return &remote{t, name, waits}, nil
	}
	if !filepath.IsAbs(name) {
		return nil, fmt.Errorf("%q is neither an address nor a file with its whole path; accepted: /PATH/NAME.update, https://HOST/PATH/NAME.update", name)
	}
	f, err := bounded.Open(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return &file{f, name}, nil
}

// remote is an address.
type remote struct {
	talk  *talk
	url   string
	waits func(string)
}

func (r *remote) read(ctx context.Context, offset, size int64, to io.Writer) error {
	got := &limited{to, size}
	_, err := r.talk.get(ctx, r.url, offset, size, got, r.waits)
	if err == nil && got.left > 0 { // what a server has may end anywhere
		err = fmt.Errorf("what the server has ends after %d bytes: %w", offset+size-got.left, io.ErrUnexpectedEOF)
	}
	return err
}

func (r *remote) signature(ctx context.Context) ([]byte, error) {
	var b bytes.Buffer
	path, query, asks := strings.Cut(r.url, "?")
	url := path + slot.SignatureSuffix
	if asks {
		url += "?" + query
	}
	_, err := r.talk.get(ctx, url, 0, maxSignature, &b, r.waits)
	return b.Bytes(), err
}

func (r *remote) close() { r.talk.stop() }

// file is on a disk or stick.
type file struct {
	f    *os.File
	name string
}

func (f *file) read(ctx context.Context, offset, size int64, to io.Writer) error {
	n, err := io.Copy(to, io.NewSectionReader(f.f, offset, size))
	if err == nil && n < size {
		err = fmt.Errorf("the file ends after %d bytes: %w", offset+n, io.ErrUnexpectedEOF)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

func (f *file) signature(context.Context) ([]byte, error) {
	return bounded.Read(f.name+slot.SignatureSuffix, maxSignature)
}

func (f *file) close() { f.f.Close() }

package segments

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
)

// composed is a segment of files that lie in the cache as they are to lie in the archive: container images are larger than all the
// rest. They are read from there when the segment is, and are not copied before.
func (k Packer) composed(ctx context.Context, s plan.Segment) (Packed, error) {
	var c composition
	err := cpio.Write(&c, s.Files, k.Epoch, func(f tree.File) (io.ReadCloser, error) {
		return io.NopCloser(&blank{c: &c, path: f.From.Host, left: f.Size}), ctx.Err()
	})
	if err != nil {
		return Packed{}, err
	}
	return Packed{s.Name, c.size, func() (Content, error) { return c.open(k.Cache) }}, nil
}

// composition takes an archive that is written, but for contents of files, of which it learns where they belong.
type composition struct {
	size, skip int64
	pieces     []piece
}

// piece is a part of an archive: bytes, or a file of the cache.
type piece struct {
	at    int64
	bytes []byte
	path  string
}

// Write implements io.Writer.
func (c *composition) Write(b []byte) (int, error) {
	n := len(b)
	c.size += int64(n)
	if skip := min(c.skip, int64(n)); skip > 0 {
		c.skip, b = c.skip-skip, b[skip:]
	}
	if len(b) > 0 {
		c.pieces = append(c.pieces, piece{at: c.size - int64(len(b)), bytes: bytes.Clone(b)})
	}
	return n, nil
}

// blank stands for a file's content while the archive is written.
type blank struct {
	c     *composition
	path  string
	left  int64
	begun bool
}

// Read implements io.Reader, with zeros. What is written next is these.
func (r *blank) Read(b []byte) (int, error) {
	if !r.begun {
		r.begun, r.c.skip = true, r.left
		r.c.pieces = append(r.c.pieces, piece{at: r.c.size, path: r.path})
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), r.left))
	clear(b[:n])
	r.left -= int64(n)
	return n, nil
}

// open opens all files of the archive.
func (c *composition) open(store *cache.Cache) (_ Content, err error) {
	whole := &opened{Image: extent.New(c.size)}
	for _, p := range c.pieces {
		if p.path == "" {
			whole.Place(p.at, bytes.NewReader(p.bytes))
			continue
		}
		f, err := store.OpenPath(p.path)
		if err != nil {
			return nil, errors.Join(err, whole.Close())
		}
		whole.files = append(whole.files, f)
		whole.Place(p.at, f)
	}
	return whole, nil
}

type opened struct {
	*extent.Image
	files []*cache.File
}

// Close closes the files.
func (o *opened) Close() (err error) {
	for _, f := range o.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

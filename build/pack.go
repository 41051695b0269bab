package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
)

// packed is a segment of the initramfs as bytes on disk.
type packed struct {
	name string
	size int64
	open func() (content, error)
}

// copy appends the segment to w.
func (p packed) copy(w io.Writer) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.CopyBuffer(w, struct{ io.Reader }{io.NewSectionReader(c, 0, p.size)}, make([]byte, 1<<20))
	return err
}

// segmentFile is a packed segment's name in its cache entry.
const segmentFile = "segment"

// pack compresses the segments, side by side. One that was packed before
// comes from the cache: that is what makes a rebuild a copy. scratch takes those that
// are not worth keeping.
func (e *Env) pack(ctx context.Context, image *Image, scratch string) ([]packed, error) {
	p, open := image.Plan, image.open
	out := make([]packed, len(p.Segments))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, s := range p.Segments {
		g.Go(func() error {
			var err error
			if s.Squashfs {
				out[i], err = e.packUsr(ctx, image, s)
			} else if s.Stable {
				out[i], err = e.packStable(ctx, p, s, open)
			} else {
				path := filepath.Join(scratch, s.Name)
				out[i], err = e.packInto(ctx, path, p, s, cpio.Fast, open)
			}
			if err != nil {
				return fmt.Errorf("packing %s: %w", s.Name, err)
			}
			return nil
		})
	}
	return out, g.Wait()
}

func (e *Env) packStable(ctx context.Context, p *plan.Plan, s plan.Segment, open opener) (packed, error) {
	entry, err := e.Cache.Entry(ctx, "segment", e.segmentKey(p, s), func(ctx context.Context, dir string) error {
		_, err := e.packInto(ctx, filepath.Join(dir, segmentFile), p, s, cpio.Best, open)
		return err
	})
	if err != nil {
		return packed{}, err
	}
	return packedIn(entry, s.Name)
}

// packedIn is a segment that lies packed in an entry of the cache.
func packedIn(e *cache.Entry, name string) (packed, error) {
	f, err := e.Open(segmentFile)
	if err != nil {
		return packed{}, err
	}
	defer f.Close()
	return packed{name, f.Size(), func() (content, error) { return e.Open(segmentFile) }}, nil
}

// segmentKey is the identity of a packed segment: everything that its bytes
// depend on. The number changes when the packer itself does.
func (e *Env) segmentKey(p *plan.Plan, s plan.Segment) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	fmt.Fprintf(h, "segment 3 %s %d\n", p.Compression, e.Epoch.Unix())
	for _, f := range s.Files {
		f.Why, f.From.Host, f.From.Name = "", "", ""
		_ = enc.Encode(f) // a File is plain data, a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (e *Env) packInto(ctx context.Context, path string, p *plan.Plan, s plan.Segment, level cpio.Level, open opener) (_ packed, err error) {
	step := e.Progress.Step("compressing "+s.Name, tree.Size(s.Files))
	defer func() { step.Done(err) }()
	f, err := os.Create(path)
	if err != nil {
		return packed{}, err
	}
	defer f.Close()
	z, err := cpio.Compress(f, cpio.Compression(p.Compression), level)
	if err != nil {
		return packed{}, err
	}
	counted := func(t tree.File) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step.Add(t.Size)
		return open(t)
	}
	if err := cpio.Write(z, s.Files, e.Epoch, counted); err != nil {
		return packed{}, err
	}
	if err := z.Close(); err != nil {
		return packed{}, err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return packed{}, err
	}
	again := func() (content, error) {
		f, err := os.Open(path)
		return fileContent{f, size}, err
	}
	return packed{s.Name, size, again}, f.Close()
}

// epoch is the one time that everything in an image bears: SOURCE_DATE_EPOCH
// (reproducible-builds.org/specs/source-date-epoch) or the first of January 2026.
func epoch() (time.Time, error) {
	text, ok := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !ok {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), nil
	}
	var seconds int64
	if _, err := fmt.Sscanf(text, "%d", &seconds); err != nil || seconds < 0 || seconds > 1<<32-1 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q; accepted: seconds since 1970, below 2^32", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

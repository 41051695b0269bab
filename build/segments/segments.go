// Package segments packs an image's initramfs, a segment at a time. One that was packed before
// comes from the cache: that is what makes a rebuild a copy.
package segments

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
	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// Packer packs segments of an image. Plans of one image may differ: what they have in common is packed once.
type Packer struct {
	Cache    *cache.Cache
	Progress progress.Reporter
	// Epoch is the time that all files bear.
	Epoch time.Time
	// Open opens the files of the plans.
	Open tree.Opener
	// Apt lays out Tools, of which one is that of the name Tools, where a plan has /usr as a squashfs.
	Apt   *deb.Apt
	Tools []deb.Package
}

// file is a packed segment's name in its cache entry.
const file = "segment"

// Pack packs a plan's segments side by side, and returns them in their order. Those that are not worth keeping
// lie in scratch.
func (k Packer) Pack(ctx context.Context, p *plan.Plan, scratch string) ([]Packed, error) {
	out := make([]Packed, len(p.Segments))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, s := range p.Segments {
		g.Go(func() (err error) {
			switch {
			case s.Squashfs:
				out[i], err = k.usr(ctx, p, s)
			case s.Stable:
				out[i], err = k.stable(ctx, p, s)
			case s.Cached:
				out[i], err = k.composed(ctx, s)
			default:
				out[i], err = k.fresh(ctx, p, s, filepath.Join(scratch, s.Name))
			}
			if err != nil {
				return fmt.Errorf("packing %s: %w", s.Name, err)
			}
			return nil
		})
	}
	return out, g.Wait()
}

// Key is the identity of a packed segment: everything that its bytes
// depend on. The number changes when the packer itself does.
func (k Packer) Key(p *plan.Plan, s plan.Segment) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	fmt.Fprintf(h, "segment 4 %s %d\n", p.Compression, k.Epoch.Unix())
	for _, f := range s.Files {
		f.Why, f.From.Host, f.From.Name = "", "", ""
		_ = enc.Encode(f) // a File is plain data, a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (k Packer) stable(ctx context.Context, p *plan.Plan, s plan.Segment) (Packed, error) {
	entry, err := k.Cache.Entry(ctx, "segment", k.Key(p, s), func(ctx context.Context, dir string) error {
		_, err := k.archive(ctx, filepath.Join(dir, file), p, s, cpio.Best)
		return err
	})
	if err != nil {
		return Packed{}, err
	}
	return cached(entry, s.Name)
}

func (k Packer) fresh(ctx context.Context, p *plan.Plan, s plan.Segment, path string) (Packed, error) {
	size, err := k.archive(ctx, path, p, s, cpio.Fast)
	return Packed{s.Name, size, func() (Content, error) {
		f, err := os.Open(path)
		return own{f, size}, err
	}}, err
}

// archive writes a segment to a new file, and returns its size in bytes.
func (k Packer) archive(ctx context.Context, path string, p *plan.Plan, s plan.Segment, level cpio.Level) (size int64, err error) {
	doing := "compressing "
	if s.Plain {
		doing = "copying "
	}
	step := k.Progress.Step(doing+s.Name, tree.Size(s.Files))
	defer func() { step.Done(err) }()
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	compression := cpio.Compression(p.Compression)
	if s.Plain {
		compression = cpio.None
	}
	z, err := cpio.Compress(f, compression, level)
	if err != nil {
		return 0, err
	}
	if err := cpio.Write(z, s.Files, k.Epoch, k.counted(ctx, step)); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	if size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return 0, err
	}
	// One that is not compressed may follow, and the kernel looks for those at multiples of four alone; it passes over zeros
	// (init/initramfs.c).
	if pad := -size & 3; pad > 0 {
		size += pad
		if err := f.Truncate(size); err != nil {
			return 0, err
		}
	}
	return size, f.Close()
}

// counted opens files as Open does, tells step, and gives up when ctx ends.
func (k Packer) counted(ctx context.Context, step progress.Step) tree.Opener {
	return func(f tree.File) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step.Add(f.Size)
		return k.Open(f)
	}
}

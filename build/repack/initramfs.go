package repack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/pierrec/lz4/v4"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Initramfs copies an initramfs to w and appends one segment with the files of an
// overlay, which name names. The kernel lays later files over earlier ones, so that
// nothing else needs to change, and what is there stays as it is to the bit. The segment
// is compressed like the last compressed one. An overlay without files gives a copy.
func Initramfs(ctx context.Context, w io.Writer, m *image.Image, name string, overlay fs.FS) error {
	if m.Kind != image.Initramfs {
		return fmt.Errorf("repacking %s: it is of the kind %q, no initramfs", m.Name, m.Kind)
	}
	files, err := readOverlay(name, overlay)
	if err != nil {
		return err
	}
	t, last, err := survey(ctx, m)
	if err != nil {
		return err
	}
	added, err := place(t, files)
	if err != nil {
		return fmt.Errorf("repacking %s: %w", m.Name, err)
	}
	out := &counter{w: w}
	if _, err := io.Copy(out, io.NewSectionReader(m.Content, 0, m.Content.Size())); err != nil || len(added) == 0 {
		return err
	}
	if last.tail == cpio.Bzip2 {
		return fmt.Errorf("repacking %s: its last segment is compressed with bzip2, behind which nothing can be appended for sure; unpack and pack it anew", m.Name)
	}
	// The kernel takes an archive at multiples of four only. An LZ4 stream has no end
	// mark but a block's size of 0 (lib/decompress_unlz4.c).
	pad := -out.n & 3
	if last.tail == cpio.LZ4 {
		pad += 4
	}
	if _, err := out.Write(make([]byte, pad)); err != nil {
		return err
	}
	z, err := compress(out, last.compression)
	if err != nil {
		return err
	}
	if clear := obstacles(t, added); len(clear) > 0 {
		if err := cpio.WriteMore(z, clear, last.newest, nil); err != nil {
			return err
		}
	}
	var all []tree.File
	from := map[string]string{}
	for _, a := range added {
		all = append(all, a.File)
		from[a.Path] = a.from
	}
	err = cpio.WriteMore(z, all, last.newest, func(f tree.File) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return overlay.Open(from[f.Path])
	})
	return errors.Join(err, z.Close())
}

// segments is what we must know of the archive's to append one.
type segments struct {
	// tail compresses the last segment, compression the last one that is compressed.
	tail, compression cpio.Compression
	// newest is the time of the newest file: equal inputs give equal bytes.
	newest time.Time
}

func survey(ctx context.Context, m *image.Image) (*image.Tree, segments, error) {
	t, s, number := image.NewTree(), segments{compression: cpio.None, newest: time.Unix(0, 0)}, 0
	err := m.Walk(ctx, func(e image.Entry, _ io.Reader) error {
		if e.Root != "" { // it lies in a file system that is a file of the archive
			return nil
		}
		s.tail = cpio.Compression(e.Compression)
		if s.tail != cpio.None {
			s.compression = s.tail
		}
		if e.ModTime.After(s.newest) {
			s.newest = e.ModTime
		}
		_, err := t.Add(e, number)
		number++
		return err
	})
	return t, s, err
}

// obstacles are links that come before the files in an archive of their own. The kernel
// writes a file into what has its name, and so into all names of a hard link; something
// of another type it removes first.
func obstacles(t *image.Tree, added []addition) []tree.File {
	var all []tree.File
	for _, a := range added {
		if a.old != nil && a.old.Mode.IsRegular() && a.Mode.IsRegular() && t.Shared(a.old) {
			all = append(all, tree.File{Path: a.Path, Mode: fs.ModeSymlink | 0o777, Link: "."})
		}
	}
	return all
}

// compress is cpio.Compress, and LZ4 as the kernel knows it. What we cannot write we
// leave uncompressed, which every kernel takes.
func compress(w io.Writer, c cpio.Compression) (io.WriteCloser, error) {
	switch c {
	case cpio.LZ4:
		z := lz4.NewWriter(w)
		return z, z.Apply(lz4.LegacyOption(true), lz4.CompressionLevelOption(lz4.Level9))
	case cpio.LZMA, cpio.Bzip2:
		c = cpio.None
	}
	return cpio.Compress(w, c, cpio.Best)
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

package repack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/tree"
)

// Packing says how the main archive of an initramfs is compressed.
type Packing struct {
	// Was is how it was found, Is how it was written: zstd for what can be read only.
	Was, Is cpio.Compression
}

// Initramfs copies an initramfs to w with the files of an overlay, which name names. What the
// kernel reads before it unpacks anything, microcode and tables of ACPI, stays first, as it is
// to the bit. All that follows becomes one archive, compressed as it was: the tools of distributions
// (lsinitramfs, lsinitrd, cpio -t) read no other, whereas the kernel takes any number. Its files keep
// order, modes, owners, times and hard links; those of the overlay follow, and have the time of the
// newest. An overlay without files gives a copy.
func Initramfs(ctx context.Context, w io.Writer, m *image.Image, name string, overlay fs.FS) (p Packing, err error) {
	if m.Kind != image.Initramfs {
		return p, fmt.Errorf("repacking %s: it is of the kind %q, no initramfs", m.Name, m.Kind)
	}
	files, err := readOverlay(name, overlay)
	if err != nil {
		return p, err
	}
	first, err := findMain(m.Content)
	if err != nil {
		return p, fmt.Errorf("reading %s: %w", m.Name, err)
	}
	s, err := survey(ctx, m, first.number)
	if err != nil {
		return p, err
	}
	p = Packing{s.compression, s.compression}
	added, err := place(s.tree, files)
	if err == nil {
		err = s.keepsEarly(added, first.number)
	}
	if err != nil {
		return p, fmt.Errorf("repacking %s: %w", m.Name, err)
	}
	if len(added) == 0 {
		_, err := io.Copy(w, io.NewSectionReader(m.Content, 0, m.Content.Size()))
		return p, err
	}
	if p.Is == cpio.Bzip2 || p.Is == cpio.LZO {
		p.Is = cpio.Zstd
	}
	if _, err := io.Copy(w, io.NewSectionReader(m.Content, 0, first.offset)); err != nil {
		return p, err
	}
	// The kernel takes an archive at multiples of four only.
	if _, err := w.Write(make([]byte, -first.offset&3)); err != nil {
		return p, err
	}
	z, err := cpio.CompressLast(w, p.Is, cpio.Best)
	if err != nil {
		return p, err
	}
	a := cpio.NewArchive(z)
	if err := s.keep(added, first.number).copy(ctx, a, m.Content); err != nil {
		return p, fmt.Errorf("repacking %s: %w", m.Name, err)
	}
	err = addAll(ctx, a, added, s.newest, overlay)
	return p, errors.Join(err, a.Close(), z.Close())
}

// addAll adds the files of the overlay.
func addAll(ctx context.Context, a *cpio.Archive, added []addition, at time.Time, overlay fs.FS) error {
	var files []tree.File
	from := map[string]string{}
	for _, f := range added {
		files = append(files, f.File)
		from[f.Path] = f.from
	}
	return a.AddFiles(files, at, func(f tree.File) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return overlay.Open(from[f.Path])
	})
}

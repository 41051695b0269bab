package image

import (
	"fmt"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/uki"
)

// sections visits those of a PE file, and the files that GRUB has in one of them.
func (w *walker) sections(root string, c extent.Content) error {
	all, err := uki.Sections(c)
	if err != nil {
		return err
	}
	taken := map[string]int{}
	for _, s := range all {
		name := strings.Map(func(r rune) rune {
			if r <= ' ' || r == '/' || r == 0x7f {
				return '_'
			}
			return r
		}, s.Name)
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s~%d", name, taken[name])
		}
		if s.Offset+s.Size > c.Size() {
			return fmt.Errorf("section %s ends at byte %d, the file at %d: %w", s.Name, s.Offset+s.Size, c.Size(), io.ErrUnexpectedEOF)
		}
		if err := w.file(root, Entry{Path: name, Mode: readable}, s.Open(c)); err != nil {
			return err
		}
	}
	carried, err := grub.Carried(c)
	if err != nil {
		return err
	}
	for _, f := range carried {
		if err := w.file(root, Entry{Path: "memdisk/" + f.Name, Mode: readable}, f.Content); err != nil {
			return err
		}
	}
	return nil
}

// kernel visits the parts of a bzImage: its release, the set-up code, and the kernel proper as it is compressed.
func (w *walker) kernel(root string, c extent.Content) error {
	release, err := uki.KernelRelease(c)
	if err != nil {
		return err
	}
	setup, payload, err := uki.KernelParts(c)
	if err != nil {
		return err
	}
	start := make([]byte, 6)
	n, _ := payload.ReadAt(start, 0)
	name := "payload"
	if compression, ok := cpio.Detect(start[:n]); ok {
		name += map[cpio.Compression]string{cpio.Zstd: ".zst", cpio.XZ: ".xz", cpio.Gzip: ".gz", cpio.LZ4: ".lz4", cpio.LZO: ".lzo", cpio.Bzip2: ".bz2", cpio.LZMA: ".lzma"}[compression]
	}
	for _, f := range []struct {
		name    string
		content extent.Content
	}{{"release", strings.NewReader(release + "\n")}, {"setup", setup}, {name, payload}} {
		if err := w.entry(root, Entry{Path: f.name, Mode: readable, Size: f.content.Size()}, io.NewSectionReader(f.content, 0, f.content.Size())); err != nil {
			return err
		}
	}
	return nil
}

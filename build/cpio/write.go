// Package cpio writes and reads initramfs archives: newc as the kernel wants it,
// compressed segments, and several of them one after the other in one file.
package cpio

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cavaliergopher/cpio"

	"github.com/imgbuild/imgbuild/build/tree"
)

// Write writes files as one newc archive: "." first, then sorted by path, with
// inode numbers in that order, and epoch as every modification time, so that equal files give
// equal bytes. Files with several names (tree.LinksOf) have one number, all names in their link count,
// and their content with the last name, as cpio(1) writes them. open gives the
// content of a file whose From is set; a Body needs no open. The archive's length
// is a multiple of four, as the kernel asks of what another may follow.
//
// Errors name the file: a path or content too long for the format, a type it
// cannot hold, content that is not as long as File.Size says.
func Write(w io.Writer, files []tree.File, epoch time.Time, open func(tree.File) (io.ReadCloser, error)) error {
	// Without an entry of its own the guest's / keeps the mode the kernel made it with.
	return write(w, append([]tree.File{{Path: ".", Mode: fs.ModeDir | 0o755}}, byPath(files)...), epoch, open)
}

// WriteMore is Write without the entry ".": the archive follows others, whose root keeps
// its mode.
func WriteMore(w io.Writer, files []tree.File, epoch time.Time, open func(tree.File) (io.ReadCloser, error)) error {
	return write(w, byPath(files), epoch, open)
}

func byPath(files []tree.File) []tree.File {
	return slices.SortedFunc(slices.Values(files), func(a, b tree.File) int { return cmp.Compare(a.Path, b.Path) })
}

func write(w io.Writer, sorted []tree.File, epoch time.Time, open func(tree.File) (io.ReadCloser, error)) error {
	if s := epoch.Unix(); s < 0 || s > math.MaxUint32 {
		return fmt.Errorf("writing an archive: the epoch %s lies outside 1970 to 2106", epoch.UTC().Format(time.RFC3339))
	}
	nodes := &nodes{Writer: w}
	a := archive{Writer: cpio.NewWriter(nodes), nodes: nodes, epoch: epoch, open: open, buf: make([]byte, 64<<10),
		links: tree.LinksOf(sorted), numbers: map[string]int64{}}
	for i, f := range sorted {
		if i > 0 && f.Path == sorted[i-1].Path {
			return fmt.Errorf("writing an archive: %s occurs twice", f.Path)
		}
		if err := a.add(f); err != nil {
			return fmt.Errorf("writing %s to an archive: %w", f.Path, err)
		}
	}
	if err := a.Close(); err != nil {
		return fmt.Errorf("ending an archive: %w", err)
	}
	return nil
}

type archive struct {
	*cpio.Writer
	nodes *nodes
	epoch time.Time
	open  func(tree.File) (io.ReadCloser, error)
	buf   []byte
	links tree.Links
	// numbers are inode numbers, by path.
	numbers map[string]int64
}

func (a *archive) add(f tree.File) error {
	mode, err := toBits(f.Mode)
	if err != nil {
		return err
	}
	if len(f.Path) >= pathMax {
		return fmt.Errorf("the path has %d bytes, Linux takes %d", len(f.Path), pathMax-1)
	}
	h := &cpio.Header{Name: f.Path, Mode: cpio.FileMode(mode), Uid: int(f.UID), Guid: int(f.GID), Links: 1, ModTime: a.epoch}
	var content io.ReadCloser
	switch f.Mode.Type() {
	case fs.ModeDir:
		h.Links = 2
	case fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice:
		a.nodes.major, a.nodes.minor = f.Major, f.Minor
	case fs.ModeSymlink:
		if h.Size = int64(len(f.Link)); h.Size >= pathMax {
			return fmt.Errorf("the link's target has %d bytes, Linux takes %d", h.Size, pathMax-1)
		}
		content = io.NopCloser(strings.NewReader(f.Link))
	case 0:
		if names := a.links.Names(f); names != nil {
			h.Links, h.Inode = len(names), a.numbers[names[0]]
		}
		if a.links.Content(f) != f.Path {
			break
		}
		if h.Size = f.Size; h.Size > math.MaxUint32 {
			return fmt.Errorf("%d bytes are too many, newc holds files below 4 GiB", h.Size)
		}
		if content, err = a.content(f); err != nil {
			return err
		}
	}
	if content != nil {
		defer content.Close()
	}
	if err := a.WriteHeader(h); err != nil {
		return err
	}
	a.numbers[f.Path] = h.Inode // the library has numbered what had none
	if content == nil {
		return nil
	}
	return a.copy(content, h.Size)
}

func (a *archive) content(f tree.File) (io.ReadCloser, error) {
	if f.From == (tree.Source{}) {
		return io.NopCloser(bytes.NewReader(f.Body)), nil
	}
	return a.open(f)
}

// copy writes exactly size bytes. It asks for one more, so that a file which grew since it was
// planned is noticed as well as one that shrank.
func (a *archive) copy(content io.Reader, size int64) error {
	n, err := io.CopyBuffer(a.Writer, io.LimitReader(content, size+1), a.buf)
	switch {
	case errors.Is(err, cpio.ErrWriteTooLong):
		return fmt.Errorf("the content is longer than the planned %d bytes; did it change during the build?", size)
	case err == nil && n != size:
		return fmt.Errorf("the content has %d bytes, planned were %d; did it change during the build?", n, size)
	}
	return err
}

// nodes passes an archive on, and puts into the next header the numbers of a device node, for which the library has no
// field. It also hides ReadFrom, which compressors implement to end up with other blocks, and so other bytes, than from
// plain writes.
type nodes struct {
	io.Writer
	major, minor uint32
}

func (n *nodes) Write(b []byte) (int, error) {
	if n.major|n.minor != 0 && len(b) == headerSize { // what ends the entry before is shorter
		b = fmt.Appendf(bytes.Clone(b[:atNode]), "%08X%08X%s", n.major, n.minor, b[atNode+16:])
		n.major, n.minor = 0, 0
	}
	return n.Writer.Write(b)
}

package cpio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/cavaliergopher/cpio"
)

// Archive writes one newc archive, of entries in the order in which they come.
type Archive struct {
	out   *cpio.Writer
	nodes *nodes
	buf   []byte
}

// NewArchive begins an archive. Close ends it, and leaves w open.
func NewArchive(w io.Writer) *Archive {
	nodes := &nodes{Writer: w}
	return &Archive{out: cpio.NewWriter(nodes), nodes: nodes, buf: make([]byte, 64<<10)}
}

// Add writes an entry as a Reader gives it. content has e.Size bytes; no other than a regular file needs it. An entry
// whose Inode is 0 gets the next number, which other names of the file take from there.
func (a *Archive) Add(e *Entry, content io.Reader) error {
	if err := a.add(e, content); err != nil {
		return fmt.Errorf("writing %s to an archive: %w", e.Path, err)
	}
	return nil
}

// Close writes what ends an archive, whose length is then a multiple of four.
func (a *Archive) Close() error {
	if err := a.out.Close(); err != nil {
		return fmt.Errorf("ending an archive: %w", err)
	}
	return nil
}

func (a *Archive) add(e *Entry, content io.Reader) error {
	mode, err := toBits(e.Mode)
	if err != nil {
		return err
	}
	if len(e.Path) >= pathMax {
		return fmt.Errorf("the path has %d bytes, Linux takes %d", len(e.Path), pathMax-1)
	}
	h := &cpio.Header{Name: e.Path, Mode: cpio.FileMode(mode), Uid: int(e.UID), Guid: int(e.GID), Links: int(e.Links), Inode: int64(e.Inode), ModTime: e.ModTime}
	switch e.Mode.Type() {
	case fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice:
		a.nodes.major, a.nodes.minor = e.Major, e.Minor
	case fs.ModeSymlink:
		if h.Size = int64(len(e.Link)); h.Size >= pathMax {
			return fmt.Errorf("the link's target has %d bytes, Linux takes %d", h.Size, pathMax-1)
		}
		content = strings.NewReader(e.Link)
	case 0:
		if h.Size = e.Size; h.Size > math.MaxUint32 {
			return errTooLarge(h.Size)
		}
	}
	if err := a.out.WriteHeader(h); err != nil {
		return err
	}
	e.Inode = uint32(h.Inode) // the library has numbered what had none
	if content == nil {
		return nil
	}
	return a.copy(content, h.Size)
}

func errTooLarge(size int64) error {
	return fmt.Errorf("%d bytes are too many, newc holds files below 4 GiB", size)
}

// copy writes exactly size bytes. It asks for one more, so that a file which grew since it was
// planned is noticed as well as one that shrank.
func (a *Archive) copy(content io.Reader, size int64) error {
	n, err := io.CopyBuffer(a.out, io.LimitReader(content, size+1), a.buf)
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

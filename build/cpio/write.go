// Package cpio writes and reads initramfs archives: newc as the kernel wants it,
// compressed segments, and several of them one after the other in one file.
package cpio

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"time"

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
	stamp := epoch.Unix()
	if stamp < 0 || stamp > math.MaxUint32 {
		return fmt.Errorf("writing an archive: the epoch %s lies outside 1970 to 2106", epoch.UTC().Format(time.RFC3339))
	}
	a := archive{w: w, mtime: uint32(stamp), open: open, buf: make([]byte, 64<<10), links: tree.LinksOf(sorted), numbers: map[string]uint32{}}
	for i, f := range sorted {
		if i > 0 && f.Path == sorted[i-1].Path {
			return fmt.Errorf("writing an archive: %s occurs twice", f.Path)
		}
		if err := a.add(f); err != nil {
			return fmt.Errorf("writing %s to an archive: %w", f.Path, err)
		}
	}
	if err := a.header(header{nlink: 1}, trailer); err != nil {
		return fmt.Errorf("ending an archive: %w", err)
	}
	return nil
}

type archive struct {
	w     io.Writer
	ino   uint32
	mtime uint32
	open  func(tree.File) (io.ReadCloser, error)
	buf   []byte
	links tree.Links
	// numbers are those of files with several names, by the first.
	numbers map[string]uint32
}

func (a *archive) add(f tree.File) error {
	mode, err := toBits(f.Mode)
	if err != nil {
		return err
	}
	a.ino++
	h := header{ino: a.ino, mode: mode, uid: f.UID, gid: f.GID, nlink: 1, mtime: a.mtime}
	size := int64(0)
	var content io.ReadCloser
	switch f.Mode.Type() {
	case fs.ModeDir:
		h.nlink = 2
	case fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice:
		h.major, h.minor = f.Major, f.Minor
	case fs.ModeSymlink:
		if size = int64(len(f.Link)); size >= pathMax {
			return fmt.Errorf("the link's target has %d bytes, Linux takes %d", size, pathMax-1)
		}
		content = io.NopCloser(bytes.NewReader([]byte(f.Link)))
	case 0:
		if names := a.links.Names(f); names != nil {
			h.nlink = uint32(len(names))
			if a.numbers[names[0]] == 0 {
				a.numbers[names[0]] = a.ino
			}
			h.ino = a.numbers[names[0]]
		}
		if a.links.Content(f) != f.Path {
			break
		}
		if size = f.Size; size > math.MaxUint32 {
			return fmt.Errorf("%d bytes are too many, newc holds files below 4 GiB", size)
		}
		if content, err = a.content(f); err != nil {
			return err
		}
	}
	if content != nil {
		defer content.Close()
	}
	h.size = uint32(size)
	if err := a.header(h, f.Path); err != nil || content == nil {
		return err
	}
	return a.copy(content, size)
}

func (a *archive) content(f tree.File) (io.ReadCloser, error) {
	if f.From == (tree.Source{}) {
		return io.NopCloser(bytes.NewReader(f.Body)), nil
	}
	return a.open(f)
}

func (a *archive) header(h header, name string) error {
	if len(name) >= pathMax {
		return fmt.Errorf("the path has %d bytes, Linux takes %d", len(name), pathMax-1)
	}
	h.nameSize = uint32(len(name) + 1)
	b := h.append(make([]byte, 0, headerSize+len(name)+4))
	b = append(b, name...)
	b = append(b, 0)
	b = append(b, zeros[:padding(int64(len(b)))]...)
	_, err := a.w.Write(b)
	return err
}

var zeros [4]byte

// copy writes exactly size bytes. It reads on to the end, so that a file which
// grew since it was planned is noticed as well as one that shrank.
func (a *archive) copy(content io.Reader, size int64) error {
	n, err := io.CopyBuffer(onlyWriter{a.w}, io.LimitReader(content, size), a.buf)
	if err != nil {
		return err
	}
	if n == size {
		var more int
		if more, err = io.ReadFull(content, a.buf[:1]); more > 0 {
			return fmt.Errorf("the content is longer than the planned %d bytes; did it change during the build?", size)
		} else if err != io.EOF {
			return err
		}
	} else {
		return fmt.Errorf("the content has %d bytes, planned were %d; did it change during the build?", n, size)
	}
	_, err = a.w.Write(zeros[:padding(size)])
	return err
}

// onlyWriter hides ReadFrom, which compressors implement to end up with other
// blocks, and so other bytes, than from plain writes.
type onlyWriter struct{ io.Writer }

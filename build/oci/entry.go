package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// entry is a name of a layer, judged.
type entry struct {
	path     string // relative to the root; "." is the root
	mode     fs.FileMode
	uid, gid uint32
	link     string // a symbolic link's target
	same     string // the name of the file that a hard link is
	size, at int64  // of a regular file's content, in the archive unpacked
	xattrs   map[string]string
	body     []byte // the content of a file that was to be kept
	opaque   bool   // a directory that hides what lower layers have in it
	gone     bool   // what lower layers have of this name is taken away
	implied  bool   // a directory that the layer does not have, and names in it
}

// position is a reader that knows where it is.
type position struct {
	io.Reader
	at int64
}

func (p *position) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.at += int64(n)
	return n, err
}

// file is one that can be sought in, so that contents are passed over.
type file struct{ position }

func (f *file) Seek(offset int64, whence int) (int64, error) {
	at, err := f.Reader.(io.Seeker).Seek(offset, whence)
	f.at = at
	return at, err
}

// entries reads the names of a layer unpacked, and judges each by itself; see arrange for all of them together. Of contents it keeps
// those of files with accounts, in bytes as many as keep says.
func entries(r io.Reader, shifted bool, limit int, keep int64) ([]entry, error) {
	f := &file{position{Reader: r}}
	var in io.Reader = &f.position
	if _, ok := r.(io.Seeker); ok {
		in = f
	}
	var all []entry
	for t := tar.NewReader(in); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is no tar archive: %w", err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader { // a comment, of git's
			continue
		}
		if len(all) == limit {
			return nil, fmt.Errorf("it has more than %d names, which is as many as one may have", limit)
		}
		e, err := entryOf(h, shifted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quoted(h.Name), err)
		}
		e.at = f.at
		if base := path.Base(e.path); (base == "passwd" || base == "group") && h.Typeflag == tar.TypeReg && e.size <= min(keep, mostAccounts) {
			if e.body, err = io.ReadAll(t); err != nil {
				return nil, fmt.Errorf("it is no tar archive: %w", err)
			}
			keep -= e.size
		}
		all = append(all, e)
	}
}

// ownersMost is how many owners a shifted image may have: those of its range.
const ownersMost = spec.OwnersEach

// entryOf judges one member.
func entryOf(h *tar.Header, shifted bool) (e entry, err error) {
	if e.path, err = cleaned(h.Name); err != nil {
		return e, err
	}
	if e.mode, err = typeOf(h); err != nil {
		return e, err
	}
	highest := int64(1<<32 - 2) // the next one means "leave it as it is" (chown(2))
	if shifted {
		highest = ownersMost - 1
	}
	for _, id := range []int{h.Uid, h.Gid} {
		if int64(id) < 0 || int64(id) > highest {
			return e, fmt.Errorf("it belongs to %d:%d; accepted: 0 to %d", h.Uid, h.Gid, highest)
		}
	}
	e.uid, e.gid = uint32(h.Uid), uint32(h.Gid)
	switch h.Typeflag {
	case tar.TypeReg:
		e.size = h.Size
	case tar.TypeLink:
		e.same, err = cleaned(h.Linkname)
	case tar.TypeSymlink:
		if e.link = h.Linkname; e.link == "" || len(e.link) > pathMax || strings.ContainsRune(e.link, 0) {
			err = fmt.Errorf("a link whose target is %s", quoted(e.link))
		}
	}
	if err == nil {
		e.xattrs, err = xattrs(h)
	}
	return e, err
}

package oci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/imgbuild/imgbuild/build/squashfs"
)

// item is a file of one layer.
type item struct {
	name     string
	mode     fs.FileMode
	uid, gid uint32
	link     string
	size     int64
	in       branch
	at       any // what its branch knows it by
}

// branch is a layer that can be looked into.
type branch interface {
	// top is the root of the layer.
	top() (item, error)
	list(dir item) ([]item, error)
	// hides says that a directory lets nothing of lower layers through.
	hides(dir item) (bool, error)
	content(f item) (io.Reader, error)
}

// treeRoot is the folder of a layer's squashfs that holds its files: of the root itself mksquashfs takes neither owner nor mode.
const treeRoot = "root"

// squashed is a packed layer.
type squashed struct{ *squashfs.Reader }

func (s squashed) item(e squashfs.Entry) item {
	return item{path.Base(e.Path), e.Mode, e.UID, e.GID, e.Link, e.Size, s, e}
}

func (s squashed) top() (item, error) {
	root, err := s.Root()
	if err != nil {
		return item{}, err
	}
	all, err := s.list(s.item(root))
	for _, i := range all {
		if i.name == treeRoot {
			return i, nil
		}
	}
	return item{}, fmt.Errorf("a packed layer without a root: %w", err)
}

func (s squashed) list(dir item) (all []item, err error) {
	entries, err := s.List(dir.at.(squashfs.Entry))
	for _, e := range entries {
		all = append(all, s.item(e))
	}
	return all, err
}

func (s squashed) hides(dir item) (bool, error) {
	all, err := s.Xattrs(dir.at.(squashfs.Entry))
	return all[overlayOpaque] == "y", err
}

func (s squashed) content(f item) (io.Reader, error) { return s.Content(f.at.(squashfs.Entry)), nil }

// namedLayer is a layer of which the names are known, by their directories, and the contents of those few files that entries kept.
type namedLayer map[string][]entry

// errNotKept says that a file's content is not known.
var errNotKept = errors.New("the content of a file was not kept")

func newNamed(all []entry) namedLayer {
	n := namedLayer{}
	for _, e := range all {
		dir := path.Dir(e.path)
		if e.path == "." {
			dir = ""
		}
		n[dir] = append(n[dir], e)
	}
	return n
}

func (n namedLayer) item(e entry) item {
	return item{path.Base(e.path), e.mode, e.uid, e.gid, e.link, e.size, n, e}
}

func (n namedLayer) top() (item, error) { return n.item(n[""][0]), nil }

func (n namedLayer) list(dir item) (all []item, err error) {
	for _, e := range n[dir.at.(entry).path] {
		all = append(all, n.item(e))
	}
	return all, nil
}

func (n namedLayer) hides(dir item) (bool, error) { return dir.at.(entry).opaque, nil }

func (n namedLayer) content(f item) (io.Reader, error) {
	e := f.at.(entry)
	if int64(len(e.body)) != e.size {
		return nil, errNotKept
	}
	return bytes.NewReader(e.body), nil
}

package oci

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/squashfs"
)

// treeRoot is the folder of a layer's squashfs that holds its files: of the root itself mksquashfs takes neither owner nor mode.
const treeRoot = "root"

// stack reads packed layers as overlayfs shows them, the lowest first.
type stack struct {
	layers []*squashfs.Reader
	files  []*cache.File
}

// node is a file of a stack; a directory is one in each layer that shows through.
type node struct {
	squashfs.Entry
	from []part
}

type part struct {
	r *squashfs.Reader
	e squashfs.Entry
}

// push lays a layer over the others.
func (s *stack) push(f *cache.File) error {
	r, err := squashfs.Open(f, f.Size())
	if err != nil {
		return errors.Join(f.Damage(), err, f.Close())
	}
	s.layers, s.files = append(s.layers, r), append(s.files, f)
	return nil
}

// close closes all layers.
func (s *stack) close() {
	for _, f := range s.files {
		f.Close()
	}
}

// damage is an error of reading with that of the cache, where it comes of one.
func (s *stack) damage(err error) error {
	for _, f := range s.files {
		if bad := f.Damage(); bad != nil && err != nil {
			return bad
		}
	}
	return err
}

// root is the root of what the stack shows.
func (s *stack) root() (node, error) {
	var base node
	for _, r := range s.layers {
		top, err := r.Root()
		if err != nil {
			return base, err
		}
		base.from = append([]part{{r, top}}, base.from...)
	}
	return base.child(treeRoot)
}

// child is what a directory has by a name; the error is fs.ErrNotExist where that is nothing.
func (n node) child(name string) (found node, err error) {
	for _, p := range n.from {
		all, err := p.r.List(p.e)
		if err != nil {
			return found, err
		}
		for _, e := range all {
			if path.Base(e.Path) != name {
				continue
			}
			if last, err := found.under(part{p.r, e}); err != nil || last {
				return found, found.or(name, err)
			}
		}
	}
	return found, found.or(name, nil)
}

// under takes what a further layer has below; last says that nothing shows through from below that.
func (n *node) under(p part) (last bool, err error) {
	gone := p.e.Mode.Type() == fs.ModeDevice|fs.ModeCharDevice
	if gone || !p.e.Mode.IsDir() {
		if !gone && n.from == nil {
			n.Entry, n.from = p.e, []part{p}
		}
		return true, nil
	}
	if n.from == nil {
		n.Entry = p.e
	}
	n.from = append(n.from, p)
	all, err := p.r.Xattrs(p.e)
	return all[overlayOpaque] == "y", err
}

// or is an error, or that there is nothing.
func (n node) or(name string, err error) error {
	if err == nil && n.from == nil {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return err
}

// lookup finds a name as it is, through no link.
func (s *stack) lookup(name string) (node, error) {
	n, err := s.root()
	for _, part := range strings.Split(name, "/") {
		if err != nil || name == "." {
			break
		}
		n, err = n.child(part)
	}
	return n, s.damage(err)
}

package oci

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/squashfs"
)

// stack reads layers as overlayfs shows them, the lowest first.
type stack struct {
	layers []branch
	files  []*cache.File
}

// node is a file of a stack; a directory is one in each layer that shows through, the highest first.
type node struct {
	item
	from []item
}

// push lays a packed layer over the others.
func (s *stack) push(f *cache.File) error {
	r, err := squashfs.Open(f, f.Size())
	if err != nil {
		return errors.Join(f.Damage(), err, f.Close())
	}
	s.layers, s.files = append(s.layers, squashed{r}), append(s.files, f)
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
func (s *stack) root() (base node, err error) {
	for _, l := range slices.Backward(s.layers) {
		top, err := l.top()
		if err != nil {
			return base, err
		}
		if last, err := base.under(top); err != nil || last {
			return base, err
		}
	}
	return base, base.or(".", nil)
}

// child is what a directory has by a name; the error is fs.ErrNotExist where that is nothing.
func (n node) child(name string) (found node, err error) {
	for _, dir := range n.from {
		if !dir.mode.IsDir() {
			break
		}
		all, err := dir.in.list(dir)
		if err != nil {
			return found, err
		}
		for _, i := range all {
			if i.name != name {
				continue
			}
			if last, err := found.under(i); err != nil || last {
				return found, found.or(name, err)
			}
		}
	}
	return found, found.or(name, nil)
}

// under takes what a further layer has below; last says that nothing shows through from below that.
func (n *node) under(i item) (last bool, err error) {
	gone := i.mode.Type() == fs.ModeDevice|fs.ModeCharDevice
	if gone || !i.mode.IsDir() {
		if !gone && n.from == nil {
			n.item, n.from = i, []item{i}
		}
		return true, nil
	}
	if n.from == nil {
		n.item = i
	}
	n.from = append(n.from, i)
	return i.in.hides(i)
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

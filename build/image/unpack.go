package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Listing is the file in which Unpack records, in the form of mtree(5), what Unpack
// does not make unless it is asked to: owners, special modes and device nodes.
const Listing = ".imgbuild.mtree"

// Unpack writes the image's files below dir, which must be empty. Images in the image
// become directories. Nothing is written outside of dir, whatever paths and links say.
// With owners set, which needs root, files get their owners and special modes, and
// devices are made; else Listing tells them. When it fails dir is emptied again.
func (m *Image) Unpack(ctx context.Context, dir *os.Root, owners bool) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, empty(dir))
		}
	}()
	u := &unpacking{dir: dir, owners: owners, tree: NewTree()}
	number := 0
	err = m.Walk(ctx, func(e Entry, content io.Reader) error {
		n, err := u.tree.Add(e, number)
		if number++; err != nil || n == nil {
			return err
		}
		if err := u.put(n, content); err != nil {
			return fmt.Errorf("unpacking %s: %w", n.Path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return u.finish()
}

type unpacking struct {
	dir    *os.Root
	owners bool
	tree   *Tree
}

// put makes one file. Its path leads through no link: the tree has followed them.
func (u *unpacking) put(n *Node, content io.Reader) error {
	if n.Path == "." {
		return nil
	}
	if err := u.dir.MkdirAll(path.Dir(n.Path), 0o755); err != nil {
		return err
	}
	if n.Mode.IsDir() || n.Kind != "" {
		err := u.dir.Mkdir(n.Path, 0o755)
		if errors.Is(err, fs.ErrExist) {
			if info, statErr := u.dir.Lstat(n.Path); statErr == nil && info.IsDir() {
				return nil
			}
			if err = u.dir.Remove(n.Path); err == nil {
				err = u.dir.Mkdir(n.Path, 0o755)
			}
		}
		return err
	}
	old, err := u.dir.Lstat(n.Path)
	if err == nil && (n.Same != "" || !old.Mode().IsRegular() || !n.Mode.IsRegular()) {
		if err := u.dir.Remove(n.Path); err != nil {
			return err
		}
	}
	if n.Same != "" && n.Same != n.Path {
		if err := u.dir.Link(n.Same, n.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		} else if err == nil && n.Entry.Size == 0 {
			return nil
		}
	}
	switch n.Mode.Type() {
	case 0:
		return u.write(n.Path, content, n.Entry.Size)
	case fs.ModeSymlink:
		return u.dir.Symlink(n.Link, n.Path)
	}
	return u.special(n)
}

// write copies a content of known size and leaves its zeros out.
func (u *unpacking) write(name string, content io.Reader, size int64) (err error) {
	f, err := u.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // until finish opens it to whom it may concern
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < size; {
		part := buf[:min(int64(len(buf)), size-at)]
		if _, err := io.ReadFull(content, part); err != nil {
			return err
		}
		if !bytes.Equal(part, zeros[:len(part)]) {
			if _, err := f.WriteAt(part, at); err != nil {
				return err
			}
		}
		at += int64(len(part))
	}
	return f.Truncate(size)
}

// special makes a device, a pipe or a socket, where that is possible.
func (u *unpacking) special(n *Node) error {
	if !u.owners {
		return nil
	}
	bits, ok := map[fs.FileMode]uint32{fs.ModeDevice: unix.S_IFBLK, fs.ModeDevice | fs.ModeCharDevice: unix.S_IFCHR,
		fs.ModeNamedPipe: unix.S_IFIFO, fs.ModeSocket: unix.S_IFSOCK}[n.Mode.Type()]
	if !ok {
		return fmt.Errorf("a file of the type %s cannot be made", n.Mode.Type())
	}
	parent, err := u.dir.Open(path.Dir(n.Path))
	if err != nil {
		return err
	}
	defer parent.Close()
	return unix.Mknodat(int(parent.Fd()), path.Base(n.Path), bits|uint32(n.Mode.Perm()), int(unix.Mkdev(n.Major, n.Minor)))
}

// finish sets what must wait until everything is there: modes, that may keep us from
// writing, and times; the deepest first.
func (u *unpacking) finish() error {
	nodes := u.tree.Nodes()
	for _, n := range slices.Backward(nodes) {
		if err := u.attributes(n); err != nil {
			return fmt.Errorf("unpacking %s: %w", n.Path, err)
		}
	}
	if u.owners {
		return nil
	}
	f, err := u.dir.OpenFile(Listing, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(WriteListing(f, nodes), f.Close())
}

func (u *unpacking) attributes(n *Node) error {
	special := n.Mode&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0
	if special && !u.owners {
		return nil
	}
	mode := n.Mode.Perm()
	if u.owners {
		if err := u.dir.Lchown(n.Path, int(n.UID), int(n.GID)); err != nil {
			return err
		}
		mode |= n.Mode & (fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	} else if n.Mode.IsDir() {
		mode |= 0o700 // whoever unpacked it may remove it
	}
	switch {
	case n.Mode.Type() == fs.ModeSymlink:
		return nil
	case n.Kind != "":
		mode = 0o755
	}
	if err := u.dir.Chmod(n.Path, mode); err != nil {
		return err
	}
	return u.dir.Chtimes(n.Path, n.ModTime, n.ModTime)
}

// empty removes what is in dir.
func empty(dir *os.Root) error {
	entries, err := fs.ReadDir(dir.FS(), ".")
	for _, e := range entries {
		err = errors.Join(err, dir.RemoveAll(e.Name()))
	}
	return err
}

package repack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
)

// stream gives the files of a squashfs and of an overlay as a tar archive.
type stream struct {
	r       *squashfs.Reader
	overlay fs.FS
	added   []addition
}

var errRoot = errors.New("the root is known")

// root is what the file system says of its root.
func (s *stream) root() (root squashfs.Entry, err error) {
	err = s.r.Walk(func(e squashfs.Entry) error {
		root = e
		return errRoot
	})
	if errors.Is(err, errRoot) {
		err = nil
	}
	return root, err
}

func (s *stream) write(ctx context.Context, w io.Writer) error {
	out := tar.NewWriter(w)
	replaced := map[string]bool{}
	for _, a := range s.added {
		replaced[a.Path] = true
	}
	names := map[uint32]string{}
	err := s.r.Walk(func(e squashfs.Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.Path == "." || replaced[e.Path] {
			return nil
		}
		h, err := s.header(e, names)
		if err != nil {
			return err
		}
		if err := out.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		if h.Typeflag == tar.TypeReg {
			_, err = io.Copy(out, s.r.Content(e))
		}
		return err
	})
	for _, a := range s.added {
		if err == nil {
			err = s.add(out, a)
		}
	}
	return errors.Join(err, out.Close())
}

// header describes a file of the original. The first name of a hard link has the content.
func (s *stream) header(e squashfs.Entry, names map[uint32]string) (*tar.Header, error) {
	h := &tar.Header{Name: e.Path, Mode: int64(tree.Permissions(e.Mode)), Uid: int(e.UID), Gid: int(e.GID), ModTime: e.ModTime, Format: tar.FormatPAX,
		Linkname: e.Link, Devmajor: int64(e.Major), Devminor: int64(e.Minor)}
	if err := squashfs.SetType(h, e.Mode, e.Size); err != nil {
		return nil, err
	}
	if e.Links > 1 && !e.Mode.IsDir() {
		if first := names[e.Inode]; first != "" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			return h, nil
		}
		names[e.Inode] = e.Path
	}
	xattrs, err := s.r.Xattrs(e)
	for name, value := range xattrs {
		if h.PAXRecords == nil {
			h.PAXRecords = map[string]string{}
		}
		h.PAXRecords["SCHILY.xattr."+name] = value
	}
	return h, err
}

// add writes a file of the overlay.
func (s *stream) add(out *tar.Writer, a addition) error {
	h := &tar.Header{Name: a.Path, Mode: int64(tree.Permissions(a.Mode)), ModTime: s.time(), Format: tar.FormatPAX, Linkname: a.Link, Size: a.Size}
	switch a.Mode.Type() {
	case fs.ModeDir:
		h.Typeflag, h.Name = tar.TypeDir, a.Path+"/"
	case fs.ModeSymlink:
		h.Typeflag = tar.TypeSymlink
	default:
		h.Typeflag = tar.TypeReg
	}
	if err := out.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	f, err := s.overlay.Open(a.from)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, f)
	return errors.Join(err, f.Close())
}

// time of what is added is that of the file system itself, so that equal inputs give
// equal bytes.
func (s *stream) time() time.Time { return s.r.Superblock.Made }

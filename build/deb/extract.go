package deb

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// extractor writes a package's files below a directory and notes what they are.
type extractor struct {
	root  *os.Root // refuses to leave the directory, whatever links lie in it
	seen  map[string]int
	files []Entry
	buf   []byte
}

// extract unpacks the tar archive r into dir, which exists. The entries it returns
// are sorted by path.
func extract(ctx context.Context, r io.Reader, dir string) ([]Entry, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	x := &extractor{root: root, seen: map[string]int{}, buf: make([]byte, 256<<10)}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if err := x.add(h, archive); err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	if err := x.links(); err != nil {
		return nil, err
	}
	slices.SortFunc(x.files, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return x.files, nil
}

// leaves tells whether an archive's path, read step by step, goes above the root.
func leaves(p string) bool {
	return strings.HasPrefix(p, "/") || p == ".." || strings.HasPrefix(path.Clean(p), "../") || path.Clean(p) == ".."
}

func (x *extractor) add(h *tar.Header, body io.Reader) error {
	if leaves(h.Name) || strings.ContainsRune(h.Name+h.Linkname, 0) {
		return errors.New("the path leaves the package")
	}
	if h.Typeflag == tar.TypeSymlink && mergedDirs[path.Clean(h.Name)] {
		return nil // the system's link /lib → usr/lib, which is not the package's to make
	}
	e := Entry{Path: canonical(h.Name), UID: uint32(h.Uid), GID: uint32(h.Gid)}
	e.Mode = h.FileInfo().Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	if at, ok := x.seen[e.Path]; ok {
		// ./lib and ./usr/lib are one directory where /usr is merged.
		if h.Typeflag == tar.TypeDir && x.files[at].Mode.IsDir() {
			return nil
		}
		return errors.New("the package has this path twice")
	}
	var err error
	switch h.Typeflag {
	case tar.TypeDir:
		if e.Path == "." {
			return nil
		}
		e.Mode |= fs.ModeDir
		err = x.root.MkdirAll(e.Path, 0o755)
	case tar.TypeReg:
		err = x.file(&e, body)
	case tar.TypeSymlink:
		e.Mode, e.Link = fs.ModeSymlink|0o777, h.Linkname
	case tar.TypeLink:
		err = x.hardlink(&e, h.Linkname)
	default:
		err = fmt.Errorf("a package cannot hold a file of type %q here", h.Typeflag)
	}
	if err != nil {
		return err
	}
	x.seen[e.Path] = len(x.files)
	x.files = append(x.files, e)
	return nil
}

// file writes a regular file and fills in what its content tells.
func (x *extractor) file(e *Entry, body io.Reader) error {
	if err := x.root.MkdirAll(path.Dir(e.Path), 0o755); err != nil {
		return err
	}
	f, err := x.root.OpenFile(e.Path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644|e.Mode&0o111)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if e.Size, err = io.CopyBuffer(io.MultiWriter(f, sum), body, x.buf); err != nil {
		return err
	}
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	// Test data of some packages is broken on purpose: such a file needs no libraries.
	if needs, err := dynamic(f); err == nil {
		e.ELF = needs
	}
	if e.Mode&0o111 != 0 {
		head := make([]byte, 256)
		n, err := f.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		e.Script = script(head[:n])
	}
	return f.Close()
}

// hardlink makes e another name of an earlier entry.
func (x *extractor) hardlink(e *Entry, target string) error {
	at, ok := x.seen[canonical(target)]
	if !ok || leaves(target) || x.files[at].Mode.Type() != 0 {
		return fmt.Errorf("a hard link to %q, which is no file before it", target)
	}
	first := x.files[at]
	p := e.Path
	*e = first
	e.Path, e.Hardlink = p, first.Path
	if first.Hardlink != "" {
		e.Hardlink = first.Hardlink
	}
	if err := x.root.MkdirAll(path.Dir(p), 0o755); err != nil {
		return err
	}
	return x.root.Link(first.Path, p)
}

// links makes those symbolic links that stay within the tree, after everything
// else: no file is ever written through one.
func (x *extractor) links() error {
	for _, e := range x.files {
		if e.Mode.Type() != fs.ModeSymlink {
			continue
		}
		if _, err := x.root.Lstat(e.Path); err == nil {
			return fmt.Errorf("%s: the package has files below this link", e.Path)
		}
		if path.IsAbs(e.Link) || leaves(path.Join(path.Dir(e.Path), e.Link)) {
			continue
		}
		if err := x.root.MkdirAll(path.Dir(e.Path), 0o755); err != nil {
			return err
		}
		if err := x.root.Symlink(e.Link, e.Path); err != nil {
			return err
		}
	}
	return nil
}

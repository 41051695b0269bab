package tree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Imported is a file of an overlay, and what it is where the overlay lies.
type Imported struct {
	File
	// Own is its mode there: permissions and the special bits. Where a file system has no such bits (embed.FS) everybody may
	// read it.
	Own fs.FileMode
	// Holds is the secret that its content looks like: "a private key"; empty where it looks like none.
	Holds string
	// Way is set for a directory that holds something: it is only the way to its files.
	Way bool
}

// FromFS lists the overlay called name: regular files, symbolic links and directories
// of fsys, sorted by path. Names of one file stay that. Modes become
// 0755 where a file may be executed or starts with "#!", else 0644: a umask, or a
// file system without such bits (embed.FS), does not reach the image.
// ".gitkeep" is ignored. A link that climbs out of the tree, a device, a pipe and
// a socket are an *OverlayError.
func FromFS(name string, fsys fs.FS) ([]Imported, error) {
	var files []Imported
	links := map[inode]string{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p == "." || d.Name() == gitkeep {
			return nil
		}
		f := Imported{File: File{
			Path: p,
			From: Source{Store: "overlay", Name: name, Path: p},
			Why:  "overlay " + name,
		}}
		switch d.Type() {
		case 0:
			err = regular(fsys, &f, links)
		case fs.ModeSymlink:
			err = link(fsys, &f.File)
		case fs.ModeDir:
			err = directory(fsys, &f, d)
		default:
			err = fmt.Errorf("an overlay holds regular files, directories and symbolic links; this is %s", d.Type())
		}
		if err != nil {
			return &OverlayError{Overlay: name, Path: p, Err: err}
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading overlay %s: %w", name, err)
	}
	return files, nil
}

// Shut says that nothing in an overlay is open to others in any way, its own directory included. So a strict umask leaves a
// checkout, for git knows no modes but that for programs; then these say nothing of any file.
func Shut(fsys fs.FS, found []Imported) bool {
	top, err := fs.Stat(fsys, ".")
	return err == nil && top.Mode()&0o007 == 0 && !slices.ContainsFunc(found, func(f Imported) bool { return f.Own&0o007 != 0 })
}

// gitkeep is how people keep an otherwise empty directory in git.
const gitkeep = ".gitkeep"

// OverlayError is a file of an overlay that cannot go into an image.
type OverlayError struct {
	Overlay, Path string
	Err           error
}

func (e *OverlayError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *OverlayError) Unwrap() error { return e.Err }

// inode is what names of one file have in common, where the overlay lies.
type inode struct{ dev, ino uint64 }

// bits are those of a mode that a file has beside its type.
const bits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// regular fills in size, hash, modes and what the content looks like, in one pass over it; links are the first names of files
// with several.
func regular(fsys fs.FS, f *Imported, links map[inode]string) error {
	r, err := fsys.Open(f.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Nlink > 1 {
		i := inode{uint64(s.Dev), s.Ino}
		if links[i] == "" {
			links[i] = f.From.String()
		}
		f.Same = links[i]
	}
	sum := sha256.New()
	var start prefix
	if f.Size, err = io.Copy(io.MultiWriter(sum, &start), r); err != nil {
		return err
	}
	f.From.SHA256 = hex.EncodeToString(sum.Sum(nil))
	f.Own, f.Holds, f.Mode = info.Mode()&bits, secretIn(start), 0o644
	if info.Mode()&0o111 != 0 || bytes.HasPrefix(start, []byte("#!")) {
		f.Mode = 0o755
	}
	return nil
}

func directory(fsys fs.FS, f *Imported, d fs.DirEntry) (err error) {
	if f.Way, err = holds(fsys, f.Path); err != nil {
		return err
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	f.From, f.Mode, f.Own = Source{}, fs.ModeDir|0o755, info.Mode()&bits
	return nil
}

// prefix keeps the first MiB written to it: secrets are small.
type prefix []byte

func (p *prefix) Write(b []byte) (int, error) {
	*p = append(*p, b[:min(len(b), 1<<20-len(*p))]...)
	return len(b), nil
}

// link reads a symbolic link's target, which must stay below the image's root. An
// absolute target is meant from there, so only ".." can leave it.
func link(fsys fs.FS, f *File) error {
	target, err := fs.ReadLink(fsys, f.Path)
	if err != nil {
		return err
	}
	if !path.IsAbs(target) {
		if end := path.Join(path.Dir(f.Path), target); end == ".." || strings.HasPrefix(end, "../") {
			return fmt.Errorf("the link to %s leaves the overlay; a target must lie below the image's root", target)
		}
	}
	f.From, f.Link, f.Mode = Source{}, target, fs.ModeSymlink|0o777
	return nil
}

// holds tells whether the directory has anything but a .gitkeep in it.
func holds(fsys fs.FS, dir string) (bool, error) {
	entries, err := fs.ReadDir(fsys, dir)
	for _, e := range entries {
		if e.Name() != gitkeep {
			return true, err
		}
	}
	return false, err
}

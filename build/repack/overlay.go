// Package repack adds files to initramfs archives and squashfs file systems of any maker,
// and leaves all else as it is.
package repack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/build/tree"
)

// addition is a file of the overlay at its place in the image.
type addition struct {
	tree.File
	// from is its path in the overlay.
	from string
	// old is the file in whose place it comes, nil for none.
	old *image.Node
}

// readOverlay lists what is in a directory. Other than those of a profile, these files
// keep their exact permissions: whoever repacks has set them.
func readOverlay(name string, overlay fs.FS) ([]tree.File, error) {
	found, err := tree.FromFS(name, overlay)
	var files []tree.File
	for _, f := range found {
		if f.Mode.Type() != fs.ModeSymlink {
			f.Mode = f.Mode.Type() | f.Own
		}
		if !f.Way { // a directory with something in it is implied
			files = append(files, f.File)
		}
	}
	return files, err
}

// Secret is a file of an overlay that not everybody may read.
type Secret struct {
	Path string
	// Open: it looks like a secret, and everybody may read it in the directory, and so in the image.
	Open bool
}

// Secrets finds the files in a directory that not everybody may read, and those that look as if they should not be.
func Secrets(name string, overlay fs.FS) ([]Secret, error) {
	found, err := tree.FromFS(name, overlay)
	var secrets []Secret
	for _, f := range found {
		if f.Mode.IsRegular() && (f.Own&0o004 == 0 || f.Holds != "") {
			secrets = append(secrets, Secret{f.Path, f.Own&0o004 != 0})
		}
	}
	return secrets, err
}

// place finds where in an image the files of an overlay lie. Where the image has a link to
// a directory, such as /lib to /usr/lib, and the overlay a directory, the files go
// where the link leads: a directory in the link's place would hide all that is there.
// Directories that are missing are added.
func place(t *image.Tree, files []tree.File) ([]addition, error) {
	var all []addition
	placed := tree.New()
	known := map[string]bool{}
	for _, f := range files {
		from := f.Path
		at, old, err := t.Place(f.Path)
		if err != nil {
			return nil, err
		}
		if f.Mode.IsDir() {
			if n, ok := t.Lookup(f.Path); ok {
				if !n.Mode.IsDir() {
					return nil, fmt.Errorf("%s is a directory in the overlay, and in the image %s", f.Path, what(n))
				}
				continue // it keeps its mode and owner
			}
		} else if old != nil && old.Mode.IsDir() {
			return nil, fmt.Errorf("%s is %s in the overlay, and in the image a directory", f.Path, word(f.Mode))
		}
		for _, dir := range missing(t, at, known) {
			all = append(all, addition{File: tree.File{Path: dir, Mode: fs.ModeDir | 0o755}})
		}
		for dir := path.Dir(at); dir != "."; dir = path.Dir(dir) {
			if _, n, err := t.Place(dir); err == nil && n != nil && !n.Mode.IsDir() {
				return nil, fmt.Errorf("%s is a directory in the overlay, and in the image %s", dir, what(n))
			}
		}
		f.Path = at
		if err := placed.Add(f); err != nil {
			var conflict *tree.ConflictError
			if errors.As(err, &conflict) {
				return nil, fmt.Errorf("two files of the overlay lead to %s in the image: %w", at, err)
			}
			return nil, err
		}
		known[at] = f.Mode.IsDir()
		all = append(all, addition{f, from, old})
	}
	return all, nil
}

// missing lists the directories above a path that the image lacks, the uppermost first.
func missing(t *image.Tree, at string, known map[string]bool) (dirs []string) {
	for dir := path.Dir(at); dir != "." && !known[dir]; dir = path.Dir(dir) {
		if _, n, err := t.Place(dir); err != nil || n != nil {
			break
		}
		known[dir] = true
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}

func what(n *image.Node) string {
	if n.Link != "" {
		return "a link to " + n.Link
	}
	return word(n.Mode)
}

func word(m fs.FileMode) string {
	switch m.Type() {
	case 0:
		return "a file"
	case fs.ModeDir:
		return "a directory"
	case fs.ModeSymlink:
		return "a link"
	}
	return "a device"
}

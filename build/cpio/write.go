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
	if s := epoch.Unix(); s < 0 || s > math.MaxUint32 {
		return fmt.Errorf("writing an archive: the epoch %s lies outside 1970 to 2106", epoch.UTC().Format(time.RFC3339))
	}
	a := NewArchive(w)
	// Without an entry of its own the guest's / keeps the mode the kernel made it with.
	root := tree.File{Path: ".", Mode: fs.ModeDir | 0o755}
	if err := a.AddFiles(append([]tree.File{root}, files...), epoch, open); err != nil {
		return err
	}
	return a.Close()
}

// AddFiles adds files as Write does. None of them may be another name of what was added before.
func (a *Archive) AddFiles(files []tree.File, at time.Time, open func(tree.File) (io.ReadCloser, error)) error {
	sorted := slices.SortedFunc(slices.Values(files), func(a, b tree.File) int { return cmp.Compare(place(a.Path), place(b.Path)) })
	c := contents{links: tree.LinksOf(sorted), open: open}
	numbers := map[string]uint32{}
	for i, f := range sorted {
		if i > 0 && f.Path == sorted[i-1].Path {
			return fmt.Errorf("writing an archive: %s occurs twice", f.Path)
		}
		e := &Entry{Path: f.Path, Mode: f.Mode, UID: f.UID, GID: f.GID, Links: 1, ModTime: at, Link: f.Link, Major: f.Major, Minor: f.Minor}
		if f.Mode.IsDir() {
			e.Links = 2
		} else if names := c.links.Names(f); names != nil {
			e.Links, e.Inode = uint32(len(names)), numbers[names[0]]
		}
		if err := c.add(a, e, f); err != nil {
			return fmt.Errorf("writing %s to an archive: %w", f.Path, err)
		}
		numbers[f.Path] = e.Inode
	}
	return nil
}

// place is where a path stands in the order: the root first.
func place(path string) string {
	if path == "." {
		return ""
	}
	return path
}

// contents finds what is in the files of a plan. That of a file with several names comes with the last.
type contents struct {
	links tree.Links
	open  func(tree.File) (io.ReadCloser, error)
}

func (c contents) add(a *Archive, e *Entry, f tree.File) error {
	if !f.Mode.IsRegular() || c.links.Content(f) != f.Path {
		return a.add(e, nil)
	}
	if e.Size = f.Size; e.Size > math.MaxUint32 { // before it is opened
		return errTooLarge(e.Size)
	}
	if f.From == (tree.Source{}) {
		return a.add(e, bytes.NewReader(f.Body))
	}
	content, err := c.open(f)
	if err != nil {
		return err
	}
	defer content.Close()
	return a.add(e, content)
}

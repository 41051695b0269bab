package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// tarball is an archive with images, as an fs.FS of its regular files; links within it lead to these, as docker has them for
// layers that are there twice.
type tarball struct {
	path    string
	members map[string]member
}

type member struct {
	header *tar.Header
	at     int64
}

// mostMembers bounds an archive's index: one with a thousand images has fewer.
const mostMembers = 100_000

// openTarball reads the names of an archive, which is not compressed.
func openTarball(name string) (*tarball, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &tarball{path: name, members: map[string]member{}}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s is no tar archive: %w; accepted: one of an OCI layout, or what \"docker save\" writes, and neither compressed", name, err)
		}
		if len(t.members) == mostMembers {
			return nil, fmt.Errorf("%s has more than %d members", name, mostMembers)
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if sparse(h) {
			return nil, fmt.Errorf("%s: %s is stored with holes (a sparse file); accepted: an archive without", name, h.Name)
		}
		t.members[path.Clean(h.Name)] = member{h, at}
	}
}

// sparse says that a member is not stored as it is: its size is then not that of what lies in the archive.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// Open implements fs.FS.
func (t *tarball) Open(name string) (fs.File, error) {
	at := path.Clean(name)
	for range 8 { // links to links
		m, ok := t.members[at]
		switch {
		case !ok:
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		case m.header.Typeflag == tar.TypeSymlink:
			at = path.Join(path.Dir(at), m.header.Linkname)
			continue
		case m.header.Typeflag == tar.TypeLink:
			at = path.Clean(m.header.Linkname)
			continue
		case m.header.Typeflag != tar.TypeReg:
			return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is no regular file")}
		}
		f, err := os.Open(t.path)
		if err != nil {
			return nil, err
		}
		return &opened{io.NewSectionReader(f, m.at, m.header.Size), f, m.header}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("links lead in a circle")}
}

// opened is a member that is being read.
type opened struct {
	*io.SectionReader
	io.Closer
	header *tar.Header
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.header.FileInfo(), nil }

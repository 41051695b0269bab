package deb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxControl bounds a control file and a copyright file, in bytes; Debian's longest have a tenth of it.
const maxControl = 8 << 20

// Source returns the name and the version of the source package that a package was built from, as its control file says
// (deb-control(5)): where it names none, they are the package's own.
func (a *Apt) Source(ctx context.Context, p Package) (name, version string, err error) {
	err = a.cache.Mend(func() error {
		f, err := a.control(ctx, p)
		if err != nil {
			return err
		}
		name, version = f["source"], f["version"]
		if name == "" {
			name = f["package"]
		}
		if first, rest, ok := strings.Cut(name, " ("); ok {
			name, version = first, strings.TrimSuffix(rest, ")")
		}
		return nil
	})
	if err != nil {
		return "", "", fmt.Errorf("reading what %s says of itself: %w", p.Name, err)
	}
	return name, version, nil
}

// control reads the control file of a package.
func (a *Apt) control(ctx context.Context, p Package) (stanza, error) {
	if err := a.Fetch(ctx, []Package{p}); err != nil {
		return nil, err
	}
	e, ok, err := a.deb(ctx, p)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s vanished from the cache", fileName(p))
	}
	f, err := e.Open(debFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := findMember(f, f.Size(), controlTar)
	if err != nil {
		return nil, errors.Join(err, f.Damage())
	}
	s, err := readControl(io.NewSectionReader(f, m.Offset, m.Size), m.Name)
	if err != nil {
		return nil, errors.Join(err, f.Damage())
	}
	return s, nil
}

func readControl(packed *io.SectionReader, name string) (stanza, error) {
	r, err := decompress(packed, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for its control file: %w", err)
		}
		if path.Clean(h.Name) != "control" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(archive, maxControl))
		if err != nil {
			return nil, err
		}
		all, err := parseControl(text)
		if err != nil || len(all) == 0 {
			return nil, errors.Join(errors.New("its control file says nothing"), err)
		}
		return all[0], nil
	}
}

// Copyright returns the text of a package's copyright file (Debian policy 12.5). Where the package has that of another one, by a
// link, the text is nil and see names the other; where it has none, both are empty.
func (a *Apt) Copyright(t Tree) (text []byte, see string, err error) {
	const docs = "usr/share/doc/"
	at := docs + t.Name
	if e, ok := t.find(at); ok && e.Mode.Type() == fs.ModeSymlink {
		return nil, path.Base(e.Link), nil
	}
	for _, name := range []string{"/copyright", "/copyright.gz"} {
		e, ok := t.find(at + name)
		if ok && e.Mode.Type() == fs.ModeSymlink {
			to := canonical(e.Link)
			if !path.IsAbs(e.Link) {
				to = canonical(path.Join(at, e.Link))
			}
			if e, ok = t.find(to); !ok {
				if other, isDoc := strings.CutPrefix(path.Dir(to), docs); isDoc && other != t.Name {
					return nil, other, nil
				}
			}
		}
		if !ok || !e.Mode.IsRegular() || e.Size > maxControl {
			continue
		}
		text, err := a.Read(t, e)
		if err == nil && strings.HasSuffix(name, ".gz") {
			text, err = gunzip(text)
		}
		return text, "", err
	}
	return nil, "", nil
}

func (t Tree) find(p string) (Entry, bool) {
	at, ok := slices.BinarySearchFunc(t.Files, p, func(e Entry, p string) int { return strings.Compare(e.Path, p) })
	if !ok {
		return Entry{}, false
	}
	return t.Files[at], true
}

func gunzip(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxControl))
}

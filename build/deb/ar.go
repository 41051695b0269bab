package deb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// member is a file within an ar archive.
type member struct {
	Name         string
	Offset, Size int64 // bytes
}

// arMembers lists what is in a .deb, which is an ar archive (deb(5)).
func arMembers(r io.ReaderAt, size int64) ([]member, error) {
	const magic = "!<arch>\n"
	head := make([]byte, 60)
	if _, err := r.ReadAt(head[:len(magic)], 0); err != nil || string(head[:len(magic)]) != magic {
		return nil, errors.New("this is no ar archive")
	}
	var all []member
	for at := int64(len(magic)); at < size; {
		if _, err := r.ReadAt(head, at); err != nil {
			return nil, fmt.Errorf("the archive ends within a header: %w", err)
		}
		if !bytes.Equal(head[58:], []byte("`\n")) {
			return nil, fmt.Errorf("bad header at byte %d", at)
		}
		m := member{Name: strings.TrimRight(string(head[:16]), " /"), Offset: at + int64(len(head))}
		var err error
		m.Size, err = strconv.ParseInt(strings.TrimRight(string(head[48:58]), " "), 10, 64)
		if err != nil || m.Size < 0 || m.Size > size-m.Offset {
			return nil, fmt.Errorf("bad size of member %q at byte %d", m.Name, at)
		}
		all = append(all, m)
		at = m.Offset + m.Size + m.Size%2 // members start at even bytes
	}
	return all, nil
}

// findMember finds an archive in a package by what its name begins with: data.tar has the package's files, control.tar what is
// said of it.
func findMember(r io.ReaderAt, size int64, name string) (member, error) {
	all, err := arMembers(r, size)
	if err != nil {
		return member{}, err
	}
	if len(all) == 0 || all[0].Name != "debian-binary" {
		return member{}, errors.New("this is an ar archive, but no package")
	}
	version := make([]byte, min(all[0].Size, 4))
	if _, err := r.ReadAt(version, all[0].Offset); err != nil || !bytes.HasPrefix(version, []byte("2.")) {
		return member{}, fmt.Errorf("unknown package format %.4q", version)
	}
	for _, m := range all {
		if strings.HasPrefix(m.Name, name) {
			return m, nil
		}
	}
	return member{}, fmt.Errorf("the package has no %s", name)
}

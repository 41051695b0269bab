package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// typeOf is the mode of a member, with its type. A hard link has that of a regular file.
func typeOf(h *tar.Header) (fs.FileMode, error) {
	mode := fs.FileMode(h.Mode) & fs.ModePerm
	for bit, special := range map[int64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if h.Mode&bit != 0 {
			mode |= special
		}
	}
	if sparse(h) {
		return 0, errors.New("a file that is stored with holes; accepted: whole files")
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeLink:
		return mode, nil
	case tar.TypeDir:
		return mode | fs.ModeDir, nil
	case tar.TypeSymlink:
		return fs.ModeSymlink | fs.ModePerm, nil
	case tar.TypeFifo:
		return mode | fs.ModeNamedPipe, nil
	case tar.TypeChar, tar.TypeBlock:
		return 0, errors.New("a device, which an image must not bring; accepted: files, directories, links and pipes")
	}
	return 0, fmt.Errorf("a member of the unknown type %q; accepted: files, directories, links and pipes", h.Typeflag)
}

// paxXattr begins the names of extended attributes in archives (star(4), and all who make images).
const paxXattr = "SCHILY.xattr."

// Extended attributes that a layer keeps, and those that no honest one brings: with them it would tell overlayfs where its own files
// are. Others (labels, ACLs) say something of the machine that it was made on.
const (
	capability = "security.capability"
	forUsers   = "user."
)

var ofOverlay = []string{"trusted.overlay.", "user.overlay."}

func xattrs(h *tar.Header) (map[string]string, error) {
	var kept map[string]string
	for key, value := range h.PAXRecords {
		name, ok := strings.CutPrefix(key, paxXattr)
		if !ok {
			continue
		}
		for _, bad := range ofOverlay {
			if strings.HasPrefix(name, bad) {
				return nil, fmt.Errorf("it has the attribute %s, which is overlayfs' own", quoted(name))
			}
		}
		if name != capability && !strings.HasPrefix(name, forUsers) {
			continue
		}
		if len(name) > nameMax || len(value) > 64<<10 {
			return nil, fmt.Errorf("it has the attribute %s of %d bytes; Linux takes 65536", quoted(name), len(value))
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[name] = value
	}
	return kept, nil
}

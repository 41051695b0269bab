package oci

import (
	"archive/tar"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/build/tree"
)

// overlayOpaque marks a directory that lets nothing of lower layers through (Documentation/filesystems/overlayfs.rst of the kernel).
const overlayOpaque = "trusted.overlay.opaque"

// settle gives directories that a layer names and does not have what lower layers say of them. Another thing than a directory hides
// nothing there; a link would have the layer's files be elsewhere for a program that unpacks layers one over the other.
func settle(all []entry, lower *stack, first uint32) error {
	for i, e := range all {
		if !e.implied || e.opaque {
			continue
		}
		n, err := lower.lookup(e.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case n.mode.Type() == fs.ModeSymlink:
			return fmt.Errorf("it has files below %s, which a lower layer has as a link to %s", quoted(e.path), quoted(n.link))
		case n.mode.IsDir():
			all[i].mode, all[i].uid, all[i].gid = n.mode, n.uid-first, n.gid-first
		}
	}
	return nil
}

// writeTree writes a layer for mksquashfs; content is the layer unpacked.
func writeTree(out *tar.Writer, all []entry, content io.ReaderAt, first uint32, at time.Time) error {
	names := map[string]string{} // of files, by the one that their content lies at
	for _, e := range all {
		h := &tar.Header{Name: path.Join(treeRoot, e.path), Mode: int64(tree.Permissions(e.mode)), Uid: int(e.uid + first), Gid: int(e.gid + first),
			ModTime: at, Format: tar.FormatPAX, Linkname: e.link, PAXRecords: map[string]string{}}
		if err := squashfs.SetType(h, e.mode, e.size); err != nil {
			return err
		}
		for name, value := range e.xattrs {
			if name == capability {
				var err error
				if value, err = shiftCapability(value, first); err != nil {
					return fmt.Errorf("%s: %w", quoted(e.path), err)
				}
			}
			h.PAXRecords[paxXattr+name] = value
		}
		if e.opaque {
			h.PAXRecords[paxXattr+overlayOpaque] = "y"
		}
		if e.mode.IsRegular() {
			of := e.path
			if e.same != "" {
				of = e.same
			}
			if other, written := names[of]; written {
				h.Typeflag, h.Linkname, h.Size, h.PAXRecords = tar.TypeLink, other, 0, nil
			}
			names[of] = path.Join(treeRoot, e.path)
		}
		if err := out.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", quoted(e.path), err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.Copy(out, io.NewSectionReader(content, e.at, e.size)); err != nil {
				return fmt.Errorf("%s: %w", quoted(e.path), err)
			}
		}
	}
	return nil
}

// Forms of a file's capabilities (include/uapi/linux/capability.h): a number, and words. The third form says for whose root they
// count.
const (
	capOlder, capOlderSize = 0x02000000, 20
	capNewer, capNewerSize = 0x03000000, 24
)

// shiftCapability has a file's capabilities count for the root of a range: the older form counts for the machine's own.
func shiftCapability(value string, first uint32) (string, error) {
	b := []byte(value)
	if len(b) < 4 {
		return "", fmt.Errorf("its capabilities are %d bytes", len(b))
	}
	form := binary.LittleEndian.Uint32(b)
	switch kind := form & 0xff000000; {
	case kind == capOlder && len(b) == capOlderSize:
		b = append(b, 0, 0, 0, 0)
	case kind == capNewer && len(b) == capNewerSize:
	default:
		return "", fmt.Errorf("its capabilities are of an unknown form, %#x of %d bytes", form, len(b))
	}
	if first == 0 {
		return value, nil
	}
	binary.LittleEndian.PutUint32(b, form&0x00ffffff|capNewer)
	binary.LittleEndian.PutUint32(b[capOlderSize:], first)
	return string(b), nil
}

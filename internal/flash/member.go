package flash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/image"
)

// RefuseMember tells of an md array that a disk of so many bytes, or one of its
// partitions, belongs to, though it may not be running: a *RefusedError, or nil.
func RefuseMember(disk io.ReaderAt, size int64, path string) error {
	what, array, found := "it", "", false
	if array, found = member(disk, size); !found {
		parts, err := image.Partitions(disk, size)
		if err != nil { // a damaged table names no partitions
			return nil
		}
		for _, p := range parts {
			if array, found = member(io.NewSectionReader(disk, p.Offset, p.Size), p.Size); found {
				what = "its partition " + p.Name
				break
			}
		}
	}
	if !found {
		return nil
	}
	return &RefusedError{path, fmt.Sprintf("%s is a member of the md array %s; when that may go, \"mdadm --zero-superblock\" or \"wipefs\" frees it", what, array)}
}

// member tells whether a device of so many bytes carries the superblock of an md array,
// running or not, and the array's name. Places and magic are those of
// include/uapi/linux/raid/md_p.h.
func member(device io.ReaderAt, size int64) (array string, found bool) {
	const magic, old, name, nameSize = 0xa92b4efc, "0.90", 32, 32
	b := make([]byte, 256)
	sectors := size / 512
	for _, p := range []struct {
		version string
		sector  int64
	}{{"1.2", 8}, {"1.1", 0}, {"1.0", (sectors - 16) &^ 7}, {old, sectors&^127 - 128}} {
		if n, _ := device.ReadAt(b, p.sector*512); p.sector < 0 || n < len(b) || binary.LittleEndian.Uint32(b) != magic {
			continue
		}
		if p.version == old {
			return "version 0.90", true
		}
		text, _, _ := bytes.Cut(b[name:name+nameSize], []byte{0})
		if binary.LittleEndian.Uint64(b[144:]) == uint64(p.sector) { // where it says that it lies
			return fmt.Sprintf("%q", text), true
		}
	}
	return "", false
}

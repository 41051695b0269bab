package flash

import (
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/image"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// RefuseMember tells of an array that a disk of so many bytes, or one of its partitions, belongs to, though it may not be
// running: one of Linux' own, or a firmware's. It returns a *RefusedError, or nil.
func RefuseMember(disk io.ReaderAt, size int64, path string) error {
	refused := func(what string, found signature.Found) error {
		if found.Type != "linux_raid_member" {
			return &RefusedError{path, fmt.Sprintf("%s is part of a %s, which a board's or a controller's firmware made; when that may go, \"wipefs --all --types %s\" frees it", what, found.Name, found.Type)}
		}
		array := fmt.Sprintf("%q", found.Name)
		if found.Name == "" {
			array = "version 0.90"
		}
		return &RefusedError{path, fmt.Sprintf("%s is a member of the md array %s; when that may go, \"mdadm --zero-superblock\" or \"wipefs\" frees it", what, array)}
	}
	for _, look := range []func(io.ReaderAt, int64) ([]signature.Found, error){signature.Arrays, signature.Firmware} {
		// What cannot be read will be written.
		if found, _ := look(disk, size); len(found) > 0 {
			return refused("it", found[0])
		}
	}
	parts, err := image.Partitions(disk, size)
	if err != nil { // a damaged table names no partitions
		return nil
	}
	for _, p := range parts {
		if found, _ := signature.Arrays(io.NewSectionReader(disk, p.Offset, p.Size), p.Size); len(found) > 0 {
			return refused("its partition "+p.Name, found[0])
		}
	}
	return nil
}

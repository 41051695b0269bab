// Package signature tells what lies on a block device: file systems, members of arrays, volumes,
// partition tables. Types are named as libblkid names them, which is also what the tests compare with. It reads only,
// and serves the builder's flash as well as the init.
package signature

import (
	"fmt"
	"io"
	"slices"

	"github.com/imgbuild/imgbuild/internal/direct"
)

// Kind is what a signature means for whoever wants to use the device.
type Kind string

// The kinds.
const (
	Filesystem Kind = "file system"
	RAID       Kind = "member of a RAID" // of md or of a controller's firmware
	Volume     Kind = "volume"           // LVM, LUKS, bcache …: something else is made of it
	Swap       Kind = "swap"
	Partitions Kind = "partition table"
)

// Found is one signature.
type Found struct {
	// Type is libblkid's name: "ext4", "linux_raid_member", "via_raid_member".
	Type string
	Kind Kind
	// At is where its mark lies, in bytes from the start of the device, as wipefs(8) prints it.
	At int64
	// Part is what of it lies there, where that is not what a machine looks at first: "backup superblock".
	Part string
	// Name is what people call it: a label, an array's name; "" where it has none.
	Name string
}

func (f Found) String() string {
	text := f.Type
	if f.Part != "" {
		text += " " + f.Part
	}
	if f.Name != "" {
		text += fmt.Sprintf(" %q", f.Name)
	}
	return fmt.Sprintf("%s at byte %d", text, f.At)
}

// probe looks for one type on a device of so many bytes.
type probe func(r io.ReaderAt, size int64) ([]Found, error)

// probes are all that are known, in the order in which they are reported.
var probes = slices.Concat(raids, volumes, []probe{fat, swaps, ext, filesystems}, scattered, tables)

// Look returns every signature on a device of size bytes. A part of the device that cannot be read is an
// error: what cannot be read is not blank. It reads in whole pages, into memory where O_DIRECT works.
func Look(r io.ReaderAt, size int64) ([]Found, error) {
	p := direct.Blocks(r, size)
	var all []Found
	for _, probe := range probes {
		found, _ := probe(p, size) // what could not be read, p knows
		all = append(all, found...)
	}
	return all, p.Err()
}

// at reads n bytes, or fewer and none where the device ends before. What lies outside of it is nil.
func at(r io.ReaderAt, size, offset int64, n int) ([]byte, error) {
	if offset < 0 || offset+int64(n) > size {
		return nil, nil
	}
	b := make([]byte, n)
	if got, err := r.ReadAt(b, offset); got < n {
		return nil, fmt.Errorf("reading %d bytes at byte %d: %w", n, offset, err)
	}
	return b, nil
}
